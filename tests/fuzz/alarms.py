"""Are right rules left in peace?  python -m tests.fuzz.alarms [checks=100000] [seed=0]

Random calls of every op, programs, modules and recurrent layers, through the checks that find the seeded bugs: whatever
they find here is a false alarm, or a bug of the library.
"""

import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from multiprocessing import Pool

import numpy as np

from tests.seeded import layers, modules, trials
from tinygrad_rnn import nn
from tinygrad_rnn.testing import Kink
from tinygrad_rnn.testing.draw.source import RandomSource

SHARE = 50  # examples in a task
TRIALS = {
    **{name: trials.of_op(name) for name in trials.DIFFERENTIABLE},
    "programs": trials.of_programs(),
    **{module.__name__: trials.of_module(module) for module in (*modules.RIGHT, nn.Linear)},
    **{f"seeded {layer.__name__}": trials.of_layer(layer, lengths=True) for layer in layers.RIGHT},
    **{layer.__name__: trials.of_layer(layer) for layer in (nn.RNN, nn.LSTM, nn.GRU)},
}


def examine(task: tuple[int, int]) -> tuple[Counter[str], list[str]]:
    """The counts and the alarms of a share of examples, each of the next trial in turn."""
    seed, share = task
    counts: Counter[str] = Counter()
    alarms = []
    for n in range(share * SHARE, (share + 1) * SHARE):
        name = list(TRIALS)[n % len(TRIALS)]
        alarms += list(_alarms(name, np.random.default_rng([seed, n]), f"{name}, seed [{seed}, {n}]", counts))
    return counts, alarms


def _alarms(name: str, rng: np.random.Generator, where: str, counts: Counter[str]) -> Iterator[str]:
    with np.errstate(all="ignore"):
        for check, run in TRIALS[name](RandomSource(rng)):
            counts["checks"] += 1
            counts[check] += 1
            try:
                run()
            except Kink:
                counts["kinks"] += 1
            except Exception:
                yield f"{where}, {check}: {traceback.format_exc(limit=-1)}"


def main(checks: int = 100_000, seed: int = 0) -> int:
    start = time.perf_counter()
    total: Counter[str] = Counter()
    alarms = 0
    with Pool(2) as pool:
        shares = ((seed, share) for share in range(checks))
        for counts, found in pool.imap(examine, shares):
            total += counts
            alarms += len(found)
            print(*found, sep="\n", end="\n" if found else "", flush=True)
            if total["checks"] >= checks:
                pool.terminate()
                break
    print(f"{total['checks']} checks: " + ", ".join(f"{total[k]} {k}" for k in total if k not in ("checks", "kinks")))
    print(f"{alarms} alarms; {total['kinks'] / total['checks']:.2%} of the checks rejected as kinks; "
          f"{time.perf_counter() - start:.0f} s")  # fmt: skip
    return alarms


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])) > 1)
