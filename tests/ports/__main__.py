"""Each port beside its twin in torch: lines, seconds, the losses, and what is reached.  python -m tests.ports

Every port runs in a child of its own, on one thread, without what this machine may say to OpenBLAS; the two are timed
one after the other, three times, and the fastest counts.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path

from tests.ports import NAMES, PORTS, port, twin

STEPS = 100


def lines(path: Path) -> int:
    """Lines of code: without blanks, comments and docstrings."""
    text = path.read_text(encoding="utf-8")
    said = [node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Expr)]
    quoted = {n for value in said if isinstance(value, ast.Constant) for n in range(value.lineno, value.end_lineno + 1)}
    code = (line.strip() for n, line in enumerate(text.splitlines(), 1) if n not in quoted)
    return sum(bool(line) and not line.startswith("#") for line in code)


def measured(name: str) -> dict[str, object]:
    """What one port and its twin do."""
    import torch

    torch.set_num_threads(1)
    job, best = port(name), {}
    for _ in range(3):
        net = job.model()
        state = {key: value.copy() for key, value in net.state_dict().items()}
        for who, losses in (("ours", job.train(net, STEPS)), ("torch", twin(name).train(state, STEPS))):
            start = time.perf_counter()
            found = list(islice(losses, STEPS))
            best[who] = (min(time.perf_counter() - start, best.get(who, (1e9,))[0]), found)
    difference = max(abs(a - b) / abs(b) for a, b in zip(best["ours"][1], best["torch"][1], strict=True))
    net = job.model()
    state = {key: value.copy() for key, value in net.state_dict().items()}
    *_, theirs = islice(twin(name).train(state, job.STEPS), job.STEPS)
    first, *_, last = job.train(net, job.STEPS)
    what, reached = job.quality(net)
    return {
        "name": name, "difference": difference, "ours": best["ours"][0], "torch": best["torch"][0], "what": what,
        "reached": reached, "first": first, "last": last, "theirs": theirs,
        "steps": job.STEPS,
    }  # fmt: skip


def main() -> None:
    if sys.argv[1:]:
        print(json.dumps(measured(sys.argv[1])))
        return
    environment = {key: value for key, value in os.environ.items() if not key.startswith("OPENBLAS_")}
    environment |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    print("| job | lines | torch's lines | seconds for 100 steps | torch's | the losses differ by | after all steps |")
    print("|---|---|---|---|---|---|---|")
    for name in NAMES:
        command = [sys.executable, "-m", "tests.ports", name]
        said = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
        row = json.loads(said.splitlines()[-1])
        own, theirs = lines(PORTS / f"{name}.py"), lines(Path(__file__).with_name(f"{name}.py"))
        losses = f"loss {row['first']:.3g} → {row['last']:.3g} (torch {row['theirs']:.3g})"
        cells = [
            f"[`{name}.py`]({name}.py)", own, theirs,
            f"{row['ours']:.2f}", f"{row['torch']:.2f}", f"{row['difference']:.0e}",
            f"{row['steps']}: {losses}; {row['what']}: {row['reached']:.3g}",
        ]  # fmt: skip
        print(f"| {' | '.join(map(str, cells))} |", flush=True)


if __name__ == "__main__":
    main()
