"""Picking elements out, and adding them back: each read's transpose is a write that adds up duplicates."""

from __future__ import annotations

from contextlib import suppress
from math import prod
from operator import index as as_index
from typing import Any, overload

import numpy as np

from tinygrad_rnn.engine.apply import array_of, as_array
from tinygrad_rnn.engine.declare import composite, nondifferentiable, primitive
from tinygrad_rnn.engine.tensor import Array, DType, Index, Numbers, Operand, Tensor
from tinygrad_rnn.errors import DTypeError, OptionError, ShapeError

__all__ = [
    "argmax", "argmin", "argsort", "diagonal", "gather", "getitem", "index_add", "one_hot", "sort", "take",
    "take_along_axis",
]  # fmt: skip


@primitive
def getitem(x: Array, /, index: Index) -> Array:
    """y = x[index], as NumPy indexes: integers, slices, None, …, masks, integer arrays.  Duplicates add up in gx."""
    return x[index]


def _add_at(x: Array, index: Any, values: Any) -> None:
    if _is_basic(index):
        x[index] += values
    else:
        np.add.at(x, index, np.broadcast_to(values, x[index].shape))  # left to add.at, it reads beyond `values`


def _is_basic(index: Any) -> bool:
    """No array in it: every element of x is picked at most once."""
    return _BASIC.issuperset(map(type, index)) if type(index) is tuple else type(index) in _BASIC


_BASIC = frozenset({int, slice, type(None), type(Ellipsis)})
MANY = 4096  # positions that a record still lists


getitem.vjp(x=lambda gy, y, x, *, index: index_add(np.zeros(x.shape, x.dtype), index, gy))
getitem.jvp(x=lambda dx, y, x, *, index: getitem(dx, index=index))
getitem.into(lambda gx, gy, *, index: _add_at(gx, index, gy))
getitem.reads(lambda shape, *, index: positions(shape, index))
getitem.symbol("[ ]")


def positions(shape: tuple[int, ...], index: Any) -> tuple[Any, ...] | None:
    """What an index takes of an array of this shape, axis by axis: a position, a range, or several positions.

    >>> positions((5, 4, 3), (-1, slice(1, 3)))
    (4, range(1, 3))
    >>> positions((5, 4, 3), (..., [0, 2]))
    (range(0, 5), range(0, 4), (0, 2))
    """
    taken: list[Any] = []
    if any(np.size(item) > MANY for item in (index if isinstance(index, tuple) else (index,))):
        return None  # a long list of positions tells nobody anything
    items = [item for item in (index if isinstance(index, tuple) else (index,)) if item is not None]
    named = sum(_axes(item) for item in items if item is not Ellipsis)
    for item in items:
        left = shape[len(taken) :]
        if item is Ellipsis:
            taken += [range(n) for n in left[: len(shape) - named]]
        elif isinstance(item, slice):
            taken.append(range(*item.indices(left[0])))
        elif isinstance(item, int | np.integer) and not isinstance(item, bool):
            taken.append(int(item) % left[0])
        else:
            taken += _several(np.asarray(item), left)
    return tuple(taken)


def _axes(item: Any) -> int:
    """How many axes an item of an index stands for: a mask has its own."""
    array = np.asarray(item) if not isinstance(item, slice) else np.zeros(1)
    return array.ndim if array.dtype.kind == "b" else 1


def _several(item: Array, left: tuple[int, ...]) -> list[tuple[int, ...]]:
    axes = np.nonzero(item) if item.dtype.kind == "b" and item.ndim else [item.ravel() % left[0]] * _axes(item)
    return [tuple(int(k) for k in axis) for axis in axes]


@primitive
def index_add_(x: Array, values: Array, *, index: Any) -> Array:
    """y = x with `values` added at x[index]; duplicates add up."""
    y = np.array(x, dtype=np.result_type(x, values))
    _add_at(y, index, values)
    return y


index_add_.vjp(x=lambda gy, y, x, values, *, index: gy, values=lambda gy, y, x, values, *, index: gy[index])
index_add_.jvp(
    x=lambda dx, y, x, values, *, index: dx,
    values=lambda dv, y, x, values, *, index: index_add(np.zeros(y.shape, y.dtype), index, dv),
)


