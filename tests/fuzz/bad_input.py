"""Bad input at every door: each argument of a right call is replaced by every kind of value that may come there.

refused     an error of ours                               leak        an error of NumPy's, Python's, another's
NumPy's     no Tensor was left among the arguments: NumPy took, or refused, what came
equal       taken, and NumPy says the same of the same     silent      taken, and NumPy says otherwise, or refuses
            values                                         surprise    taken, and then backward raises

python -m tests.fuzz.bad_input [door or kind …]      a table, and every offender in a line
"""

from __future__ import annotations

import os
import re
import signal
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import EllipsisType
from typing import Any, NamedTuple

import numpy as np

import tinygrad_rnn as tg
from tests.fuzz.doors import OPTIONAL, Door, doors
from tests.fuzz.kinds import NOTHING, Bad, is_data, kinds, plain
from tests.test_options import X
from tinygrad_rnn.engine.trees import flatten

ENDS = ("refused", "equal", "option", "Python", "NumPy's", "leak", "silent", "surprise")
PROTOCOL = re.compile(r"unsupported operand type|can.t multiply sequence|'\S+' not supported between|bad operand type")
FAULTS = ("leak", "silent", "surprise")
LIMIT = 10


class Ended(NamedTuple):
    """How a call with bad input ended, and in what words."""

    door: Door
    argument: str
    bad: Bad
    end: str
    words: str = ""

    def __str__(self) -> str:
        value = " ".join(f"{type(self.bad.value).__name__} {self.bad.value!r:.80}".split())
        return f"{self.end}: {self.door.name}({self.argument}={value}): {self.words}"


def trials(door: Door) -> Iterator[Ended]:
    """Every call of a door with one bad argument."""
    for argument, right in door.right.items():
        for bad in kinds(right):
            yield Ended(door, argument, bad, *ended(door, argument, bad))


def ended(door: Door, argument: str, bad: Bad) -> tuple[str, str]:
    X.grad = None
    given = {**door.right, argument: bad.value}
    alone = not any(isinstance(x, tg.Tensor) for x in leaves(given))
    try:
        with quiet():
            result = door.call(**given)
    except tg.TinygradError:
        return "refused", ""
    except Exception as error:
        words = f"{type(error).__name__}: {error}".splitlines()[0][:160]
        if argument in door.foreign or (isinstance(error, TypeError) and PROTOCOL.match(str(error))):
            return "Python", words
        return ("NumPy's" if alone and door.kind == "NumPy's functions" else "leak"), words
    if alone and door.kind in ("ops", "NumPy's functions") and bad.meaning is NOTHING:
        return "NumPy's", ""  # an op on arrays is NumPy
    if door.kind == "operators" and isinstance(result, bool | str | bytes):
        return "Python", "x == what is no array is False, and text % x is text"
    if door.name.startswith("x[") and (bad.value is None or isinstance(bad.value, slice | EllipsisType)):
        return "option", ""  # an index
    return taken(door, argument, bad, result)


def taken(door: Door, argument: str, bad: Bad, result: Any) -> tuple[str, str]:
    """What was made of a bad argument that was taken: is it what NumPy makes of it, and can it be differentiated?"""
    try:
        with quiet():
            backward(result)
    except Exception as error:
        return "surprise", f"{type(error).__name__}: {error}".splitlines()[0][:160]
    data = is_data(door.right[argument])
    if bad.meaning is NOTHING and not (data or door.reference):
        return "option", ""
    if bad.value is None and argument in OPTIONAL:
        return "option", ""
    if bad.meaning is NOTHING and not door.reference:
        return "silent", f"gives {shown(result)}, and means no array of numbers"
    arguments: Mapping[str, Any] = {name: plain(value) for name, value in door.right.items()}
    meaning = bad.value if bad.meaning is NOTHING else bad.meaning
    if not door.reference and meaning is bad.value:
        return "option" if not data else "equal", ""
    if bad.meaning is NOTHING and data:
        return "silent", f"gives {shown(result)}, and means no array of numbers"
    said = ""
    for values in (
        [meaning, np.asarray(meaning, float)] if data and door.reference and number_like(meaning) else [meaning]
    ):
        try:  # a reference's few lines may not be written for int8 or bool: then they are asked of the same in float64
            with quiet():
                expected = door.expected({**arguments, argument: values})
        except tg.TinygradError:
            if bad.kind == "layout":
                return "option", ""  # it takes Tensors, and no arrays
            said = "and refuses the same as an array"
        except Exception as error:
            said = f"NumPy refuses: {type(error).__name__}: {error}".splitlines()[0][:160]
        else:
            if same(result, expected):
                return "equal", ""
            said = f"NumPy {shown(expected)}"
    return "silent", f"gives {shown(result)}, {said}"


