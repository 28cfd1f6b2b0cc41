"""Options of modules: whether a value is one of those allowed, and all the keywords that a class takes.

LSTM(…, **cell)  →  LSTMCell(…, **options)  →  Cell(…)        inspect.signature(LSTM) shows what all three take
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from inspect import Parameter, Signature, signature
from typing import Any

import numpy as np

from tinygrad_rnn.errors import DTypeError, OptionError, ShapeError

Rng = int | np.random.Generator | None


def check_sizes(owner: str, *, least: int = 1, **sizes: Any) -> None:
    """Raise ShapeError unless every size is an integer, and `least` or more.

    >>> check_sizes("GRU", input_size=3, hidden_size=0)
    Traceback (most recent call last):
    tinygrad_rnn.errors.ShapeError: GRU: sizes must be positive
      expected  integers of at least 1
      got       hidden_size=0
    """
    wrong = [f"{name}={n!r:.60}" for name, n in sizes.items() if not (is_integer(n) and n >= least)]
    if wrong:
        must = "be positive" if least else "not be negative"
        raise ShapeError(f"{owner}: sizes must {must}", expected=f"integers of at least {least}", got=", ".join(wrong))


def is_integer(n: Any) -> bool:
    """Whether n counts something: an integer that is not a bool."""
    return isinstance(n, int | np.integer) and not isinstance(n, bool)


def check_flags(owner: str, **flags: Any) -> None:
    """Raise OptionError unless every value is True or False."""
    for option, value in flags.items():
        if not isinstance(value, bool | np.bool_):
            raise OptionError(f"{owner}: {option}={value!r:.60} is not a truth value", expected="True or False")


def check_count(owner: str, option: str, value: Any, least: int = 1) -> None:
    """Raise OptionError unless the value is an integer of at least `least`."""
    if not (is_integer(value) and value >= least):
        raise OptionError(
            f"{owner}: {option}={value!r:.60} is out of range", expected=f"an integer of at least {least}"
        )


def check_probability(owner: str, option: str, p: Any, *, below_one: bool = False) -> None:
    """Raise OptionError unless 0 ≤ p ≤ 1, or p < 1 where a probability of 1 would leave nothing.

    >>> check_probability("Dropout", "p", 1.0, below_one=True)
    Traceback (most recent call last):
    tinygrad_rnn.errors.OptionError: Dropout: p=1.0 is out of range
      expected  a probability, 0 ≤ p < 1
    """
    if not (is_real(p) and 0 <= p <= 1) or (below_one and p == 1):
        raise OptionError(
            f"{owner}: {option}={p!r:.60} is out of range",
            expected=f"a probability, 0 ≤ {option} {'<' if below_one else '≤'} 1",
        )


def is_real(x: Any) -> bool:
    """Whether x is one real number that is not a bool."""
    return isinstance(x, int | float | np.integer | np.floating) and not isinstance(x, bool)


def float_dtype(owner: str, dtype: Any) -> np.dtype[Any]:
    """The dtype of a module's parameters. Raises DTypeError: it is not one of floats, which alone can learn.

    >>> float_dtype("Linear", int)
    Traceback (most recent call last):
    tinygrad_rnn.errors.DTypeError: Linear: parameters of dtype int64 cannot learn
      expected  float16, float32 or float64
    """
    try:
        found = np.dtype(dtype)
    except TypeError:
        raise DTypeError(
            f"{owner}: dtype={dtype!r:.60} is not a dtype", expected="float16, float32 or float64"
        ) from None
    if found.kind != "f":
        raise DTypeError(f"{owner}: parameters of dtype {found} cannot learn", expected="float16, float32 or float64")
    return found


def generator(owner: str, rng: Rng) -> np.random.Generator:
    """The Generator itself, or one of that seed. Raises OptionError: it is neither.

    >>> generator("Linear", 1.5)
    Traceback (most recent call last):
    tinygrad_rnn.errors.OptionError: Linear: rng=1.5 is not a source of random numbers
      expected  a seed (an integer of at least 0), a numpy.random.Generator, or None
    """
    try:
        return np.random.default_rng(rng)
    except (TypeError, ValueError):
        raise OptionError(
            f"{owner}: rng={rng!r:.60} is not a source of random numbers",
            expected="a seed (an integer of at least 0), a numpy.random.Generator, or None",
        ) from None


class WholeSignature:
    """A class's `__signature__`, in which what its `**options` hand on stands by name."""

    def __get__(self, instance: Any, owner: Any) -> Signature:
        if instance is not None:
            raise AttributeError("__signature__")  # it is the class's, not that of calling the instance
        order = sorted(options_of(owner).values(), key=lambda p: (p.kind, p.default is not p.empty))
        return Signature(order)


def options_of(kind: Any) -> dict[str, Parameter]:
    """Every parameter of a class, by name: an `__init__` with `**options` hands on to the next of `constructors()`."""
    found: dict[str, Parameter] = {}
    handed_on = True  # whether positional arguments reach this __init__ too
    for init in kind.constructors():
        own = list(signature(init).parameters.values())[1:]
        kinds = {p.kind for p in own}
        for p in own:
            if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD):
                continue
            found.setdefault(p.name, p if handed_on else p.replace(kind=p.KEYWORD_ONLY))
        if Parameter.VAR_KEYWORD not in kinds:
            break
        handed_on = handed_on and Parameter.VAR_POSITIONAL in kinds
    return found


def constructors(kind: type) -> Iterable[Callable[..., None]]:
    """The `__init__` of a class and of those above it, as `super()` meets them."""
    return (vars(base)["__init__"] for base in kind.__mro__ if base is not object and "__init__" in vars(base))
