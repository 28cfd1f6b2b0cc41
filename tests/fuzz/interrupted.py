"""Runs stopped at random moments and gone on with: `python -m tests.fuzz.interrupted [50]`.

train, translate and task, each stopped by Ctrl-C, SIGTERM, SIGHUP or kill −9 until it has ended; what is left is
compared with that of a run that nobody stopped, to the bit.
"""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from tinygrad_rnn.train import Run, Translator

TEXT = "the quick brown fox jumps over the lazy dog.\n" * 40
HOW = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL]
SMALL = {
    "train": "--text t.txt --hidden 6 --dropout 0.2 --batch 5 --bptt 10 --epochs 12 --eager",
    "translate": "--pairs p.tsv --hidden 4 --embedding 3 --batch 4 --epochs 8 --held-out 6 --teacher-forcing 0.7",
    "task": "adding --quick --seeds 3 --model gru --processes 1",
}
TRAIN, TRANSLATE, TASK = ([name, *options.split()] for name, options in SMALL.items())


def started(*arguments, cwd):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(
        [sys.executable, "-m", "tinygrad_rnn", *arguments], cwd=cwd, env=environment, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def stopped_until_done(arguments, resume, saved, cwd, rng, longest):
    """Stop it again and again, at a random moment each time; how often it was stopped."""
    times = 0
    while True:
        going_on = resume if saved.exists() else []
        job = started(*arguments, *going_on, cwd=cwd)
        deadline = time.monotonic() + rng.random() * longest if times < 3 else time.monotonic() + 600
        while job.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        if job.poll() is None:
            job.send_signal(rng.choice(HOW))
        said = job.communicate()[1]
        # Ctrl-C while Python starts and imports the library is Python's to answer, and it shows where it was.
        assert "Traceback" not in said or ", in _main" not in said, said
        if job.returncode == 0:
            return times
        times += 1


def arrays(path):
    load = (
        Translator.load(path)
        if "recipe" in json.loads((path / "checkpoint.json").read_text())["facts"]
        else Run.load(path)
    )
    return load.model.state_dict()


def scores(path):
    return [
        {**row["outcome"], "seconds": 0} for row in sorted(json.loads(path.read_text()), key=lambda row: row["job"])
    ]


def main(count):
    home, rng, stops = Path(tempfile.mkdtemp()), random.Random(0), 0
    (home / "t.txt").write_text(TEXT)
    words = ["".join(w) for w in np.random.default_rng(0).choice(list("abc"), (60, 3))]
    (home / "p.tsv").write_text("".join(f"{w}\t{w[::-1]}\n" for w in words))
    kinds = [
        (TRAIN, lambda out: ["--out", out], "checkpoint.json", arrays, 5),
        (TRANSLATE, lambda out: ["--out", out], "checkpoint.json", arrays, 5),
        (TASK, lambda out: ["--keep", out], "", scores, 12),
    ]
    for arguments, out, _, _, _ in kinds:
        job = started(*arguments, *out(f"whole-{arguments[0]}"), cwd=home)
        assert job.wait() == 0, job.stderr.read()
    for k in range(count):
        arguments, out, file, read, longest = kinds[k % 10 // 4] if k % 10 < 8 else kinds[2]
        name = f"{arguments[0]}-{k}"
        saved = home / name / file if file else home / name
        resume = ["--resume"] if file else []
        stops += stopped_until_done([*arguments, *out(name)], resume, saved, home, rng, longest)
        a, b = read(home / name), read(home / f"whole-{arguments[0]}")
        same = a == b if isinstance(a, list) else all(np.array_equal(x, b[key]) for key, x in a.items())
        assert same, f"{name} differs"
    print(f"{count} runs, stopped {stops} times, all to the bit what a run is that nobody stopped")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50)
