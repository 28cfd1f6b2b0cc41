"""Errors, in one format: what is wrong, what was expected, what came, where, and what to do.

ShapeError: LSTMCell: x has 12 features, the cell takes 10
  expected  x (B, 10)
  got       x (32, 12), h (32, 64)
  where     encoder/lstm, step 3 of 20
  help      build LSTMCell(input_size=12, …) or slice x[:, :10]
"""

import linecache
import math
import operator
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from functools import wraps
from inspect import signature
from numbers import Integral, Real
from os import PathLike
from typing import Any, ParamSpec, TypeVar

import numpy as np

from tinygrad_rnn.vocabulary import keyword

__all__ = [
    "AnomalyError", "CheckpointError", "CompileError", "DTypeError", "DataError", "GradientError", "GraphError",
    "OptionError", "ShadowedError", "ShapeError", "TinygradError", "UnknownNameError",
]  # fmt: skip


class TinygradError(Exception):
    """Base of every error below: a first line, then the lines that are known.

    >>> print(ShapeError("add: (2,) and (3,) do not broadcast", got="a (2,), b (3,)"))
    add: (2,) and (3,) do not broadcast
      got       a (2,), b (3,)
    """

    def __init__(self, head: str, *, expected: str = "", got: str = "", where: str = "", help: str = "") -> None:
        facts = {"expected": expected, "got": got, "where": where, "help": help}
        super().__init__("\n".join([head, *(f"  {name:<9} {text}" for name, text in facts.items() if text)]))


class OptionError(TinygradError, ValueError, TypeError):
    """An option that is out of its range (a ValueError), or that does not exist (a TypeError).

    The first line names whose option it is and what it was; `expected` says what is allowed.
    """


class ShapeError(TinygradError, ValueError, IndexError):
    """Sizes, axes or indices that do not fit."""


class DTypeError(TinygradError, TypeError):
    """Numbers of a kind that the operation cannot use."""


class GraphError(TinygradError, RuntimeError):
    """The recorded graph cannot give what was asked: it was released, changed, or never recorded."""


class CompileError(GraphError):
    """A function cannot be recorded once and run again: it would freeze something that is not the same each time."""


class GradientError(TinygradError, ArithmeticError):
    """A gradient that is not finite where it has to be."""


class AnomalyError(GradientError):
    """`detect_anomaly()` met the first value that is not finite."""


class CheckpointError(TinygradError, ValueError):
    """A saved state that is damaged, or made for another model."""


class DataError(TinygradError, ValueError):
    """A text or data set that cannot be used as it is."""


class ShadowedError(TinygradError, ImportError):
    """A package of the same name is found before the one that is needed."""


class UnknownNameError(TinygradError, AttributeError):
    """A name that is not there, and what to write instead."""


def caller() -> str:
    """The line outside this package that is running, as "file:line: text"."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").split(".")[0] == "tinygrad_rnn":
        frame = frame.f_back
    file, line = frame.f_code.co_filename, frame.f_lineno
    return f"{file}:{line}: {linecache.getline(file, line).strip()}".rstrip(": ")


def warn_user(message: str) -> None:
    """Warn, with the line outside this package that is running."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_globals.get("__name__", "").split(".")[0] == "tinygrad_rnn":
        frame, level = frame.f_back, level + 1
    warnings.warn(message, stacklevel=level)


# options: each check is told whose option it is, what it is called and what it was


def check_option(owner: str, option: str, value: object, allowed: Iterable[object]) -> None:
    """Raise OptionError unless `value` is one of those `allowed`.

    >>> check_option("RNNCell", "nonlinearity", "relu", ("tanh", "relu"))
    >>> check_option("RNNCell", "nonlinearity", "rleu", ("tanh", "relu"))
    Traceback (most recent call last):
    tinygrad_rnn.errors.OptionError: RNNCell: nonlinearity='rleu' is not an option
      expected  'tanh' or 'relu'
      help      did you mean 'relu'?
    """
    choices = list(allowed)
    if not any(isinstance(value, type(choice)) and value == choice for choice in choices):  # an array is not compared
        *first, last = map(repr, choices)
        raise OptionError(
            f"{owner}: {option}={value!r:.60} is not an option",
            expected=f"{', '.join(first)} or {last}" if first else last,
            help=_nearest(str(value), map(str, choices)),
        )


