"""What an argument of an op may be, so that a fresh array and a value that is there already can both serve.

    pick(shapes, domain, kind)  ←  Fresh                     a new array each time: one op alone
                                ←  ProgramBuilder.existing   a value that is there, or a new one: programs (builder.py)

Shapes is a set of shapes that can be recognised and drawn; Domain (choices.py) does the same for values.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np

from tinygrad_rnn.engine.tensor import Array
from tinygrad_rnn.testing.draw import choices
from tinygrad_rnn.testing.draw.choices import Shape, Within
from tinygrad_rnn.testing.draw.source import Source, choose, flag, sample

__all__ = ["Rule"]

DTYPES = {"f": np.float64, "i": np.int64, "b": np.bool_}


class Shapes(NamedTuple):
    """A set of shapes: whether one is in it, and a way to draw one."""

    fits: Callable[[Shape], bool]
    draw: Callable[[Source], Shape]


class Pick(Protocol):
    """Chooses an operand.

    Args:
        shapes: what its shape may be.
        domain: where its values lie.
        kind: "f" floats, which are differentiated, "i" integers, "b" booleans.
    """

    def __call__(self, shapes: Shapes = ..., domain: Within = ..., kind: str = ...) -> Array:
        """The operand's values."""
        ...


def dims(least: int = 0, most: int = 4, side: int = 1) -> Shapes:
    """Shapes of `least` to `most` axes, every side at least `side`; 0 lets empty arrays in."""
    return Shapes(
        lambda shape: least <= len(shape) <= most and all(n >= side for n in shape),
        lambda source: choices.shape(source, least, max(least, min(most, 3)), max(side, 1), 3),
    )


ANY = dims(side=0)
FULL = dims()  # with elements to choose the largest of, or to divide by the number of


def exactly(shape: Shape) -> Shapes:
    """This shape alone."""
    return Shapes(lambda other: other == shape, lambda source: shape)


def broadcasting(shape: Shape) -> Shapes:
    """Those that broadcast together with `shape`."""
    return Shapes(
        lambda other: all(1 in (m, n) or m == n for m, n in zip(shape[::-1], other[::-1], strict=False)),
        lambda source: choices.partner(source, shape),
    )


def narrower(shape: Shape) -> Shapes:
    """Those that broadcast to `shape`, without stretching it."""
    return Shapes(
        lambda other: (
            len(other) <= len(shape) and all(n in (1, m) for m, n in zip(shape[::-1], other[::-1], strict=False))
        ),
        lambda source: choices.narrowed(source, shape),
    )


def right_factors(left: Shape) -> Shapes:
    """Those of a b for which a @ b has a meaning."""

    def fits(right: Shape) -> bool:
        if len(right) < 2:
            return right == left[-1:]
        return right[-2] == left[-1] and broadcasting(left[:-2]).fits(right[:-2])

    return Shapes(fits, lambda source: choices.right_factor(source, left))


def with_sizes(sizes: Shape) -> Shapes:
    """Those that have axes of these sizes, in any order and among others."""

    def fits(shape: Shape) -> bool:
        return all(shape.count(n) >= sizes.count(n) for n in sizes)

    def draw(source: Source) -> Shape:
        full = (*sizes, *choices.shape(source, 0, max(0, 3 - len(sizes)), 1, 3))
        return tuple(sample(source, full, len(full)))

    return Shapes(fits, draw)


def alike_but_for(shape: tuple[int, ...], at: int) -> Shapes:
    """Those with the sides of `shape`, and any side at the axis `at`."""

    def fits(other: tuple[int, ...]) -> bool:
        return len(other) == len(shape) and all(m == n for k, (m, n) in enumerate(zip(shape, other, strict=True))
                                                if k != at)  # fmt: skip

    return Shapes(fits, lambda source: (*shape[:at], source.integer(1, 3), *shape[at + 1 :]))


class Fresh:
    """A Pick that makes a new array each time; no two have a value in common, up to four of them.

    Args:
        source: what chooses.
        ties: round values that come more than once (choices.array).
        empty: now and then an array without elements, where it fits.
    """

    def __init__(self, source: Source, ties: bool = False, empty: bool = False) -> None:
        self.source = source
        self.ties = ties
        self.empty = empty
        self._made = source.integer(0, 3)

    def __call__(self, shapes: Shapes = ANY, domain: Within = "real", kind: str = "f") -> Array:
        self._made += 1
        shape = shapes.draw(self.source)
        if self.empty and shape and flag(self.source, 16):
            k = choose(self.source, range(len(shape)))
            without = (*shape[:k], 0, *shape[k + 1 :])
            shape = without if shapes.fits(without) else shape
        return choices.array(self.source, shape, domain, ties=self.ties, dtype=DTYPES[kind], phase=1 + self._made % 4)


# what a rule gives

Arguments = tuple[tuple[Any, ...], dict[str, Any]]
Rule = Callable[[Source, Pick], Arguments]


def given(*args: Any, **static: Any) -> Arguments:
    """Arguments, without the options that are None or False.

    >>> given(1, axis=None, keepdims=True)
    ((1,), {'keepdims': True})
    """
    return args, {name: value for name, value in static.items() if value is not None and value is not False}
