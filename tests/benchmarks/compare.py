"""Whole training steps side by side: `python -m tests.benchmarks.compare`.

    --rows B1T25H100L1 …     --kinds lstm gru rnn     --who "compiled, fast" torch.nn …
    --rounds 5 --seconds 1   --by-hand FOLDER         --json FILE

Each contender runs in a child process of its own, all with the same number of threads and without OPENBLAS_CORETYPE
and OPENBLAS_L2_SIZE, which slow one library down and not another. They take turns, round by round; a time is the median
over the rounds of the median of a round. What is not installed is left out and said.
"""

import argparse
import json
import math
import os
import re
import statistics
import subprocess
import sys
import time

ROWS = ["B1T25H100L1", "B32T50H128L1", "B64T50H256L1", "B50T50H512L2"]
KINDS = ["lstm", "gru", "rnn"]
CHILD = """
import sys, time, statistics
from tests.benchmarks import contenders
who, kind, folder, *row = sys.argv[1:]
make = contenders.CONTENDERS[who]
step = make(kind, *map(int, row), **({"folder": folder} if who == "by hand" else {}))
began = time.perf_counter(); step(); first = time.perf_counter() - began
for _ in range(3): step()
print("ready", first, flush=True)
for line in sys.stdin:
    limit, times = float(line), []
    while sum(times) < limit or len(times) < 3:
        began = time.perf_counter(); step(); times.append(time.perf_counter() - began)
    print(statistics.median(times), flush=True)
"""


class Child:
    """One contender at one row."""

    def __init__(self, who, kind, row, threads, folder):
        left_out = {"OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"}
        env = {name: value for name, value in os.environ.items() if name not in left_out}
        for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
            env[name] = str(threads)
        env["TINYGRAD_RNN_FAST"] = "0" if who == "compiled, NumPy" else "1"
        command = [sys.executable, "-c", CHILD, who, kind, str(folder), *map(str, row)]
        self.process = subprocess.Popen(
            command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        word, _, first = self.process.stdout.readline().partition(" ")
        if word != "ready":
            raise RuntimeError(self.process.stderr.read().strip().splitlines()[-1])
        self.first = float(first)
        self.times = []

    def run(self, seconds):
        print(seconds, file=self.process.stdin, flush=True)
        self.times.append(float(self.process.stdout.readline()))

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


def compared(kind, text, who, rounds, seconds, threads, folder):
    """{contender: {"ms", "least", "most", "first"}} of one row."""
    row = [int(number) for number in re.findall(r"\d+", text)]
    children = {}
    for name in who:
        try:
            children[name] = Child(name, kind, row, threads, folder)
        except (RuntimeError, IndexError) as error:
            print(f"  {name} is left out: {error}", file=sys.stderr)
    for _ in range(rounds):
        for child in children.values():
            child.run(seconds)
    for child in children.values():
        child.stop()
    return {
        name: {"ms": statistics.median(child.times) * 1e3, "least": min(child.times) * 1e3, "first": child.first * 1e3}
        for name, child in children.items()
    }


def mean(ratios):
    """The geometric mean."""
    return math.exp(sum(map(math.log, ratios)) / len(ratios)) if ratios else float("nan")


def table(results, who):
    """The rows, and each contender's ratio to each of ours in the geometric mean."""
    yield f"{'ms a step':24}" + "".join(f"{name:>18}" for name in who)
    for key, found in results.items():
        yield f"{key:24}" + "".join(f"{found[name]['ms']:18.2f}" if name in found else f"{'':>18}" for name in who)
    for mine in [name for name in who if name.startswith("compiled")]:
        ratios = {
            name: [found[name]["ms"] / found[mine]["ms"] for found in results.values() if {name, mine} <= found.keys()]
            for name in who
        }
        yield f"{'others ÷ ' + mine:24}" + "".join(f"{mean(ratios[name]):18.2f}" for name in who)
        best = [
            min(found[name]["ms"] for name in ("torch.nn", "JAX jit(scan)") if name in found) / found[mine]["ms"]
            for found in results.values() if mine in found and {"torch.nn", "JAX jit(scan)"} & found.keys()
        ]  # fmt: skip
        yield f"  the better of torch.nn and JAX ÷ {mine}: {mean(best):.2f}"


def main():
    from tests.benchmarks.contenders import CONTENDERS

    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rows", nargs="+", default=ROWS)
    options.add_argument("--kinds", nargs="+", default=KINDS, choices=KINDS)
    options.add_argument("--who", nargs="+", default=[name for name in CONTENDERS if name != "torch.compile"])
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", type=float, default=0.5)
    options.add_argument("--threads", type=int, default=os.cpu_count())
    options.add_argument("--by-hand")
    options.add_argument("--json")
    given = options.parse_args()
    who = [name for name in given.who if name != "by hand" or given.by_hand]
    began, results = time.perf_counter(), {}
    for text in given.rows:
        for kind in given.kinds:
            key = f"{kind} {text}"
            results[key] = compared(kind, text, who, given.rounds, given.seconds, given.threads, given.by_hand)
            print(f"{key}: " + ", ".join(f"{n} {r['ms']:.2f}" for n, r in results[key].items()), file=sys.stderr)
    print(*table(results, who), sep="\n")
    print(f"{given.threads} threads, {given.rounds} rounds, {time.perf_counter() - began:.0f} s")
    if given.json:
        with open(given.json, "w", encoding="utf-8") as file:
            json.dump(results, file, indent=1)


if __name__ == "__main__":
    main()