def check_number(owner: str, option: str, value: Any, *, whole: bool = False, **bounds: float) -> None:
    """Raise OptionError unless `value` is a finite number, an integer if `whole`, within its bounds.

    Args:
        bounds: least, most, above, below: the first two may be reached, the other two may not.

    >>> check_number("Adam", "eps", 1e-8, above=0)
    >>> check_number("Adam", "beta", 1.0, least=0, below=1)
    Traceback (most recent call last):
    tinygrad_rnn.errors.OptionError: Adam: beta=1.0 is out of range
      expected  a number of at least 0 and below 1
    """
    finite = is_number(value, whole=whole) and abs(value) < math.inf
    if not (finite and all(_BOUNDS[name][1](value, bound) for name, bound in bounds.items())):
        raise OptionError(
            f"{owner}: {option}={value!r:.60} is out of range", expected=range_in_words(whole=whole, **bounds)
        )


def range_in_words(*, whole: bool = False, **bounds: float) -> str:
    """What `check_number` lets through.

    >>> range_in_words(whole=True, least=1)
    'an integer of at least 1'
    """
    said = " and ".join(f"{_BOUNDS[name][0]} {bound:g}" for name, bound in bounds.items())
    return f"{'an integer' if whole else 'a number' if said else 'a finite number'} {said}".rstrip()


_BOUNDS: dict[str, tuple[str, Callable[[Any, Any], bool]]] = {
    "least": ("of at least", operator.ge), "most": ("of at most", operator.le),
    "above": ("above", operator.gt), "below": ("below", operator.lt),
}  # fmt: skip


def is_number(value: Any, *, whole: bool = False) -> bool:
    """Whether `value` is one real number, an integer if `whole`; not True, a span of time, or past all floats."""
    known = isinstance(value, Integral if whole else Real) and not isinstance(value, bool | np.timedelta64)
    return known and not (isinstance(value, int) and abs(value) >= 2**1024)


def check_probability(owner: str, option: str, p: Any, *, below_one: bool = False) -> None:
    """Raise OptionError unless 0 ≤ p ≤ 1, or p < 1 where a probability of 1 would leave nothing.

    >>> check_probability("Dropout", "p", 1.0, below_one=True)
    Traceback (most recent call last):
    tinygrad_rnn.errors.OptionError: Dropout: p=1.0 is out of range
      expected  a probability, 0 ≤ p < 1
    """
    if not (is_number(p) and 0 <= p <= 1) or (below_one and p == 1):
        raise OptionError(
            f"{owner}: {option}={p!r:.60} is out of range",
            expected=f"a probability, 0 ≤ {option} {'<' if below_one else '≤'} 1",
        )


def check_sizes(owner: str, *, least: int = 1, **sizes: Any) -> None:
    """Raise ShapeError unless every size is an integer, `least` or more, and one that an array can have.

    >>> check_sizes("GRU", input_size=3, hidden_size=0)
    Traceback (most recent call last):
    tinygrad_rnn.errors.ShapeError: GRU: sizes must be positive
      expected  integers of at least 1
      got       hidden_size=0
    """
    wrong = [f"{name}={n!r:.60}" for name, n in sizes.items() if not (is_number(n, whole=True) and n >= least)]
    huge = [f"{name}={n!r:.60}" for name, n in sizes.items() if is_number(n, whole=True) and n > sys.maxsize]
    if huge:
        raise ShapeError(
            f"{owner}: sizes must be those of an array", expected=f"at most {sys.maxsize}", got=", ".join(huge)
        )
    if wrong:
        must = "be positive" if least else "not be negative"
        raise ShapeError(f"{owner}: sizes must {must}", expected=f"integers of at least {least}", got=", ".join(wrong))


def check_flags(owner: str, **flags: object) -> None:
    """Raise OptionError unless every value is True or False."""
    for option, value in flags.items():
        if not isinstance(value, bool | np.bool_):
            raise OptionError(f"{owner}: {option}={value!r:.60} is not a truth value", expected="True or False")