@overload
def index_add(x: Tensor, index: Index, values: Operand) -> Tensor: ...
@overload
def index_add(x: Numbers, index: Index, values: Tensor) -> Tensor: ...
@overload
def index_add(x: Numbers, index: Index, values: Numbers) -> Array: ...
def index_add(x: Any, index: Index, values: Any) -> Any:
    """x with `values` added at x[index]; where an index comes twice, both are added.

    >>> index_add(np.zeros(3), [0, 0, 2], np.array([1.0, 2.0, 3.0]))
    array([3., 0., 3.])
    """
    return index_add_(x, values, index=index)


def _integers(values: Any, what: str) -> Any:
    if values.dtype.kind not in "iu":
        raise DTypeError(f"{what} are {values.dtype}", expected="integers")
    return values


@primitive
def take(x: Array, indices: Array, /, axis: int | None = None) -> Array:
    """y = the elements of x at integer `indices` along `axis` (flattened when None).  Duplicates add up in gx."""
    return np.take(x, _integers(np.asarray(indices), "take: the indices"), axis=axis)


def _take_vjp(gy: Any, y: Any, x: Any, indices: Any, *, axis: int | None) -> Any:
    flat = np.asarray(as_array(indices))
    if axis is None:
        return index_add(np.zeros(x.size, x.dtype), flat, gy).reshape(x.shape)
    return index_add(np.zeros(x.shape, x.dtype), (slice(None),) * (axis % x.ndim) + (flat,), gy)


def _add_rows(gx: Array, gy: Array, indices: Array, *, axis: int | None) -> None:
    """gx[rows of `axis`] += gy, rows that come more than once summed first: one sort instead of one write each."""
    indices = np.asarray(indices)
    lines = gx.reshape(-1) if axis is None else np.moveaxis(gx, axis, 0)
    if axis is not None:
        at = axis % gx.ndim
        gy = np.moveaxis(gy, tuple(range(at, at + indices.ndim)), tuple(range(indices.ndim)))
    rows = (indices % lines.shape[0]).ravel()
    order = np.argsort(rows, kind="stable")
    rows = rows[order]
    starts = np.flatnonzero(np.diff(rows, prepend=-1))
    lines[rows[starts]] += np.add.reduceat(gy.reshape(rows.size, *lines.shape[1:])[order], starts, axis=0)


take.vjp(x=_take_vjp, indices=None)
take.jvp(x=lambda dx, y, x, indices, *, axis: take(dx, indices, axis=axis), indices=None)
take.into(_add_rows)
take.reads(lambda shape, indices, *, axis: _rows_taken(shape, np.asarray(as_array(indices)).ravel(), axis))
take.symbol("[ ]")


def _rows_taken(shape: tuple[int, ...], indices: Array, axis: int | None) -> tuple[Any, ...] | None:
    if axis is None or indices.size > MANY:  # of the flattened x no axis is named
        return None
    before = tuple(range(n) for n in shape[: axis % len(shape)])
    return (*before, tuple(int(k) for k in indices % shape[axis]))


@primitive
def take_along_axis(x: Array, indices: Array, /, axis: int | None = -1) -> Array:
    """y[…, k, …] = x[…, indices[…, k, …], …]: one index per line along `axis`; x and indices have as many axes."""
    return np.take_along_axis(np.asarray(x), _integers(np.asarray(indices), "take_along_axis: the indices"), axis=axis)


def _along(indices: Array, shape: tuple[int, ...], axis: int | None) -> tuple[Any, ...]:
    if axis is None:
        return np.unravel_index(indices % prod(shape), shape)
    grid = np.ogrid[tuple(slice(0, n) for n in shape)]  # of x, not of indices: a size of 1 in either broadcasts
    return tuple(indices if k == axis % len(shape) else grid[k] for k in range(len(shape)))


take_along_axis.vjp(
    x=lambda gy, y, x, indices, *, axis: index_add(
        np.zeros(x.shape, x.dtype), _along(as_array(indices), x.shape, axis), gy
    ),
    indices=None,
)
take_along_axis.jvp(x=lambda dx, y, x, indices, *, axis: take_along_axis(dx, indices, axis=axis), indices=None)
take_along_axis.symbol("[ ]")


def one_axis(op: str, axis: Any, x: Any) -> int:
    """The axis of x, counted from the start. Raises ShapeError where there is no such axis."""
    with suppress(Exception):  # whatever another library's number says when it is asked for an index
        k = as_index(axis)
        if -x.ndim <= k < x.ndim:
            return k % int(x.ndim)
    raise ShapeError(f"{op}: there is no axis {axis!r:.60}", expected=f"an axis of an array {x.shape}")


