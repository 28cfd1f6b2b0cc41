"""Many numbers to fewer, along axes: `axis` is None for all, an int, or a tuple; negative counts from the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_rnn.errors import ShapeError
from tinygrad_rnn.ops.arithmetic import abs_, where
from tinygrad_rnn.ops.pointwise import exp
from tinygrad_rnn.ops.shape import (
    broadcast_to,
    concatenate,
    expand_dims,
    flip,
    moveaxis,
    reshape,
    stack,
)
from tinygrad_rnn.primitive import Primitive, linear, primitive
from tinygrad_rnn.tensor import Array

Axis = int | tuple[int, ...] | None


def restore(y: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    """A reduced value with its axes back as size 1, to broadcast against what it was reduced from."""
    if keepdims:
        return y
    return expand_dims(y, tuple(range(x.ndim)) if axis is None else axis)


def extent(x: Any, axis: Axis) -> int:
    """How many numbers each result of a reduction is made from."""
    axes = range(x.ndim) if axis is None else (axis,) if isinstance(axis, int | np.integer) else axis
    return int(np.prod([x.shape[a] for a in axes], dtype=int))


def reduction(slope: Callable[..., Any]) -> Callable[[Callable[..., Any]], Primitive]:
    """Declare a reduction by ∂y/∂x for each element: `slope(y, x, axis=…, …)`, with y's axes restored."""

    def declare(forward: Callable[..., Any]) -> Primitive:
        op = primitive(forward)

        def weights(y: Any, x: Any, axis: Axis, keepdims: bool, **static: Any) -> Any:
            return slope(restore(y, x, axis, keepdims), x, axis=axis, **static)

        def vjp(gy: Any, y: Any, x: Any, *, axis: Axis, keepdims: bool, **static: Any) -> Any:
            return restore(gy, x, axis, keepdims) * weights(y, x, axis, keepdims, **static)

        def jvp(dx: Any, y: Any, x: Any, *, axis: Axis, keepdims: bool, **static: Any) -> Any:
            return sum_(dx * weights(y, x, axis, keepdims, **static), axis=axis, keepdims=keepdims)

        op.vjp(x=vjp)
        op.jvp(x=jvp)
        return op

    return declare


