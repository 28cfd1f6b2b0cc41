"""Sizes: numbers that follow from how long the free axes are, found by recording the same at several lengths.

    B = 5, 6    (5, 12), (6, 12)    →    (B, 12)            T·B = 15, 18, 20, 24    →    T·B

Each axis is tried at two lengths that are one apart. A number that is a sum of products of lengths, each length once in
a product, is known by its values at all the corners: with n an axis's length, n₀ and n₀ + 1 the two that were tried,

    v(n) = Σ_U d_U Π_{a ∈ U} (nₐ − n₀ₐ)        d_U = Σ_{S ⊆ U} (−1)^(|U| − |S|) v(S longer by one)

and one more point, farther off, says whether it is such a sum.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import prod
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from tinygrad_rnn.engine.tensor import Array

__all__ = ["Dim", "Fill", "Grid", "Kind", "NoSizeError", "Ramp", "Size"]


class NoSizeError(Exception):
    """Values that differ between the recordings, and not as sizes do."""


@dataclass(frozen=True)
class Size:
    """A sum of products of lengths: {(): c, ("B",): b, ("B", "T"): a} is c + b·B + a·B·T."""

    terms: tuple[tuple[tuple[str, ...], int], ...]

    @classmethod
    def of(cls, axis: str) -> Size:
        """The length of one axis."""
        return cls((((axis,), 1),))

    def at(self, lengths: dict[str, int]) -> int:
        """Its value.

        >>> Size((((), 1), (("B", "T"), 2))).at({"B": 3, "T": 5})
        31
        """
        return sum(factor * prod(lengths[axis] for axis in axes) for axes, factor in self.terms)

    @property
    def axis(self) -> str:
        """The axis whose length it is; empty where it is more than that."""
        return self.terms[0][0][0] if self == Size.of("".join(self.terms[0][0])) else ""

    def __str__(self) -> str:
        """
        >>> print(Size((((), 1), (("B", "T"), 2))))
        1 + 2·B·T
        """
        return " + ".join("·".join([*([str(k)] if k != 1 or not axes else []), *axes]) for axes, k in self.terms)


Dim: TypeAlias = int | Size


class Kind(NamedTuple):
    """What goes in or out: its shape, a free axis by its name, and its dtype."""

    shape: tuple[int | str, ...]
    dtype: Any = np.float32

    def example(self, lengths: Mapping[str, int]) -> Array:
        """An array of this kind: integers are 0, which any table of ids has."""
        shape = tuple(lengths[n] if isinstance(n, str) else n for n in self.shape)
        return np.full(shape, 0.5 if np.dtype(self.dtype).kind == "f" else 0, self.dtype)


@dataclass(frozen=True)
class Fill:
    """An array of one number all over, its shape made of sizes."""

    value: Any
    shape: tuple[Dim, ...]
    dtype: np.dtype[Any]


@dataclass(frozen=True)
class Ramp:
    """first, first + step, … along one axis of a shape that is 1 along every other: np.arange(T).reshape(T, 1)."""

    first: Any
    step: Any
    shape: tuple[Dim, ...]
    dtype: np.dtype[Any]


class Grid:
    """The points at which a function of free axes is recorded, and what its values there say of any other.

    Args:
        axes: the names of the free axes.
    """

    def __init__(self, axes: Sequence[str]) -> None:
        self.axes = tuple(axes)
        self.base = {axis: 5 + 3 * k for k, axis in enumerate(self.axes)}
        self.subsets = [part for n in range(len(self.axes) + 1) for part in combinations(self.axes, n)]

    def points(self) -> Iterator[dict[str, int]]:
        """The corners, and last the one that has to agree."""
        for subset in self.subsets:
            yield {axis: n + (axis in subset) for axis, n in self.base.items()}
        yield {axis: n + 3 for axis, n in self.base.items()}

    def merged(self, values: Sequence[Any]) -> Any:
        """One value for what was recorded at each point: itself where it is the same, else a Size, in any nest.

        Raises:
            NoSizeError: it differs in another way.

        >>> Grid(["B"]).merged([(5, slice(None, 3)), (6, slice(None, 3)), (8, slice(None, 3))])
        (Size(terms=((('B',), 1),)), slice(None, 3, None))
        """
        first = values[0]
        if any(type(value) is not type(first) for value in values):
            raise NoSizeError
        if isinstance(first, tuple | list):
            if any(len(value) != len(first) for value in values):
                raise NoSizeError
            return type(first)(self.merged(parts) for parts in zip(*values, strict=True))
        if isinstance(first, slice):
            return slice(*self.merged([(value.start, value.stop, value.step) for value in values]))
        if isinstance(first, np.ndarray):
            return self.array(values)
        if all(value == first or (value != value and first != first) for value in values):  # noqa: PLR0124  (NaN)
            return first
        if isinstance(first, bool) or not all(isinstance(v, int | float | np.number) and v == int(v) for v in values):
            raise NoSizeError
        return self._size([int(value) for value in values])

    def _size(self, values: Sequence[int]) -> Size:
        at = dict(zip(self.subsets, values, strict=False))
        terms: dict[tuple[str, ...], int] = {}
        for subset in self.subsets:
            slope = sum((-1) ** (len(subset) - len(part)) * at[part] for part in self.subsets if {*part} <= {*subset})
            for n in range(len(subset) + 1):  # Π (nₐ − n₀ₐ), multiplied out
                for kept in combinations(subset, n):
                    rest = prod(-self.base[axis] for axis in subset if axis not in kept)
                    terms[kept] = terms.get(kept, 0) + slope * rest
        size = Size(tuple((axes, factor) for axes, factor in terms.items() if factor))
        *_, last = self.points()
        if size.at(last) != values[-1]:
            raise NoSizeError
        return size

    def array(self, arrays: Sequence[Array]) -> Array | Fill | Ramp:
        """The array itself where it is the same at each point, else what it is made by. Raises NoSizeError."""
        first = arrays[0]
        if all(array is first or _equal(array, first) for array in arrays):
            return first
        shape = self.merged([array.shape for array in arrays])
        flat = [array.ravel() for array in arrays]
        if all(line.size == 0 for line in flat):
            return Fill(first.dtype.type(0).item(), shape, first.dtype)
        if any(line.size < 2 for line in flat):
            raise NoSizeError
        if all(_equal(line, np.full_like(line, line[0])) for line in flat):
            return Fill(self.merged([line[0].item() for line in flat]), shape, first.dtype)
        if first.dtype.kind not in "fiu":
            raise NoSizeError
        steps = {(line[1] - line[0]).item() for line in flat}
        step, start = steps.pop(), flat[0][0].item()
        lines = [(start + step * np.arange(line.size)).astype(line.dtype) for line in flat]
        straight = not steps and all(_equal(line, ramp) for line, ramp in zip(flat, lines, strict=True))
        if not straight or sum(n != 1 for n in shape) != 1:
            raise NoSizeError
        return Ramp(start, step, shape, first.dtype)


def _equal(a: Array, b: Array) -> bool:
    return a.shape == b.shape and a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