@composite
def gather(x: Array, axis: int, index: Operand) -> Array:
    """y[…, k, …] = x[…, index[…, k, …], …], as torch reads it: y has the shape of `index`, and nothing is broadcast.

    Args:
        x: of any shape.
        axis: along which `index` says what is taken.
        index: integers; along every other axis as long as x, or shorter, which leaves out the rest of x.

    >>> import tinygrad_rnn as tg
    >>> tg.gather([[1.0, 2.0], [3.0, 4.0]], 1, [[0, 0], [1, 0]])
    array([[1., 1.],
           [4., 3.]])
    """
    x, places = array_of(x, "gather"), array_of(index, "gather")
    k = one_axis("gather", axis, x)
    shape = places.shape
    if len(shape) != x.ndim or any(n > m for j, (n, m) in enumerate(zip(shape, x.shape, strict=True)) if j != k):
        raise ShapeError(
            f"gather: the index {shape} does not fit x {x.shape}",
            expected=f"as many axes, and none but axis {k} longer than that of x",
            help="take_along_axis broadcasts an index, and take picks whole rows",
        )
    within = tuple(slice(None) if j == k else slice(n) for j, n in enumerate(shape))
    return take_along_axis(getitem(x, index=within), places, axis=k)


@primitive
def diagonal(x: Array, /, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Array:
    """y = the elements x[…, i, …, i + offset, …], along a new last axis."""
    return np.diagonal(x, offset, axis1, axis2)


def _diagonal_vjp(gy: Any, y: Any, x: Any, *, offset: int, axis1: int, axis2: int) -> Any:
    places = np.diagonal(np.arange(x.size).reshape(x.shape), offset, axis1, axis2)
    return index_add(np.zeros(x.shape, x.dtype), np.unravel_index(places, x.shape), gy)


diagonal.vjp(x=_diagonal_vjp)
diagonal.jvp(x=lambda dx, y, x, **static: diagonal(dx, **static))


@nondifferentiable
def one_hot(ids: Array, /, num_classes: int, dtype: DType = np.float64) -> Array:
    """y[…, k] = 1 where k is the id, else 0, for integer ids in 0 … num_classes − 1."""
    ids = _integers(np.asarray(ids), "one_hot: the ids")
    _integers(np.asarray(num_classes), "one_hot: the classes")
    if num_classes < 0:
        raise OptionError(f"one_hot: num_classes={num_classes} is negative", expected="0 or more")
    if ids.size and not (ids.min() >= 0 and ids.max() < num_classes):
        raise ShapeError(f"one_hot: there are ids from {ids.min()} to {ids.max()}", expected=f"0 … {num_classes - 1}")
    return (ids[..., None] == np.arange(num_classes)).astype(dtype)


@nondifferentiable
def argmax(x: Array, /, axis: int | None = None, keepdims: bool = False) -> Array:
    """The index of the largest element along `axis` (of the flattened x when None); the first of a tie."""
    return np.argmax(x, axis=axis, keepdims=keepdims)


@nondifferentiable
def argmin(x: Array, /, axis: int | None = None, keepdims: bool = False) -> Array:
    """The index of the smallest element along `axis` (of the flattened x when None); the first of a tie."""
    return np.argmin(x, axis=axis, keepdims=keepdims)


@nondifferentiable
def argsort(x: Array, /, axis: int | None = -1) -> Array:
    """The indices that sort x along `axis`; equal elements keep their order."""
    return np.argsort(x, axis=axis, kind="stable")


@primitive
def sort(x: Array, /, axis: int | None = -1) -> Array:
    """y = x in rising order along `axis` (flattened when None); equal elements keep their order."""
    return np.sort(x, axis=axis, kind="stable")


def _sort_vjp(gy: Any, y: Any, x: Any, *, axis: int | None) -> Any:
    places = _order(_order(as_array(x), axis), axis)
    return take(gy, places).reshape(x.shape) if axis is None else take_along_axis(gy, places, axis=int(axis))


def _sort_jvp(dx: Any, y: Any, x: Any, *, axis: int | None) -> Any:
    order = _order(as_array(x), axis)
    return take(dx, order) if axis is None else take_along_axis(dx, order, axis=int(axis))


def _order(x: Array, axis: int | None) -> Array:
    return np.argsort(x, axis=None if axis is None else int(axis), kind="stable")  # of np.sort, True is axis 1


sort.vjp(x=_sort_vjp)
sort.jvp(x=_sort_jvp)