def number_like(x: Any) -> bool:
    return isinstance(x, np.ndarray) and x.dtype.kind in "biuf"


def backward(result: Any) -> None:
    """The gradient of the sum of all that requires grad in a result."""
    ends = [y for y in leaves(result) if isinstance(y, tg.Tensor) and y.requires_grad and not y.is_leaf]
    if ends:
        total = tg.sum(ends[0])
        for y in ends[1:]:
            total = total + tg.sum(y)
        total.backward(retain_graph=True)


def leaves(result: Any) -> list[Any]:
    return flatten(result)[0]


def same(result: Any, expected: Any) -> bool:
    """Whether two nests hold the same numbers; what is no array is not compared."""
    pairs = zip(leaves(result), leaves(expected), strict=False)
    arrays = [(np.asarray(plain(y)), np.asarray(plain(e))) for y, e in pairs]
    return len(leaves(result)) == len(leaves(expected)) and all(
        y.dtype.kind not in "biufc"
        or (y.shape == e.shape and np.allclose(y, e, rtol=rough(y), atol=1e-2 * rough(y), equal_nan=True))
        for y, e in arrays
    )


def rough(y: Any) -> float:
    return 1e-2 if y.dtype == np.float16 else 1e-4


def shown(result: Any) -> str:
    found = [f"{y.dtype}{np.shape(y)}" if hasattr(y, "dtype") else f"{y!r:.30}" for y in leaves(result)]
    return ", ".join(found)[:60]


@contextmanager
def quiet() -> Iterator[None]:
    """Without NumPy's warnings, and not for ever."""
    signal.setitimer(signal.ITIMER_REAL, LIMIT, 1)  # again, where what runs meanwhile swallows it
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
            yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def ring(*_: Any) -> None:
    raise TimeoutError(f"it does not end within {LIMIT} s")


def table(counts: Counter[tuple[str, str]]) -> Iterator[str]:
    """The counts by kind of door, or of input, a line each."""
    rows = sorted({row for row, _ in counts})
    width = max(map(len, rows))
    yield f"{'':<{width}}    calls" + "".join(f"{end:>9}" for end in ENDS)
    for row in [*rows, "all"]:
        of = {end: sum(n for (r, e), n in counts.items() if e == end and row in (r, "all")) for end in ENDS}
        yield f"{row:<{width}} {sum(of.values()):>8}" + "".join(f"{n:>9}" for n in of.values())


def main(asked: list[str]) -> int:
    by_door: Counter[tuple[str, str]] = Counter()
    by_kind: Counter[tuple[str, str]] = Counter()
    by_both: Counter[tuple[str, str]] = Counter()
    faults: list[Ended] = []
    protocol: list[Ended] = []
    for door in doors():
        if asked and not {door.kind, door.name} & set(asked):
            continue
        for trial in trials(door):
            by_door[door.kind, trial.end] += 1
            by_kind[trial.bad.kind, trial.end] += 1
            by_both[f"{door.kind} × {trial.bad.kind}", trial.end] += 1
            faults += [trial] * (trial.end in FAULTS)
            protocol += [trial] * (trial.end == "Python")
    for counts in (by_both, by_door, by_kind):
        print(*table(counts), "", sep="\n")
    for kind, found in {
        "By Python's operator protocol, another class's own refusal:": protocol,
        "Offenders:": faults,
    }.items():
        print(kind, *(found or ["none"]), "", sep="\n")
    return min(len(faults), 1)


if __name__ == "__main__":
    signal.signal(signal.SIGALRM, ring)
    os.chdir(tempfile.mkdtemp())
    sys.exit(main(sys.argv[1:]))
