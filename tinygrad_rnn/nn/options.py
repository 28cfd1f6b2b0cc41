"""Keywords of modules and optimisers: all that a class takes, what is said of another; and what dtype and rng become.

LSTM(…, **cell)  →  LSTMCell(…, **options)  →  Cell(…)        inspect.signature(LSTM) shows what all three take
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextvars import ContextVar
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Any

import numpy as np

from tinygrad_rnn.errors import DTypeError, OptionError, is_number, misfit, unknown_option

Rng = int | np.random.Generator | None


def float_dtype(owner: str, dtype: Any) -> np.dtype[Any]:
    """The dtype of a module's parameters. Raises DTypeError: it is not one of floats, which alone can learn.

    >>> float_dtype("Linear", int)
    Traceback (most recent call last):
    tinygrad_rnn.errors.DTypeError: Linear: parameters of dtype int64 cannot learn
      expected  float16, float32 or float64
    """
    try:
        found = np.dtype(dtype) if dtype is None or isinstance(dtype, type | str | np.dtype) else None
    except TypeError:
        found = None
    if found is None:  # an array has a dtype, and is none
        raise DTypeError(f"{owner}: dtype={dtype!r:.60} is not a dtype", expected="float16, float32 or float64")
    if found.kind != "f":
        raise DTypeError(f"{owner}: parameters of dtype {found} cannot learn", expected="float16, float32 or float64")
    return found


SEEDED: ContextVar[np.random.Generator | None] = ContextVar("SEEDED", default=None)  # that of `seeded`, in its block


def generator(owner: str, rng: Rng) -> np.random.Generator:
    """The Generator itself, or one of that seed; of None that of `seeded`. Raises OptionError: it is none of these.

    >>> generator("Linear", 1.5)
    Traceback (most recent call last):
    tinygrad_rnn.errors.OptionError: Linear: rng=1.5 is not a source of random numbers
      expected  a seed (an integer of at least 0), a numpy.random.Generator, or None
    """
    if not (rng is None or isinstance(rng, np.random.Generator) or (is_number(rng, whole=True) and rng >= 0)):
        raise OptionError(
            f"{owner}: rng={rng!r:.60} is not a source of random numbers",
            expected="a seed (an integer of at least 0), a numpy.random.Generator, or None",
        )
    return (SEEDED.get() if rng is None else None) or np.random.default_rng(rng)


class Keywords:
    """Base of the classes that refuse a keyword that they do not take in the house's form, those derived from them too.

    An `__init__` with `**options` hands on what it does not take itself; the last one refuses.

    >>> class Decay(Keywords):
    ...     def __init__(self, rate=0.5):
    ...         self.rate = rate
    >>> class Halving(Decay):
    ...     def __init__(self, **options):
    ...         super().__init__(**options)
    >>> Halving(rat=0.1)
    Traceback (most recent call last):
    tinygrad_rnn.errors.OptionError: Halving: there is no option 'rat'
      expected  rate
      help      did you mean 'rate'?
    """

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "__init__" in vars(cls):
            cls.__init__ = strict_init(cls.__init__)  # type: ignore[method-assign]

    @classmethod
    def constructors(cls) -> Iterable[Callable[..., None]]:
        """Each `__init__` that the options may pass through, as `super()` meets them."""
        return (vars(base)["__init__"] for base in cls.__mro__ if base is not object and "__init__" in vars(base))


def strict_init(init: Callable[..., None]) -> Callable[..., None]:
    """An `__init__` that refuses an unknown keyword, and arguments that are missing or too many."""
    taken = signature(init).parameters
    hands_on = any(p.kind is p.VAR_KEYWORD for p in taken.values())

    @wraps(init)
    def checked(self: Any, *args: Any, **options: Any) -> None:
        owner = type(self).__name__
        for option in options:
            if not hands_on and option not in taken:
                raise unknown_option(owner, option, options_of(type(self)))
        try:
            init(self, *args, **options)
        except TypeError as error:
            if refused := misfit(owner, error, options_of(type(self)), options):
                raise refused from None
            raise

    return checked


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
