"""Rules for ops that arrange the same numbers anew, pick some, or put them side by side."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, TypeAlias

import numpy as np

from tinygrad_rnn.engine.tensor import Array
from tinygrad_rnn.exchange.onnx.graph import OnnxBuilder
from tinygrad_rnn.exchange.onnx.operands import Operand, UnwrittenError, translates
from tinygrad_rnn.exchange.onnx.sizes import Dim, Size

B: TypeAlias = OnnxBuilder
X: TypeAlias = Operand
FAR = np.iinfo(np.int64).max
FIXED = "along an axis of any length"


def reshaped(b: B, x: str, shape: Sequence[Dim]) -> str:
    """x in another shape; one axis of any length is what is left."""
    free = [n for n in shape if isinstance(n, Size)]
    if len(free) == 1:
        return b.value("Reshape", x, b.integers([-1 if isinstance(n, Size) else n for n in shape]))
    return b.value("Reshape", x, b.shape(shape))


def flattened(b: B, x: str, ndim: int) -> str:
    """x as one line."""
    return x if ndim == 1 else b.value("Reshape", x, b.integers([-1]))


def transposed(b: B, x: str, order: Sequence[int]) -> str:
    """x with its axes in this order."""
    return x if list(order) == list(range(len(order))) else b.value("Transpose", x, perm=list(map(int, order)))


def sizes(x: X) -> tuple[int, ...]:
    """The shape of x. Raises UnwrittenError where a part of it may be of any length."""
    fixed = tuple(n for n in x.shape if isinstance(n, int))
    if len(fixed) < x.ndim:
        raise UnwrittenError(FIXED)
    return fixed


@translates("broadcast_to")
def broadcast_to(b: B, y: X, x: X, *, shape: Any) -> str:
    """x repeated up to a shape."""
    return b.value("Expand", x.name, b.shape(y.shape))


@translates("reshape")
def reshape(b: B, y: X, x: X, *, shape: Any) -> str:
    """The same numbers in another shape."""
    return reshaped(b, x.name, y.shape)


@translates("transpose")
def transpose(b: B, y: X, x: X, *, axes: Any) -> str:
    """The axes in another order."""
    return transposed(b, x.name, _order(x, lambda z: np.transpose(z, axes)))


@translates("swapaxes")
def swapaxes(b: B, y: X, x: X, *, axis1: int, axis2: int) -> str:
    """Two axes exchanged."""
    return transposed(b, x.name, _order(x, lambda z: np.swapaxes(z, axis1, axis2)))


@translates("moveaxis")
def moveaxis(b: B, y: X, x: X, *, source: Any, destination: Any) -> str:
    """Axes moved elsewhere."""
    return transposed(b, x.name, _order(x, lambda z: np.moveaxis(z, source, destination)))


def _order(x: X, f: Any) -> list[int]:
    """Which axis each one was before: seen on an array whose k-th axis has k + 1 elements."""
    return [n - 1 for n in f(np.empty(tuple(range(1, x.ndim + 1)))).shape]


@translates("expand_dims")
def expand_dims(b: B, y: X, x: X, *, axis: Any) -> str:
    """New axes of size 1."""
    axes = axis if isinstance(axis, tuple | list) else (axis,)
    return b.value("Unsqueeze", x.name, b.integers([int(k) % y.ndim for k in axes])) if len(axes) else x.name


@translates("squeeze")
def squeeze(b: B, y: X, x: X, *, axis: Any) -> str:
    """Axes of size 1 left out."""
    axes = [k for k, n in enumerate(x.shape) if n == 1] if axis is None else axis
    axes = [int(k) % x.ndim for k in (axes if isinstance(axes, tuple | list) else (axes,))]
    return b.value("Squeeze", x.name, b.integers(axes)) if axes else x.name


@translates("flip")
def flip(b: B, y: X, x: X, *, axis: Any) -> str:
    """Read backwards."""
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple | list) else (axis,)
    return _cut(b, x.name, {int(k) % x.ndim: slice(None, None, -1) for k in axes})


def _cut(b: B, x: str, slices: dict[int, slice]) -> str:
    """x with slices of some of its axes."""
    slices = {axis: cut for axis, cut in slices.items() if cut != slice(None)}
    if not slices:
        return x
    starts: list[Dim] = []
    ends: list[Dim] = []
    steps: list[Dim] = []
    for cut in slices.values():
        step = 1 if cut.step is None else cut.step
        starts.append((0 if step > 0 else FAR) if cut.start is None else cut.start)
        ends.append((FAR if step > 0 else -FAR) if cut.stop is None else cut.stop)
        steps.append(step)
    return b.value("Slice", x, b.shape(starts), b.shape(ends), b.integers(list(slices)), b.shape(steps))


@translates("concatenate")
def concatenate(b: B, y: X, *xs: X, axis: Any) -> str:
    """One after another."""
    parts = [x.of(y.kind) if axis is not None else flattened(b, x.of(y.kind), x.ndim) for x in xs]
    return b.value("Concat", *parts, axis=0 if axis is None else axis % y.ndim)


@translates("stack")
def stack(b: B, y: X, *xs: X, axis: int) -> str:
    """Side by side along a new axis."""
    along = axis % y.ndim
    return b.value("Concat", *(b.value("Unsqueeze", x.of(y.kind), b.integers([along])) for x in xs), axis=along)


@translates("constant_pad")
def constant_pad(b: B, y: X, x: X, *, pad_width: Any, constant_values: Any) -> str:
    """A number around it."""
    if not x.ndim:
        return x.name
    widths = np.broadcast_to(np.asarray(pad_width), (x.ndim, 2))
    kind = "i" if y.kind == "b" else y.kind
    value = b.constant("number", np.asarray(constant_values).astype({"f": "f4", "i": "i8"}[kind]))
    z = b.value("Pad", x.of(kind), b.integers([*map(int, widths[:, 0]), *map(int, widths[:, 1])]), value)
    return b.value("Cast", z, to=b.kind(np.bool_)) if y.kind == "b" else z


@translates("getitem")
def getitem(b: B, y: X, x: X, *, index: Any) -> str:
    """x[index]: integers, slices, None and …; and arrays where the shape is fixed, or one beside whole axes."""
    items = list(index) if isinstance(index, tuple) else [index]
    if all(item is None or item is ... or isinstance(item, slice | Size) or type(item) is int for item in items):
        return _basic(b, x, items)
    if not any(isinstance(n, Size) for n in x.shape):
        return _picked(b, x, np.arange(prod(sizes(x))).reshape(sizes(x))[index])
    arrays = [np.asarray(item) for item in items if item is not ... and not isinstance(item, slice)]
    others = [item for item in items if isinstance(item, slice) and item != slice(None)]
    if len(arrays) != 1 or arrays[0].dtype.kind not in "iu" or others:
        raise UnwrittenError(f"by several arrays, {FIXED}")
    at = next(k for k, item in enumerate(items) if item is not ... and not isinstance(item, slice))
    axis = at - len(items) + x.ndim if ... in [i for i in items[:at] if i is ...] else at
    return b.value("Gather", x.name, b.integers(arrays[0].tolist()), axis=axis)


def _basic(b: B, x: X, items: list[Any]) -> str:
    named = sum(item is not None and item is not ... for item in items)
    whole = [slice(None)] * (x.ndim - named)
    at = next((k for k, item in enumerate(items) if item is ...), len(items))
    items = [*items[:at], *whole, *items[at + 1 :]]
    axes = [item for item in items if item is not None]
    z = _cut(b, x.name, {k: item for k, item in enumerate(axes) if isinstance(item, slice)})
    for k, item in reversed(list(enumerate(axes))):
        if isinstance(item, Size):
            z = b.value("Squeeze", b.value("Gather", z, b.size(item), axis=k), b.integers([k]))
        elif not isinstance(item, slice):
            z = b.value("Gather", z, b.integers(item), axis=k)
    kept = [item for item in items if item is None or isinstance(item, slice)]
    fresh = [k for k, item in enumerate(kept) if item is None]
    return b.value("Unsqueeze", z, b.integers(fresh)) if fresh else z


def _picked(b: B, x: X, places: Array) -> str:
    """The elements of the flattened x that stand there."""
    return b.value("Gather", flattened(b, x.name, x.ndim), b.constant("places", places), axis=0)


@translates("take")
def take(b: B, y: X, x: X, indices: X, *, axis: Any) -> str:
    """Rows along an axis; of the flattened x where it is None."""
    if axis is None or not x.ndim:
        return b.value("Gather", flattened(b, x.name, x.ndim), indices.of("i"), axis=0)
    return b.value("Gather", x.name, indices.of("i"), axis=axis % x.ndim)


@translates("take_along_axis")
def take_along_axis(b: B, y: X, x: X, indices: X, *, axis: Any) -> str:
    """One index for each line; where either has size 1 beside the axis, it is repeated."""
    if axis is None:
        return b.value("GatherElements", flattened(b, x.name, x.ndim), indices.of("i"), axis=0)
    along = axis % x.ndim
    wide = [*y.shape[:along], x.shape[along], *y.shape[along + 1 :]]
    values = x.name if tuple(wide) == x.shape else b.value("Expand", x.name, b.shape(wide))
    places = indices.of("i") if y.shape == indices.shape else b.value("Expand", indices.of("i"), b.shape(y.shape))
    return b.value("GatherElements", values, places, axis=along)


@translates("diagonal")
def diagonal(b: B, y: X, x: X, *, offset: int, axis1: int, axis2: int) -> str:
    """The elements at k, k + offset of two axes, along a last one."""
    one, other = axis1 % x.ndim, axis2 % x.ndim
    rest = [k for k in range(x.ndim) if k not in (one, other)]
    n, m = x.shape[one], x.shape[other]
    if not isinstance(n, int) or not isinstance(m, int):
        raise UnwrittenError(FIXED)
    last = reshaped(b, transposed(b, x.name, [*rest, one, other]), [*(x.shape[k] for k in rest), n * m])
    places = np.diagonal(np.arange(n * m).reshape(n, m), offset)
    return b.value("Gather", last, b.constant("places", places), axis=len(rest))


@translates("one_hot")
def one_hot(b: B, y: X, ids: X, *, num_classes: int, dtype: Any) -> str:
    """1 where k is the id, else 0."""
    classes = b.constant("classes", np.arange(num_classes))
    same = b.value("Equal", b.value("Unsqueeze", ids.of("i"), b.integers([ids.ndim])), classes)
    return Operand(b, y.shape, "b", same).of(y.kind)


@translates("index_add")
def index_add(b: B, y: X, x: X, values: X, *, index: Any) -> str:
    """x with values added at x[index]; duplicates add up."""
    places = np.arange(prod(sizes(x))).reshape(sizes(x))[index]
    flat = flattened(b, x.of(y.kind), x.ndim)
    added = flattened(b, b.value("Expand", values.of(y.kind), b.integers(list(places.shape))), places.ndim)
    at = b.constant("places", places.ravel())
    return reshaped(b, b.value("ScatterElements", flat, at, added, axis=0, reduction="add"), y.shape)
