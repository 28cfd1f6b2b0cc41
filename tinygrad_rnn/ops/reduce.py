"""Many numbers to fewer, along axes: `axis` is None for all, an int, or a tuple; negative counts from the end."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.engine.apply import shape_of
from tinygrad_rnn.engine.declare import composite, linear, primitive
from tinygrad_rnn.engine.op import Rule
from tinygrad_rnn.engine.tensor import Array, Axis
from tinygrad_rnn.engine.typed import Declares
from tinygrad_rnn.errors import ShapeError, check_flags, check_number
from tinygrad_rnn.ops.arithmetic import abs_
from tinygrad_rnn.ops.choices import where
from tinygrad_rnn.ops.shape import broadcast_to, expand_dims, flip, reshape

__all__ = ["cumsum", "max_", "mean", "min_", "norm", "std", "sum_", "var"]


def restore(y: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    """A reduced value with its axes back as size 1, to broadcast against what it was reduced from."""
    if keepdims or not x.ndim:  # NumPy reduces a number over axis 0 or −1, which it has not
        return y
    return expand_dims(y, tuple(range(x.ndim)) if axis is None else axis)


def extent(x: Any, axis: Axis) -> int:
    """How many numbers each result of a reduction is made from."""
    return int(np.prod([x.shape[a] for a in axes_of(x, axis)], dtype=int))


def axes_of(x: Any, axis: Axis) -> tuple[int, ...]:
    """The axes of x that a reduction takes, counted from the front."""
    if axis is None or not x.ndim:
        return tuple(range(x.ndim))
    return tuple(a % x.ndim for a in ((axis,) if isinstance(axis, int | np.integer) else axis))


def reduction(slope: Rule) -> Declares:
    """Declare a reduction by ∂y/∂x for each element: `slope(y, x, axis=…, …)`, with y's axes restored."""

    def declare(forward: Rule) -> Any:
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


@linear(transpose=lambda gy, x, *, axis, keepdims: broadcast_to(restore(gy, x, axis, keepdims), x.shape), symbol="Σ")
def sum_(x: Array, /, axis: Axis = None, keepdims: bool = False) -> Array:
    """y = Σ x over `axis`.  gx = gy, spread over the axes that were summed."""
    return np.add.reduce(x, axis=axis, keepdims=keepdims)  # type: ignore[call-overload]


@linear(
    transpose=lambda gy, x, *, axis, keepdims: broadcast_to(
        restore(gy, x, axis, keepdims) / max(extent(x, axis), 1), x.shape
    )
)
def mean(x: Array, /, axis: Axis = None, keepdims: bool = False) -> Array:
    """y = Σ x / n over `axis`.  ∂y/∂x = 1/n."""
    return np.mean(x, axis=axis, keepdims=keepdims)


@reduction(lambda y, x, *, axis: share_of_ties(y, x, axis))
def max_(x: Array, /, axis: Axis = None, keepdims: bool = False) -> Array:
    """y = the largest x along `axis`, which must not be empty.  ∂y/∂x = 1 there; ties share equally."""
    return np.max(x, axis=axis, keepdims=keepdims)


def share_of_ties(y: Any, x: Any, axis: Axis) -> Any:
    chosen = (x == y) + (x != x)  # noqa: PLR0124  (NaN)
    return chosen / sum_(1.0 * chosen, axis=axis, keepdims=True)


@reduction(lambda y, x, *, axis: share_of_ties(y, x, axis))
def min_(x: Array, /, axis: Axis = None, keepdims: bool = False) -> Array:
    """y = the smallest x along `axis`, which must not be empty.  ∂y/∂x = 1 there; ties share equally."""
    return np.min(x, axis=axis, keepdims=keepdims)


@reduction(lambda y, x, *, axis, ddof: 2 * (x - mean(x, axis=axis, keepdims=True)) / max(extent(x, axis) - ddof, 0))
def var(x: Array, /, axis: Axis = None, ddof: float = 0, keepdims: bool = False) -> Array:
    """y = Σ (x − x̄)² / (n − ddof) over `axis`.  ∂y/∂x = 2(x − x̄)/(n − ddof)."""
    check_number("var", "ddof", ddof)
    return np.var(x, axis=axis, ddof=ddof, keepdims=keepdims)


@reduction(
    lambda y, x, *, axis, ddof: (
        (x - mean(x, axis=axis, keepdims=True)) / (where(y == 0, 1.0, y) * max(extent(x, axis) - ddof, 0))
    )
)
def std(x: Array, /, axis: Axis = None, ddof: float = 0, keepdims: bool = False) -> Array:
    """y = √var(x) over `axis`.  ∂y/∂x = (x − x̄)/((n − ddof)·y), 0 where y = 0."""
    check_number("std", "ddof", ddof)
    return np.std(x, axis=axis, ddof=ddof, keepdims=keepdims)


@reduction(lambda y, x, *, axis: x / where(y == 0, 1.0, y))
def euclidean_norm(x: Array, /, axis: Axis = None, keepdims: bool = False) -> Array:
    """y = √Σ x² over `axis`, without overflow of the squares.  ∂y/∂x = x/y, 0 where y = 0."""
    scale = np.max(np.abs(x), axis=axis, keepdims=True, initial=0.0)
    scale = np.where(np.isfinite(scale) & (scale > 0), scale, np.ones_like(scale))
    y = scale * np.sqrt(np.add.reduce(np.square(x / scale), axis=axis, keepdims=True))
    return y if keepdims else np.squeeze(y, axis=axis if axis is not None else tuple(range(np.ndim(x))))


@composite
def norm(x: Array, ord: float | None = None, axis: Axis = None, keepdims: bool = False) -> Array:
    """y = (Σ |x|ᵖ)^(1/p) over `axis`: the length of a vector.

    Args:
        x: of any shape.
        ord: p: None or 2 (Euclid), 1, or inf (the largest |x|); over several axes None alone (Frobenius).
        axis: as for every reduction.
        keepdims: likewise.
    Raises:
        ShapeError: another `ord`, or one over several axes: norms of matrices as operators are not built.
    """
    check_flags("norm", keepdims=keepdims)
    axes = len(shape_of(x)) if axis is None else len(axis) if isinstance(axis, tuple) else 1
    if ord is not None and axes > 1:
        raise ShapeError(f"norm: ord={ord!r} over {axes} axes is not built", help="leave ord out, or give one axis")
    if ord is None or ord == 2:
        return euclidean_norm(x, axis=axis, keepdims=keepdims)
    if ord == 1:
        return sum_(abs_(x), axis=axis, keepdims=keepdims)
    if ord == np.inf:
        return max_(abs_(x), axis=axis, keepdims=keepdims)
    raise ShapeError(f"norm: ord={ord!r} is not built", expected="None, 1, 2 or inf")


@linear(transpose=lambda gy, x, *, axis: reshape(_backwards(gy, 0 if axis is None else axis), x.shape))
def cumsum(x: Array, /, axis: int | None = None) -> Array:
    """yₖ = Σ x up to and including k along `axis` (of the flattened x when None).  gxᵢ = Σ gyₖ over k ≥ i."""
    return np.cumsum(x, axis=axis)


def _backwards(gy: Any, axis: int) -> Any:
    return flip(cumsum(flip(gy, axis), axis), axis)
