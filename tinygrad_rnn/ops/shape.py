"""The same numbers in another arrangement: all linear, each with its transpose."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from operator import index
from typing import Any, TypeAlias

import numpy as np

from tinygrad_rnn.engine.apply import as_array
from tinygrad_rnn.engine.arrays import as_plain
from tinygrad_rnn.engine.declare import composite, linear, nondifferentiable, primitive
from tinygrad_rnn.engine.tensor import Array, Axes, Axis, Counts, DType, Tensor
from tinygrad_rnn.engine.typed import X
from tinygrad_rnn.errors import DTypeError, OptionError, ShapeError, check_option, check_sequence
from tinygrad_rnn.ops.indexing import getitem, take

__all__ = [
    "astype", "broadcast_to", "concatenate", "expand_dims", "flip", "moveaxis", "pad", "repeat", "reshape", "split",
    "squeeze", "stack", "swapaxes", "tile", "transpose",
]  # fmt: skip


def sum_to(x: Any, shape: tuple[int, ...]) -> Any:
    """Σ x over the axes that broadcasting from `shape` added or stretched: the transpose of broadcast_to."""
    extra = x.ndim - len(shape)
    y = x.sum(axis=tuple(range(extra))) if extra else x
    stretched = tuple(k for k, n in enumerate(shape) if n == 1 and y.shape[k] != 1)
    return y.sum(axis=stretched, keepdims=True) if stretched else y


@linear(transpose=lambda gy, x, *, shape: sum_to(gy, x.shape))
def broadcast_to(x: Array, /, shape: Axes) -> Array:
    """y = x repeated along new axes and axes of size 1, up to `shape`.  gx = gy summed over them."""
    return np.broadcast_to(x, shape)


@linear(transpose=lambda gy, x, *, shape: reshape(gy, x.shape))
def reshape(x: Array, /, shape: Axes) -> Array:
    """y = the same numbers in the same order, as `shape`; one size may be −1."""
    return np.reshape(x, shape)


@linear(
    transpose=lambda gy, x, *, axes: transpose(gy, None if axes is None else tuple(np.argsort(_positive(axes)))),
    symbol="ᵀ",
)
def transpose(x: Array, /, axes: tuple[int, ...] | None = None) -> Array:
    """y = x with its axes in the order `axes`, reversed when None."""
    return np.transpose(x, axes)


def _positive(axes: Sequence[int]) -> list[int]:
    return [axis % len(axes) for axis in axes]


@linear(transpose=lambda gy, x, *, axis1, axis2: swapaxes(gy, axis1, axis2), symbol="ᵀ")
def swapaxes(x: Array, /, axis1: int, axis2: int) -> Array:
    """y = x with two axes exchanged."""
    return np.swapaxes(x, axis1, axis2)


@linear(transpose=lambda gy, x, *, source, destination: moveaxis(gy, destination, source))
def moveaxis(x: Array, /, source: Axes, destination: Axes) -> Array:
    """y = x with the axes `source` moved to the places `destination`."""
    return np.moveaxis(x, source, destination)


@linear(transpose=lambda gy, x, *, axis: reshape(gy, x.shape))
def expand_dims(x: Array, /, axis: Axes) -> Array:
    """y = x with new axes of size 1 at the places `axis`."""
    return np.expand_dims(x, axis)


@linear(transpose=lambda gy, x, *, axis: reshape(gy, x.shape))
def squeeze(x: Array, /, axis: Axis = None) -> Array:
    """y = x without the axes `axis`, which must have size 1; without all such axes when None."""
    return np.squeeze(x, axis)


@linear(transpose=lambda gy, x, *, axis: flip(gy, axis))
def flip(x: Array, /, axis: Axis = None) -> Array:
    """y = x read backwards along `axis`, along all axes when None."""
    return np.flip(x, axis)


@linear(transpose=lambda gy, x, *, dtype: gy)
def astype_(x: Array, *, dtype: Any) -> Array:
    """y = x in another floating dtype; the gradient comes back in x's own."""
    return np.asarray(x).astype(dtype)


@nondifferentiable
def discretized(x: Array, *, dtype: Any) -> Array:
    """y = x as integers or booleans: piecewise constant, so no gradient passes."""
    return np.asarray(x).astype(dtype)


@composite
def astype(x: Array, dtype: DType) -> Array:
    """y = x in another dtype: between floats the gradient comes back in x's own, through integers none passes."""
    try:
        smooth = np.dtype(dtype).kind in "fc"
    except (TypeError, ValueError) as error:
        raise DTypeError(f"astype: there is no dtype {dtype!r:.60}", help=f"NumPy says: {error}") from None
    return (astype_ if smooth else discretized)(x, dtype=dtype)


def check_no_out(op: str, out: Any) -> None:
    """Raise OptionError where NumPy would write the result into an array."""
    if out is not None:
        raise OptionError(f"{op}: no array is written to", expected="out=None", got=f"out={type(out).__name__}",
                          help=f"the result is a new one: y = tg.{op}(x)")  # fmt: skip


def _array(x: Any) -> Any:
    return x if isinstance(x, Tensor) else np.asarray(as_array(x))


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


