"""Whatever stands in the brackets of x[…], as a function of a Source.

    2   -1   1:3   ::-2   …   None   [0, 0, 2]   a mask   (1:, [2, 2])

For an x of the given shape none of them is out of bounds. An integer array may name an element twice: what a gradient
has to add up there is the usual bug.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from tinygrad_rnn.engine.tensor import Array
from tinygrad_rnn.testing.draw.choices import Shape, array, seldom_lowest
from tinygrad_rnn.testing.draw.source import Source, choose, flag, sample


def index(source: Source, shape: Shape, duplicates: bool = True) -> Any:
    """Anything x[…] takes for x of `shape`; each element is read at most once unless `duplicates`.

    >>> from tinygrad_rnn.testing.draw.source import RandomSource
    >>> x = np.arange(12).reshape(3, 4)
    >>> all((x[index(RandomSource(seed), x.shape)] >= 0).all() for seed in range(100))
    True
    """
    forms: list[Callable[..., Any]] = [_everything, _basic, _basic, _mask]
    if shape:
        forms += [lambda s, n, _: part_of(s, n[0])]
    if shape and 0 not in shape:
        forms += [lambda s, n, d: places(s, n[0], d), _mixed]
    return choose(source, forms)(source, shape, duplicates)


def position(source: Source, size: int) -> int:
    """One of `size` places, from either end."""
    place = source.integer(0, size - 1)
    return place - size if flag(source, 4) else place


def part_of(source: Source, size: int) -> Any:
    """A place or a slice of an axis."""
    if size and flag(source, 3):
        return position(source, size)
    start, stop = (source.integer(-size, size - 1) if size and flag(source, 3) else None for _ in range(2))
    return slice(start, stop, choose(source, (None, -1, 1, -2, 2)))


def places(source: Source, size: int, duplicates: bool = True, shape: Shape | None = None) -> Any:
    """An integer array of places on an axis, or a list of them."""
    if not duplicates:
        return np.array(sample(source, range(size), source.integer(0, size)), np.int64)
    if shape is None:
        shape = tuple(seldom_lowest(source, 1, 3) for _ in range(choose(source, (1, 1, 2, 0))))
    found = np.array([position(source, size) for _ in range(prod(shape))], np.int64).reshape(shape)
    return found.tolist() if len(shape) == 1 and flag(source, 4) else found


def _everything(source: Source, shape: Shape, duplicates: bool) -> Any:
    return choose(source, (..., (), None, (..., None)))


def _basic(source: Source, shape: Shape, duplicates: bool) -> tuple[Any, ...]:
    """Places and slices of the first axes, or after an ellipsis of the last, with a new axis somewhere."""
    count = seldom_lowest(source, 0, len(shape))
    from_end = flag(source)
    parts = [part_of(source, n) for n in (shape[len(shape) - count :] if from_end else shape[:count])]
    if flag(source, 4):
        parts.insert(source.integer(0, count), None)
    return (..., *parts) if from_end else tuple(parts)


def _mask(source: Source, shape: Shape, duplicates: bool) -> Array:
    """A mask of the whole, or of the first axes."""
    return array(source, shape[: source.integer(1, len(shape))] if shape else (), dtype=np.bool_)


def _mixed(source: Source, shape: Shape, duplicates: bool) -> tuple[Any, ...]:
    """Integer arrays that go together on some axes, slices and places on the others."""
    at = sample(source, range(len(shape)), source.integer(1, min(2, len(shape)) if duplicates else 1))
    common = (seldom_lowest(source, 1, 3),)
    return tuple(
        places(source, n, duplicates, common) if k in at else part_of(source, n) if flag(source) else slice(None)
        for k, n in enumerate(shape)
    )
