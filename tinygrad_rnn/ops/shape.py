"""The same numbers in another arrangement: all linear, each with its transpose."""

from __future__ import annotations

from collections.abc import Sequence
from functools import wraps
from typing import Any, Protocol, TypeAlias, overload

import numpy as np

from tinygrad_rnn.engine.apply import array_of
from tinygrad_rnn.engine.arrays import as_plain
from tinygrad_rnn.engine.declare import composite, linear, nondifferentiable, primitive
from tinygrad_rnn.engine.tensor import Array, Axes, Axis, Counts, DType, Numbers, Operand, Tensor
from tinygrad_rnn.errors import DTypeError, OptionError, ShapeError
from tinygrad_rnn.ops.indexing import getitem, one_axis, take

__all__ = [
    "astype", "atleast_1d", "atleast_2d", "atleast_3d", "broadcast_to", "expand_dims", "flip", "moveaxis", "pad",
    "repeat", "reshape", "roll", "squeeze", "swapaxes", "tile", "transpose",
]  # fmt: skip


class Each(Protocol):
    """A function of any number of arrays, each alone."""

    @overload
    def __call__(self, ary: Tensor, /) -> Tensor: ...  # type: ignore[overload-overlap]  # one alone
    @overload
    def __call__(self, ary: Numbers, /) -> Array: ...  # type: ignore[overload-overlap]
    @overload
    def __call__(self, *arys: Operand) -> tuple[Any, ...]: ...


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


@linear(transpose=lambda gy, x, *, shift, axis: roll(gy, -whole(shift), axis))
def roll(x: Array, /, shift: Counts, axis: Axis = None) -> Array:
    """y = x with each element moved on by `shift` along `axis`, the last ones to the front; flattened when None."""
    return np.roll(x, whole(shift), axis)


def whole(shift: Counts) -> Array:
    """Integers that have a sign; unsigned ones cannot be turned."""
    return np.asarray(shift).astype(int, casting="same_kind")


def for_each(f: Any) -> Each:
    """f of each argument: of one alone what it gives, of several a tuple."""

    @wraps(f)
    def each(*arys: Any) -> Any:
        made = tuple(f(array_of(x, f.__name__)) for x in arys)
        return made[0] if len(made) == 1 else made

    return each


@for_each
def atleast_1d(x: Any) -> Any:
    """Each of the arrays with one axis at least: a number becomes an array of one element."""
    return x if x.ndim else reshape(x, (1,))


@for_each
def atleast_2d(x: Any) -> Any:
    """Each of the arrays with two axes at least: a vector (N) becomes one row (1, N)."""
    return x if x.ndim > 1 else reshape(x, (1, -1))


@for_each
def atleast_3d(x: Any) -> Any:
    """Each of the arrays with three axes at least: a vector (N) becomes (1, N, 1), a matrix (M, N) (M, N, 1)."""
    return x if x.ndim > 2 else reshape(x, (*x.shape, 1) if x.ndim == 2 else (1, -1, 1))


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
    array = array_of(array)
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


@composite
def tile(A: Array, reps: Counts) -> Array:
    """The array A laid side by side `reps` times along each axis."""
    counts = np.atleast_1d(as_plain(reps, "tile"))
    if counts.size and counts.dtype.kind not in "iu":
        raise DTypeError(f"tile: reps={reps!r:.60} does not consist of integers", expected="integers")
    reps = tuple(counts.tolist())
    shape = array_of(A).shape
    ndim = max(len(shape), len(reps))
    shape = (1,) * (ndim - len(shape)) + shape
    reps = (1,) * (ndim - len(reps)) + reps
    pairs = list(zip(reps, shape, strict=True))
    paired = reshape(A, tuple(n for _, size in pairs for n in (1, size)))
    return reshape(broadcast_to(paired, tuple(n for pair in pairs for n in pair)), tuple(r * n for r, n in pairs))


@composite
def repeat(a: Array, repeats: Counts, axis: int | None = None) -> Array:
    """The array a with each element repeated along `axis` (flattened when None), `repeats` times or one number each."""
    a = atleast_1d(a)
    axis = None if axis is None else one_axis("repeat", axis, a)
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
