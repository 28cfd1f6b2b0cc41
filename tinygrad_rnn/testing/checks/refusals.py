"""check_errors: what a function must refuse, how it says so, and that it leaves the arguments as they were.

fn(*args)  →  exactly this error     first line: what is wrong      then: expected, got, where, help
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinygrad_rnn.engine.tensor import Array, Tensor
from tinygrad_rnn.engine.trees import flatten
from tinygrad_rnn.errors import OptionError, TinygradError, check_sequence, check_type
from tinygrad_rnn.testing.laws.linear_map import same
from tinygrad_rnn.testing.report.text import source

__all__ = ["check_errors"]

FACT = re.compile(r"^  (expected|got|where|help) +\S", re.MULTILINE)


@dataclass(frozen=True)
class Refusal:
    """A call, the error it must raise, and a pattern that its message must contain."""

    args: tuple[Any, ...]
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    error: type[Exception] = TinygradError
    match: str = ""


def check_errors(fn: Callable[..., Any], cases: Mapping[str, Any] | Iterable[Any]) -> int:
    """Check that fn refuses each case: the error, its message, and that no argument was written to.

    Args:
        fn: any function.
        cases: each (args, error), (args, error, pattern) or a Refusal; in a dict they have names. args is a tuple, or
            the one argument. The error must be of exactly that class.
    Returns:
        How many cases there were.
    Raises:
        AssertionError: it says what came instead.

    >>> import tinygrad_rnn as tg
    >>> check_errors(tg.add, [((np.ones(2), np.ones(3)), tg.ShapeError, "do not (fit|broadcast)")])
    1
    """
    if not isinstance(cases, Mapping):
        check_sequence("check_errors", "the cases", cases)
    named = cases.items() if isinstance(cases, Mapping) else enumerate(cases, 1)
    count = 0
    for name, case in named:
        refusal = _refusal(case)
        fault = _fault(fn, refusal)
        if fault:
            words = [source(x) for x in refusal.args] + [f"{key}={source(x)}" for key, x in refusal.kwargs.items()]
            title = getattr(fn, "__name__", type(fn).__name__)
            raise AssertionError(f"case {name}, {title}({', '.join(words)}): {fault}")
        count += 1
    return count


def _refusal(case: Any) -> Refusal:
    if isinstance(case, Refusal):
        return case
    if not (isinstance(case, tuple | list) and len(case) in (2, 3)):
        raise OptionError(
            f"check_errors: {case!r:.60} is not a case", expected="(args, error) or (args, error, pattern)"
        )
    args, error, *match = case
    check_type("check_errors", "error", error, type, "a class of errors")
    return Refusal(args if isinstance(args, tuple) else (args,), {}, error, *match)


def _fault(fn: Callable[..., Any], refusal: Refusal) -> str:
    """What is wrong with how fn refuses, "" when nothing is."""
    arrays = _arrays(refusal)
    before = [x.copy() for x in arrays]
    wanted = refusal.error.__name__
    try:
        result = fn(*refusal.args, **refusal.kwargs)
    except Exception as error:
        fault = _wrong_kind(error, refusal.error) or _wrong_words(error, refusal.match)
    else:
        fault = f"it returned {result!r:.100} instead of raising {wanted}"
    written = any(not same(x, y) for x, y in zip(arrays, before, strict=True))
    return fault or ("an argument was written to before it was refused" if written else "")


def _wrong_kind(error: Exception, wanted: type[Exception]) -> str:
    if type(error) is wanted:
        return ""
    return f"it raised {type(error).__name__} instead of {wanted.__name__}: {error}"


def _wrong_words(error: Exception, match: str) -> str:
    message = str(error)
    if not message.partition("\n")[0].strip():
        return f"the {type(error).__name__} has no message"
    if isinstance(error, TinygradError) and not FACT.search(message):
        return f"the message has no line of facts (expected, got, where, help): {message}"
    if match and not re.search(match, message):
        return f"the message does not contain {match!r}: {message}"
    return ""


def _arrays(refusal: Refusal) -> list[Array]:
    leaves, _ = flatten((refusal.args, dict(refusal.kwargs)))
    return [x._array if isinstance(x, Tensor) else x for x in leaves if isinstance(x, Tensor | np.ndarray)]