def split(ary: X, indices_or_sections: Counts, axis: int = 0) -> list[X]:
    """The array `ary` cut along `axis`: into so many equal parts, or at these places.

    Raises:
        ShapeError: the axis does not divide into equal parts.
    """
    ary = _array(ary)
    axis = _one_axis("split", axis, ary)
    size = ary.shape[axis]
    if isinstance(indices_or_sections, int | np.integer) and not isinstance(indices_or_sections, np.timedelta64):
        parts = int(indices_or_sections)
        if parts < 1 or size % parts:
            raise ShapeError(
                f"split: {size} does not divide into {parts} equal parts",
                got=f"ary {ary.shape}, axis {axis}",
                help="pass the places to cut at",
            )
        cuts = [size // parts * k for k in range(1, parts)]
    else:
        places = np.asarray(as_array(indices_or_sections))
        if places.ndim != 1 or (places.dtype.kind not in "iu" and places.size):
            raise DTypeError(f"split: {indices_or_sections!r:.60} does not say where to cut", expected="a number of "
                             "parts, or a list of places")  # fmt: skip
        cuts = places.astype(int).tolist()
    before = (slice(None),) * axis
    return [getitem(ary, index=(*before, slice(a, b))) for a, b in zip([0, *cuts], [*cuts, size], strict=True)]


Widths: TypeAlias = Counts | Sequence[Sequence[int]]


COPYING = ("edge", "reflect", "symmetric", "wrap")


@composite
def pad(array: Array, pad_width: Widths, mode: str = "constant", constant_values: float = 0) -> Array:
    """The array with more elements before and after each axis, as numpy.pad places them.

    Args:
        array: of any shape.
        pad_width: a number, (before, after), or one such pair per axis.
        mode: "constant", or "edge", "reflect", "symmetric", "wrap": every new element is a copy of one of its own.
        constant_values: the new elements of mode "constant".
    """
    if isinstance(pad_width, dict):
        raise OptionError("pad: pad_width is a dict", expected="a number, (before, after), or one such pair per axis")
    if isinstance(mode, str) and mode == "constant":
        return constant_pad(array, pad_width=pad_width, constant_values=constant_values)
    if not isinstance(mode, str) or mode not in COPYING:
        raise ShapeError(f"pad: there is no mode {mode!r:.60}", expected=f"constant, {', '.join(COPYING)}")
    array = _array(array)
    try:
        places = np.pad(np.arange(array.size).reshape(array.shape), pad_width, mode=mode)  # type: ignore[call-overload]
    except (ValueError, TypeError) as error:
        raise ShapeError(
            f"pad: pad_width={pad_width!r:.60} does not fit an array {array.shape}", help=f"NumPy says: {error}"
        ) from None
    return take(array, places)


@primitive
def constant_pad(x: Array, *, pad_width: Any, constant_values: float = 0) -> Array:
    """y = x with `constant_values` around it, pad_width (before, after) elements along each axis."""
    return np.pad(x, pad_width, constant_values=constant_values)


def _interior(gy: Any, x: Any, *, pad_width: Any, constant_values: float) -> Any:
    pairs = np.broadcast_to(pad_width, (x.ndim, 2))
    return getitem(gy, index=tuple(slice(int(a), int(a) + n) for (a, _), n in zip(pairs, x.shape, strict=True)))


constant_pad.vjp(x=lambda gy, y, x, **static: _interior(gy, x, **static))
constant_pad.jvp(x=lambda dx, y, x, *, pad_width, constant_values: constant_pad(dx, pad_width=pad_width))


def _one_axis(op: str, axis: Any, x: Any) -> int:
    """The axis of x, counted from the start. Raises ShapeError where there is no such axis."""
    with suppress(Exception):  # whatever another library's number says when it is asked for an index
        k = index(axis)
        if -x.ndim <= k < x.ndim:
            return k % int(x.ndim)
    raise ShapeError(f"{op}: there is no axis {axis!r:.60}", expected=f"an axis of an array {x.shape}")


@composite
def tile(A: Array, reps: Counts) -> Array:
    """The array A laid side by side `reps` times along each axis."""
    counts = np.atleast_1d(as_plain(reps, "tile"))
    if counts.size and counts.dtype.kind not in "iu":
        raise DTypeError(f"tile: reps={reps!r:.60} does not consist of integers", expected="integers")
    reps = tuple(counts.tolist())
    shape = _array(A).shape
    ndim = max(len(shape), len(reps))
    shape = (1,) * (ndim - len(shape)) + shape
    reps = (1,) * (ndim - len(reps)) + reps
    pairs = list(zip(reps, shape, strict=True))
    paired = reshape(A, tuple(n for _, size in pairs for n in (1, size)))
    return reshape(broadcast_to(paired, tuple(n for pair in pairs for n in pair)), tuple(r * n for r, n in pairs))


@composite
def repeat(a: Array, repeats: Counts, axis: int | None = None) -> Array:
    """The array a with each element repeated along `axis` (flattened when None), `repeats` times or one number each."""
    a = _array(a)
    axis = None if axis is None else _one_axis("repeat", axis, a)
    size = a.size if axis is None else a.shape[axis]
    counts = as_plain(repeats, "repeat")
    if counts.dtype.kind not in "biu" and counts.size:
        raise DTypeError(f"repeat: repeats={repeats!r:.60} does not consist of integers", expected="integers")
    try:
        places = np.repeat(np.arange(size), counts if counts.size else counts.astype(int))
    except (ValueError, TypeError) as error:
        raise ShapeError(
            f"repeat: repeats={repeats!r:.60} does not fit {size} elements", help=f"NumPy says: {error}"
        ) from None
    return take(a, places, axis=axis)
