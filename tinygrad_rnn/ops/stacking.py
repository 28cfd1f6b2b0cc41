"""Arrays put together: along an axis that they have, or along a new one.

concatenate   along an axis that is there    append         two, flattened unless an axis is given
stack         along a new one                column_stack   vectors as the columns of a matrix
vstack, hstack, dstack: along the first, the second, the third axis, which numbers and vectors get before
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_rnn.engine.apply import array_of
from tinygrad_rnn.engine.declare import composite, primitive
from tinygrad_rnn.engine.tensor import Array, DType
from tinygrad_rnn.errors import DTypeError, check_option, check_sequence
from tinygrad_rnn.ops.indexing import getitem
from tinygrad_rnn.ops.shape import astype, atleast_1d, atleast_2d, atleast_3d, check_no_out, moveaxis, reshape

__all__ = ["append", "column_stack", "concatenate", "dstack", "hstack", "stack", "vstack"]


@primitive
def concatenate_(*xs: Array, axis: int | None) -> Array:
    """y = the arrays one after another along `axis` (flattened when None); their other sizes agree."""
    return np.concatenate(xs, axis)


def _concatenate_vjp(gy: Any, y: Any, *xs: Any, needed: Sequence[bool], axis: int | None) -> list[Any]:
    sizes = [x.size if axis is None else x.shape[axis] for x in xs]
    ends = np.cumsum(sizes)
    before = (slice(None),) * (0 if axis is None else axis % gy.ndim)
    return [
        reshape(getitem(gy, index=(*before, slice(int(end) - size, int(end)))), x.shape) if wanted else None
        for x, size, end, wanted in zip(xs, sizes, ends, needed, strict=True)
    ]


def _filled(dxs: Sequence[Any], xs: Sequence[Any]) -> list[Any]:
    return [np.zeros(x.shape, x.dtype) if dx is None else dx for dx, x in zip(dxs, xs, strict=True)]


concatenate_.vjp(xs=_concatenate_vjp)
concatenate_.jvp(xs=lambda dxs, y, *xs, axis: concatenate_(*_filled(dxs, xs), axis=axis))


@composite
def concatenate(
    arrays: Sequence[Any],
    axis: int | None = 0,
    out: None = None,
    *,
    dtype: DType | None = None,
    casting: str = "same_kind",
) -> Any:
    """The arrays one after another along `axis` (flattened when None); their other sizes agree.

    Args:
        arrays: at least one.
        axis: counted from the end where it is negative.
        out: None: the result is a new one.
        dtype: of the result.
        casting: how far that may be from the arrays' own, as numpy.can_cast says.
    """
    check_sequence("concatenate", "the arrays", arrays)
    return _joined("concatenate", concatenate_(*arrays, axis=axis), out, dtype, casting)


def _joined(op: str, y: Any, out: Any, dtype: Any, casting: Any) -> Any:
    check_no_out(op, out)
    check_option(op, "casting", casting, CASTINGS)
    if dtype is None:
        return y
    cast = astype(y, dtype)
    if not np.can_cast(y.dtype, cast.dtype, casting):
        raise DTypeError(f"{op}: {y.dtype} does not become {cast.dtype} by casting={casting!r}")
    return cast


CASTINGS = ("no", "equiv", "safe", "same_kind", "unsafe")


@primitive
def stack_(*xs: Array, axis: int) -> Array:
    """y = the arrays, all of one shape, side by side along a new axis."""
    return np.stack(xs, axis)


def _stack_vjp(gy: Any, y: Any, *xs: Any, needed: Sequence[bool], axis: int) -> list[Any]:
    rows = moveaxis(gy, axis, 0)
    return [rows[k] if wanted else None for k, wanted in enumerate(needed)]


stack_.vjp(xs=_stack_vjp)
stack_.jvp(xs=lambda dxs, y, *xs, axis: stack_(*_filled(dxs, xs), axis=axis))


@composite
def stack(
    arrays: Sequence[Any], axis: int = 0, out: None = None, *, dtype: DType | None = None, casting: str = "same_kind"
) -> Any:
    """The arrays, all of one shape, side by side along a new axis; the options as for concatenate."""
    check_sequence("stack", "the arrays", arrays)
    return _joined("stack", stack_(*arrays, axis=axis), out, dtype, casting)


@composite
def vstack(tup: list[Any], *, dtype: DType | None = None, casting: str = "same_kind") -> Any:
    """The arrays one below another, along the first axis; of a vector, one row. The options as for concatenate."""
    rows = _each("vstack", atleast_2d, tup)
    return _joined("vstack", concatenate_(*rows, axis=0), None, dtype, casting)


@composite
def hstack(tup: list[Any], *, dtype: DType | None = None, casting: str = "same_kind") -> Any:
    """The arrays side by side, along the second axis; vectors end to end. The options as for concatenate."""
    arrays = _each("hstack", atleast_1d, tup)
    axis = 0 if arrays and arrays[0].ndim == 1 else 1
    return _joined("hstack", concatenate_(*arrays, axis=axis), None, dtype, casting)


@composite
def dstack(tup: list[Any]) -> Any:
    """The arrays one behind another, along the third axis: a vector (N) is (1, N, 1), a matrix (M, N) is (M, N, 1)."""
    return concatenate_(*_each("dstack", atleast_3d, tup), axis=2)


@composite
def column_stack(tup: list[Any]) -> Any:
    """The arrays side by side as columns: a vector is one column, a matrix several."""
    return concatenate_(*_each("column_stack", _columns, tup), axis=1)


def _columns(x: Any) -> Any:
    return x if x.ndim > 1 else reshape(x, (-1, 1))


def _each(op: str, shaped: Any, arrays: Any) -> list[Any]:
    check_sequence(op, "the arrays", arrays)
    return [shaped(array_of(x, op)) for x in arrays]


@composite
def append(arr: Array, values: Array, axis: int | None = None) -> Array:
    """The array `arr` with `values` behind it along `axis`, both flattened when None.

    >>> append([[1.0, 2.0]], [[3.0, 4.0]])
    array([1., 2., 3., 4.])
    """
    return concatenate_(arr, values, axis=axis)
