"""Are right rules left in peace?  python -m tests.fuzz.alarms [checks=100000] [seed=0] [part of a family's name]

Right functions of families that are hard to difference, random calls of every op, programs, modules and recurrent
layers, through the checks that find the seeded bugs: whatever they find here is a false alarm, or a bug of the library.
"""

import sys
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import partial
from multiprocessing import Pool

import numpy as np

from tests.fuzz import families
from tests.seeded import layers, modules, trials
from tinygrad_rnn import nn
from tinygrad_rnn.testing import Kink, check_jvp, check_vjp
from tinygrad_rnn.testing.draw.source import RandomSource, Source

SHARE = 50  # examples in a task
Result = tuple[str, float, bool, str]  # the family, seconds, whether it was rejected, the alarm


def of_family(name: str) -> trials.Trial:
    """A function of a family, at the first order or at the second."""
    return partial(_direct, name)


def _direct(name: str, source: Source) -> trials.Checks:
    rng = np.random.default_rng(source.integer(0, 2**31))
    fn, arrays = families.drawn(name, rng)
    order = source.integer(1, 2)
    yield "vjp", lambda: check_vjp(fn, *arrays, order=order)
    yield "jvp", lambda: check_jvp(fn, *arrays, order=order)


TRIALS = {
    **{f"direct: {name}": [of_family(name)] for name in families.NAMES},
    "ops": [trials.of_op(name) for name in trials.DIFFERENTIABLE],
    "programs": [trials.of_programs()],
    "modules": [trials.of_module(module) for module in (*modules.RIGHT, nn.Linear)],
    "layers": [trials.of_layer(layer, lengths=True) for layer in layers.RIGHT]
    + [trials.of_layer(layer) for layer in (nn.RNN, nn.LSTM, nn.GRU)],
}


def examine(task: tuple[int, int, tuple[str, ...]]) -> list[Result]:
    """A share of examples, of each family in turn."""
    seed, share, names = task
    return [
        result
        for n in range(share * SHARE, (share + 1) * SHARE)
        for result in _results(names[n % len(names)], n // len(names), seed)
    ]


def _results(family: str, n: int, seed: int) -> Iterator[Result]:
    kinds = TRIALS[family]
    rng = np.random.default_rng([seed, n, *family.encode()])
    with np.errstate(all="ignore"):
        for check, run in kinds[n % len(kinds)](RandomSource(rng)):
            start, rejected, alarm = time.perf_counter(), False, ""
            try:
                run()
            except Kink:
                rejected = True
            except Exception:
                alarm = f"{family}, seed [{seed}, {n}], {check}: {traceback.format_exc(limit=-1)}"
            yield family, time.perf_counter() - start, rejected, alarm


def main(checks: int = 100_000, seed: int = 0, part: str = "") -> int:
    start, total = time.perf_counter(), 0
    names = tuple(name for name in TRIALS if part in name)
    found: dict[str, list[Result]] = defaultdict(list)
    with Pool(2) as pool:
        for results in pool.imap(examine, ((seed, share, names) for share in range(checks))):
            for result in results:
                found[result[0]].append(result)
            print(*(f"{alarm}\n" for *_, alarm in results if alarm), sep="", end="", flush=True)
            total += len(results)
            if total >= checks:
                pool.terminate()
                break
    return report(found, time.perf_counter() - start)


def report(found: dict[str, list[Result]], seconds: float) -> int:
    """A line for each family, and one for all; how many alarms there were."""
    print(f"{'family':<32}{'checks':>8}{'alarms':>8}{'rejected':>10}{'median ms':>11}{'worst ms':>10}")
    counts: Counter[str] = Counter()
    everything = [result for results in found.values() for result in results]
    for family, lines in [*found.items(), ("all", everything)]:
        _, times, rejected, alarms = zip(*lines, strict=True)
        counts[family] = sum(map(bool, alarms))
        print(f"{family:<32}{len(lines):8}{counts[family]:8}{np.mean(rejected):10.2%}"
              f"{1e3 * np.median(times):11.1f}{1e3 * max(times):10.1f}")  # fmt: skip
    print(f"{seconds:.0f} s")
    return counts["all"]


if __name__ == "__main__":
    sys.exit(main(*(int(word) if word.isdigit() else word for word in sys.argv[1:])) > 1)