def check_type(owner: str, option: str, value: object, kind: Any, expected: str) -> None:
    """Raise OptionError unless `value` is of this kind.

    >>> check_type("read_pairs", "path", 7, str, "a path")
    Traceback (most recent call last):
    tinygrad_rnn.errors.OptionError: read_pairs: path=7 is not a path
      got       int
    """
    if not isinstance(value, kind):
        raise OptionError(f"{owner}: {option}={value!r:.60} is not {expected}", got=type(value).__name__)


def check_path(owner: str, path: object) -> None:
    """Raise OptionError unless a file could have this path."""
    check_type(owner, "path", path, str | PathLike, "a path")
    if "\0" in str(path):
        raise OptionError(f"{owner}: the path has a character NUL in it", got=f"{path!r:.60}")


def check_seed(owner: str, seed: object) -> None:
    """Raise OptionError unless random numbers can start from `seed`."""
    check_number(owner, "seed", seed, whole=True, least=0)


def check_sequence(owner: str, what: str, value: object) -> None:
    """Raise OptionError unless `value` can be gone through, and what it holds is more than letters or names."""
    try:
        items = iter(value)  # type: ignore[call-overload]
        if items is not value:
            next(items, None)  # an array without axes, or a sparse matrix, says only now that it cannot
        if not isinstance(value, str | bytes | Mapping | np.void):
            return
    except TypeError:
        pass
    words = f"{owner}: {what} are not a sequence"
    raise OptionError(words, expected="a list or a tuple", got=f"{value!r:.60}")


def check_name(owner: str, option: str, value: object) -> None:
    """Raise OptionError unless `value` is a text or None."""
    if value is not None and not isinstance(value, str):
        raise OptionError(f"{owner}: {option}={value!r:.60} is not a text", expected="a text or None")


def unknown_option(owner: str, option: str, known: Iterable[str]) -> OptionError:
    """The error for a keyword that `owner` does not take.

    >>> print(unknown_option("LSTM", "forget_bas", ["dropout", "forget_bias"]))
    LSTM: there is no option 'forget_bas'
      expected  dropout, forget_bias
      help      did you mean 'forget_bias'?
    >>> print(unknown_option("softmax", "dim", ["x", "axis"]))
    softmax: there is no option 'dim'
      expected  x, axis
      help      axis=
    """
    names = list(known)
    help = keyword(option, names) or _nearest(option, names)
    return OptionError(f"{owner}: there is no option {option!r}", expected=", ".join(names), help=help)


def misfit(owner: str, error: TypeError, known: Iterable[str], given: Iterable[str]) -> OptionError | None:
    """The error for a call whose arguments did not fit, with which it ended before it began; None for any other.

    Args:
        error: as it was caught where the call was made.
        known, given: the parameters, and the keywords that were passed.
    """
    if error.__traceback__ is None or error.__traceback__.tb_next is not None:
        return None
    names, said = list(known), str(error).partition("() ")[2]
    for option in given:
        if option not in names:
            return unknown_option(owner, option, names)
    return OptionError(
        f"{owner}: {'too many arguments by position' if said.endswith('given') else said}", expected=", ".join(names)
    )


P = ParamSpec("P")
R = TypeVar("R")


def strict(f: Callable[P, R]) -> Callable[P, R]:
    """f, which refuses arguments that do not fit in the form of this file.

    >>> @strict
    ... def clipped(x, *, most):
    ...     return min(x, most)
    >>> clipped(3, moist=2)
    Traceback (most recent call last):
    tinygrad_rnn.errors.OptionError: clipped: there is no option 'moist'
      expected  x, most
      help      did you mean 'most'?
    """
    known = list(signature(f).parameters)

    @wraps(f)
    def checked(*args: P.args, **options: P.kwargs) -> R:
        try:
            return f(*args, **options)
        except TypeError as error:
            if refused := misfit(f.__name__, error, known, options):
                raise refused from None
            raise

    return checked


def _nearest(word: str, known: Iterable[str]) -> str:
    found = get_close_matches(word, list(known), 1)
    return f"did you mean {found[0]!r}?" if found else ""