@linear(transpose=lambda gy, x, *, axis, keepdims: broadcast_to(restore(gy, x, axis, keepdims), x.shape))
def sum_(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """y = Σ x over `axis`.  gx = gy, spread over the axes that were summed."""
    return np.add.reduce(x, axis=axis, keepdims=keepdims)  # type: ignore[call-overload]


@linear(
    transpose=lambda gy, x, *, axis, keepdims: broadcast_to(
        restore(gy, x, axis, keepdims) / max(extent(x, axis), 1), x.shape
    )
)
def mean(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """y = Σ x / n over `axis`.  ∂y/∂x = 1/n."""
    return np.mean(x, axis=axis, keepdims=keepdims)


def _share_of_ties(y: Any, x: Any, *, axis: Axis) -> Any:
    chosen = (x == y) + (x != x)  # noqa: PLR0124  (NaN)
    return chosen / sum_(1.0 * chosen, axis=axis, keepdims=True)


@reduction(_share_of_ties)
def max_(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """y = the largest x along `axis`, which must not be empty.  ∂y/∂x = 1 there; ties share equally."""
    return np.max(x, axis=axis, keepdims=keepdims)


@reduction(_share_of_ties)
def min_(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """y = the smallest x along `axis`, which must not be empty.  ∂y/∂x = 1 there; ties share equally."""
    return np.min(x, axis=axis, keepdims=keepdims)


@reduction(lambda y, x, *, axis, ddof: 2 * (x - mean(x, axis=axis, keepdims=True)) / (extent(x, axis) - ddof))
def var(x: Array, *, axis: Axis = None, ddof: int = 0, keepdims: bool = False) -> Array:
    """y = Σ (x − x̄)² / (n − ddof) over `axis`.  ∂y/∂x = 2(x − x̄)/(n − ddof)."""
    return np.var(x, axis=axis, ddof=ddof, keepdims=keepdims)


@reduction(
    lambda y, x, *, axis, ddof: (
        (x - mean(x, axis=axis, keepdims=True)) / (where(y == 0, 1.0, y) * (extent(x, axis) - ddof))
    )
)
def std(x: Array, *, axis: Axis = None, ddof: int = 0, keepdims: bool = False) -> Array:
    """y = √var(x) over `axis`.  ∂y/∂x = (x − x̄)/((n − ddof)·y), 0 where y = 0."""
    return np.std(x, axis=axis, ddof=ddof, keepdims=keepdims)


@reduction(lambda y, x, *, axis: x / where(y == 0, 1.0, y))
def euclidean_norm(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """y = √Σ x² over `axis`, without overflow of the squares.  ∂y/∂x = x/y, 0 where y = 0."""
    scale = np.max(np.abs(x), axis=axis, keepdims=True, initial=0.0)
    scale = np.where(np.isfinite(scale) & (scale > 0), scale, np.ones_like(scale))
    y = scale * np.sqrt(np.add.reduce(np.square(x / scale), axis=axis, keepdims=True))
    return y if keepdims else np.squeeze(y, axis=axis if axis is not None else tuple(range(np.ndim(x))))


def norm(x: Any, ord: float | None = None, axis: Axis = None, keepdims: bool = False) -> Any:
    """y = (Σ |x|ᵖ)^(1/p) over `axis`: the length of a vector.

    Args:
        x: of any shape.
        ord: p: None or 2 (Euclid), 1, or inf (the largest |x|); over several axes None alone (Frobenius).
        axis: as for every reduction.
        keepdims: likewise.
    Raises:
        ShapeError: another `ord`, or one over several axes: norms of matrices as operators are not built.
    """
    axes = np.ndim(x) if axis is None else len(axis) if isinstance(axis, tuple) else 1
    if ord is not None and axes > 1:
        raise ShapeError(f"norm: ord={ord!r} over {axes} axes is not built", help="leave ord out, or give one axis")
    if ord is None or ord == 2:
        return euclidean_norm(x, axis=axis, keepdims=keepdims)
    if ord == 1:
        return sum_(abs_(x), axis=axis, keepdims=keepdims)
    if ord == np.inf:
        return max_(abs_(x), axis=axis, keepdims=keepdims)
    raise ShapeError(f"norm: ord={ord!r} is not built", expected="None, 1, 2 or inf")


# products: by prefix products and recurrences, never by division, so zeros are ordinary numbers at every order


def _prefix(x: Any) -> Any:
    """[1, x₁, x₁x₂, …] along the last axis: for each element the product of those before it."""
    one = np.ones((*x.shape[:-1], 1), x.dtype)
    return cumprod(concatenate([one, x[..., :-1]], axis=-1), axis=-1)


def _product_of_others(y: Any, x: Any, *, axis: Axis) -> Any:
    axes = tuple(range(x.ndim)) if axis is None else (axis,) if isinstance(axis, int | np.integer) else axis
    axes = tuple(a % x.ndim for a in axes)
    last = tuple(range(-len(axes), 0))
    moved = moveaxis(x, axes, last)
    flat = reshape(moved, (*moved.shape[: x.ndim - len(axes)], extent(x, axes)))
    if flat.shape[-1] == 0:
        return x
    others = _prefix(flat) * flip(_prefix(flip(flat, -1)), -1)
    return moveaxis(reshape(others, moved.shape), last, axes)


@reduction(_product_of_others)
def prod(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """y = Π x over `axis`.  ∂y/∂xᵢ = the product of the others, at every order and with any number of zeros."""
    return np.prod(x, axis=axis, keepdims=keepdims)


@linear(
    transpose=lambda gy, x, *, axis: (
        reshape(flip(cumsum(flip(gy, 0), 0), 0), x.shape) if axis is None else flip(cumsum(flip(gy, axis), axis), axis)
    )
)
def cumsum(x: Array, *, axis: int | None = None) -> Array:
    """yₖ = Σ x up to and including k along `axis` (of the flattened x when None).  gxᵢ = Σ gyₖ over k ≥ i."""
    return np.cumsum(x, axis=axis)


def _columns(x: Any, axis: int | None) -> list[Any]:
    """The slices of x along `axis`, in order; of the flattened x when None."""
    line = reshape(x, (-1,)) if axis is None else moveaxis(x, axis, 0)
    return [line[k] for k in range(line.shape[0])]


def _cumprod_vjp(gy: Any, y: Any, x: Any, *, axis: int | None) -> Any:
    if x.size == 0:
        return reshape(gy, x.shape)
    g, ys, xs = _columns(gy, axis), _columns(y, axis), _columns(x, axis)
    back = [g[-1]]  # ȳₖ = gyₖ + xₖ₊₁ ȳₖ₊₁, then gxₖ = yₖ₋₁ ȳₖ
    for k in range(len(xs) - 2, -1, -1):
        back.append(g[k] + xs[k + 1] * back[-1])
    back.reverse()
    gx = stack([back[0], *(ys[k - 1] * back[k] for k in range(1, len(xs)))])
    return reshape(gx, x.shape) if axis is None else moveaxis(gx, 0, axis)


def _cumprod_jvp(dx: Any, y: Any, x: Any, *, axis: int | None) -> Any:
    if x.size == 0:
        return reshape(dx, y.shape)
    d, ys, xs = _columns(dx, axis), _columns(y, axis), _columns(x, axis)
    ahead = [d[0]]  # dyₖ = dyₖ₋₁ xₖ + yₖ₋₁ dxₖ
    for k in range(1, len(xs)):
        ahead.append(ahead[-1] * xs[k] + ys[k - 1] * d[k])
    dy = stack(ahead)
    return dy if axis is None else moveaxis(dy, 0, axis)


@primitive
def cumprod(x: Array, *, axis: int | None = None) -> Array:
    """yₖ = Π x up to and including k along `axis` (of the flattened x when None): yₖ = yₖ₋₁ xₖ."""
    return np.cumprod(x, axis=axis)


cumprod.vjp(x=_cumprod_vjp)
cumprod.jvp(x=_cumprod_jvp)


# stable: the largest element is taken out before anything is exponentiated


def _shift(x: Any, axis: Axis) -> Any:
    x = np.asarray(x)
    floats = x if x.dtype.kind == "f" else x.astype(np.float64)
    top = np.max(floats, axis=axis, keepdims=True, initial=-np.inf)
    return np.where(np.isfinite(top), top, np.zeros_like(top))


@reduction(lambda y, x, *, axis: exp(x - y))
def logsumexp(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """y = log Σ eˣ over `axis`.  ∂y/∂x = eˣ⁻ʸ, the softmax."""
    top = _shift(x, axis)
    with np.errstate(divide="ignore"):
        y = np.log(np.add.reduce(np.exp(x - top), axis=axis, keepdims=True)) + top
    return y if keepdims else np.squeeze(y, axis=axis if axis is not None else tuple(range(np.ndim(x))))


def _softmax_rule(g: Any, y: Any, x: Any, *, axis: Axis) -> Any:
    return y * (g - sum_(g * y, axis=axis, keepdims=True))


@primitive
def softmax(x: Array, *, axis: Axis = -1) -> Array:
    """y = eˣ / Σ eˣ over `axis`.  gx = y·(gy − Σ gy·y)."""
    e = np.exp(x - _shift(x, axis))
    return e / np.add.reduce(e, axis=axis, keepdims=True)


softmax.vjp(x=_softmax_rule)
softmax.jvp(x=_softmax_rule)


@primitive
def log_softmax(x: Array, *, axis: Axis = -1) -> Array:
    """y = x − log Σ eˣ over `axis`.  gx = gy − eʸ·Σ gy."""
    shifted = x - _shift(x, axis)
    with np.errstate(divide="ignore"):  # of no classes: log 0, which no element takes
        return shifted - np.log(np.add.reduce(np.exp(shifted), axis=axis, keepdims=True))


log_softmax.vjp(x=lambda gy, y, x, *, axis: gy - exp(y) * sum_(gy, axis=axis, keepdims=True))
log_softmax.jvp(x=lambda dx, y, x, *, axis: dx - sum_(exp(y) * dx, axis=axis, keepdims=True))
