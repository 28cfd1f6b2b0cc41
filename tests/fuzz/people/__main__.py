"""Which slips are caught?  python -m tests.fuzz.people [--only PART] [--examples 100] [--right]

--only PART     the pieces whose name or kind has this in it
--examples N    what Hypothesis may draw for each
--right         the same pieces without their slips: what is caught there is a false alarm
--shrink        go on to the smallest failing input, as a test would; slower
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
import warnings
from collections.abc import Iterator
from multiprocessing import Pool
from statistics import median
from typing import NamedTuple

from hypothesis import HealthCheck, Phase, settings
from hypothesis.errors import FailedHealthCheck, HypothesisWarning, Unsatisfiable

from tests.fuzz.people import cells, layers, memory, modules, orders, points, shapes, slopes  # noqa: F401
from tests.fuzz.people.bug import BUGS, Bug
from tinygrad_rnn.testing import Kink

NOTHING_TESTED = (Kink, FailedHealthCheck, Unsatisfiable)  # the author learns that no point was left, not of the slip


class Outcome(NamedTuple):
    """What came of one check: its error's first line, and the seconds of computing that it took."""

    name: str
    caught: bool
    line: str
    seconds: float

    def __str__(self) -> str:
        return f"{BUGS[self.name].kind:8} {self.name:31} {self.seconds:6.1f} s  {self.line[:160]}"


def try_one(name: str, right: bool = False) -> Outcome:
    began = time.process_time()
    caught, line = stopped_by(BUGS[name], right)
    return Outcome(name, caught, line, time.process_time() - began)


def stopped_by(bug: Bug, right: bool) -> tuple[bool, str]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            bug.run(right)
    except NOTHING_TESTED as error:
        return False, said(error)
    except Exception as error:
        return True, said(error)
    return False, "passed"


def said(error: BaseException) -> str:
    """The error's class, its first line, and where it came from if it is not one of ours."""
    if isinstance(error, BaseExceptionGroup):
        return f"{type(error).__name__} of {said(error.exceptions[0])}"
    lines = [line for line in str(error).splitlines() if line.strip()] or [""]
    found = f"{type(error).__name__}: {lines[0]}"
    if type(error).__module__.startswith("tinygrad_rnn"):
        return found
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{found} ({last.filename.rpartition('/')[2]}:{last.lineno})"


def prepare(examples: int, shrink: bool) -> None:
    warnings.simplefilter("ignore", HypothesisWarning)
    phases = [Phase.explicit, Phase.generate, *([Phase.shrink] if shrink else [])]
    settings.register_profile(
        "people",
        max_examples=examples,
        phases=phases,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        print_blob=False,
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.load_profile("people")


def outcomes(names: list[str], examples: int, right: bool, shrink: bool) -> Iterator[Outcome]:
    """In the order of the names, as they come."""
    with Pool(2, prepare, (examples, shrink), maxtasksperchild=20) as pool:
        for waiting in [pool.apply_async(try_one, (name, right)) for name in names]:
            yield waiting.get()


def table(found: Iterator[Outcome], right: bool) -> list[Outcome]:
    """Print each as it comes, and at the end those that should have come out otherwise; returns these."""
    verdicts = ("quiet", "FALSE ALARM") if right else ("NOT CAUGHT", "caught")
    seen = []
    for each in found:
        seen.append(each)
        print(f"{verdicts[each.caught]:11} {each}", flush=True)
    times = [each.seconds for each in seen]
    print(f"\n{'alarms' if right else 'caught'} {sum(each.caught for each in seen)} of {len(seen)}")
    print(f"a check takes {median(times):.1f} s in the median, {max(times):.1f} s at worst")
    surprising = [each for each in seen if each.caught == right]
    for each in surprising:
        print(f"  {BUGS[each.name].kind}.{each.name}: {BUGS[each.name].how}\n      {each.line}")
    return surprising


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", default=[""])
    parser.add_argument("--examples", type=int, default=100)
    parser.add_argument("--right", action="store_true")
    parser.add_argument("--shrink", action="store_true")
    asked = parser.parse_args()
    names = [name for name, bug in BUGS.items() if any(part in f"{bug.kind}.{name}" for part in asked.only)]
    if not names:
        parser.error(f"no piece has {' or '.join(asked.only)} in its kind.name")
    return len(table(outcomes(names, asked.examples, asked.right, asked.shrink), asked.right)) > 0


if __name__ == "__main__":
    sys.exit(main())
