"""Cost against work: `python -m tests.benchmarks.slopes [compiled] [torch] [first]`, several minutes.

    compiled, torch    a training step of an LSTM at growing T, H and B: ms, the slope of log time over log work between
                       the ends, and the memory at its highest beyond what was there before, in MB
    first              what recording and compiling cost, with kernels on disk and without, and after how many steps it
                       has paid for itself; another T by the same recording

Each line is a process of its own, with one thread (tests/benchmarks/child.py).
"""

import json
import math
import os
import statistics
import sys
import tempfile
import time

from tests.benchmarks.child import run
from tests.benchmarks.memory import resident

B, T, H = 32, 50, 128
AXES = {"T": (25, 100, 400, 1600), "H": (64, 128, 256, 512, 1024), "B": (1, 4, 16, 64, 256)}
WHO = {"compiled": "compiled, fast", "torch": "torch.nn"}


def one(who, B, T, H):
    """(ms a step, MB beyond what the first small step left)."""
    from tests.benchmarks.contenders import CONTENDERS

    make = CONTENDERS[who]
    small = make("lstm", 2, 4, 8, 1)
    small()
    before = resident("VmRSS")
    step = make("lstm", B, T, H, 1)
    for _ in range(2):
        step()
    times = []
    while sum(times) < 1 or len(times) < 3:
        began = time.perf_counter()
        step()
        times.append(time.perf_counter() - began)
    return {"ms": statistics.median(times) * 1e3, "MB": resident("VmHWM") - before}


def first():
    """Seconds of the first step of each way, ms of a later one, and of one at another T."""
    import tinygrad_rnn as tg
    from tests.benchmarks.contenders import CONTENDERS, V, data

    found = {}
    for who in ("eager", "compiled, fast"):
        step = CONTENDERS[who]("lstm", B, T, H, 1)
        began = time.perf_counter()
        step()
        found[who] = {"first": time.perf_counter() - began}
        times = []
        for _ in range(10):
            began = time.perf_counter()
            step()
            times.append(time.perf_counter() - began)
        found[who]["later"] = statistics.median(times)
    layer, head = tg.nn.LSTM(V, H, rng=0), tg.nn.Linear(H, V, rng=1)
    loss = tg.compile(lambda x, y: tg.nn.cross_entropy(head(layer(x)[0]), y))

    for length in (T, 4 * T):
        _, targets, x = data(B, length)
        began = time.perf_counter()
        loss(x, targets).backward()
        found[f"T={length}"] = time.perf_counter() - began
    return {**found, "recorded": loss.count}


def table(name):
    for axis, sizes in AXES.items():
        rows = [run("tests.benchmarks.slopes", "--one", WHO[name], json.dumps({"B": B, "T": T, "H": H} | {axis: size}))
                for size in sizes]  # fmt: skip
        slope = math.log(rows[-1]["ms"] / rows[0]["ms"]) / math.log(sizes[-1] / sizes[0])
        cells = ", ".join(
            f"{size}: {row['ms']:.1f} ms {row['MB']:.0f} MB" for size, row in zip(sizes, rows, strict=True)
        )
        print(f"{name:<9} {axis} = {cells}; slope {slope:.2f}", flush=True)


def paid():
    os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp()
    for words in ("without", "with"):
        found = run("tests.benchmarks.slopes", "--first")
        eager, fast = found["eager"], found["compiled, fast"]
        extra = fast["first"] - eager["first"]
        print(
            f"{words} kernels on disk: first step {fast['first']:.2f} s (eager {eager['first']:.2f}), then "
            f"{fast['later'] * 1e3:.1f} ms (eager {eager['later'] * 1e3:.1f}); paid after "
            f"{max(0, extra) / (eager['later'] - fast['later']):.0f} steps; {found['recorded']} recording for T = {T} "
            f"and T = {4 * T}, which took {found[f'T={4 * T}']:.2f} s the first time"
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(one(sys.argv[2], **json.loads(sys.argv[3]))))
    elif sys.argv[1:2] == ["--first"]:
        print(json.dumps(first()))
    else:
        for part in sys.argv[1:] or ["compiled", "torch", "first"]:
            paid() if part == "first" else table(part)
