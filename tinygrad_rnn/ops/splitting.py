"""An array taken apart along an axis: split, and hsplit, vsplit, dsplit along the second, the first, the third axis."""

from __future__ import annotations

from typing import Any, TypeGuard

import numpy as np

from tinygrad_rnn.engine.apply import array_of, as_array
from tinygrad_rnn.engine.tensor import Counts
from tinygrad_rnn.engine.typed import X
from tinygrad_rnn.errors import DTypeError, ShapeError
from tinygrad_rnn.ops.indexing import getitem, one_axis

__all__ = ["array_split", "dsplit", "hsplit", "split", "vsplit"]


def split(ary: X, indices_or_sections: Counts, axis: int = 0) -> list[X]:
    """The array `ary` cut along `axis`: into so many equal parts, or at these places.

    Raises:
        ShapeError: the axis does not divide into equal parts.
    """
    ary = array_of(ary, "split")
    axis = one_axis("split", axis, ary)
    size, parts = ary.shape[axis], indices_or_sections
    if _is_number(parts) and (parts < 1 or size % parts):
        raise ShapeError(
            f"split: {size} does not divide into {parts} equal parts",
            got=f"ary {ary.shape}, axis {axis}",
            help="pass the places to cut at",
        )
    return _cut("split", ary, parts, axis)


def array_split(ary: X, indices_or_sections: Counts, axis: int = 0) -> list[X]:
    """The array `ary` cut along `axis`: into so many parts, of which the first are longer by one, or at these places.

    >>> import tinygrad_rnn as tg
    >>> tg.array_split(np.arange(5), 2)
    [array([0, 1, 2]), array([3, 4])]
    """
    ary = array_of(ary, "array_split")
    return _cut("array_split", ary, indices_or_sections, one_axis("array_split", axis, ary))


def vsplit(ary: X, indices_or_sections: Counts) -> list[X]:
    """The array `ary`, of two axes or more, split along the first."""
    return split(_with_axes("vsplit", ary, 2), indices_or_sections, 0)


def hsplit(ary: X, indices_or_sections: Counts) -> list[X]:
    """The array `ary` split along the second axis; a vector along its only one."""
    ary = _with_axes("hsplit", ary, 1)
    return split(ary, indices_or_sections, min(ary.ndim - 1, 1))


def dsplit(ary: X, indices_or_sections: Counts) -> list[X]:
    """The array `ary`, of three axes or more, split along the third."""
    return split(_with_axes("dsplit", ary, 3), indices_or_sections, 2)


def _with_axes(op: str, ary: Any, least: int) -> Any:
    ary = array_of(ary, op)
    if ary.ndim < least:
        raise ShapeError(f"{op}: the array has too few axes", expected=f"{least} or more", got=f"ary {ary.shape}")
    return ary


def _is_number(parts: Any) -> TypeGuard[int]:
    return isinstance(parts, int | np.integer) and not isinstance(parts, np.timedelta64)


def _cut(op: str, ary: Any, parts: Any, axis: int) -> list[Any]:
    size = ary.shape[axis]
    if _is_number(parts):
        if parts < 1:
            raise ShapeError(f"{op}: there are no {parts} parts", expected="1 or more")
        cuts = [size // int(parts) * k + min(k, size % int(parts)) for k in range(1, int(parts))]
    else:
        places = np.asarray(as_array(parts))
        if places.ndim != 1 or (places.dtype.kind not in "iu" and places.size):
            raise DTypeError(f"{op}: {parts!r:.60} does not say where to cut", expected="a number of parts, or a list "
                             "of places")  # fmt: skip
        cuts = places.astype(int).tolist()
    before = (slice(None),) * axis
    return [getitem(ary, index=(*before, slice(a, b))) for a, b in zip([0, *cuts], [*cuts, size], strict=True)]
