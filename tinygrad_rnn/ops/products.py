"""Products: by prefix products and recurrences, never by division, so zeros are ordinary numbers at every order."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.engine.declare import primitive
from tinygrad_rnn.engine.tensor import Array, Axis
from tinygrad_rnn.ops.reduce import axes_of, extent, reduction
from tinygrad_rnn.ops.shape import concatenate, flip, moveaxis, reshape, stack

__all__ = ["cumprod", "prod"]


@reduction(lambda y, x, *, axis: _product_of_others(x, axis))
def prod(x: Array, /, axis: Axis = None, keepdims: bool = False) -> Array:
    """y = Π x over `axis`.  ∂y/∂xᵢ = the product of the others, at every order and with any number of zeros."""
    return np.prod(x, axis=axis, keepdims=keepdims)


def _product_of_others(x: Any, axis: Axis) -> Any:
    axes = axes_of(x, axis)
    last = tuple(range(-len(axes), 0))
    moved = moveaxis(x, axes, last)
    flat = reshape(moved, (*moved.shape[: x.ndim - len(axes)], extent(x, axes)))
    if flat.shape[-1] == 0:
        return x
    others = _prefix(flat) * flip(_prefix(flip(flat, -1)), -1)
    return moveaxis(reshape(others, moved.shape), last, axes)


def _prefix(x: Any) -> Any:
    """[1, x₁, x₁x₂, …] along the last axis: for each element the product of those before it."""
    one = np.ones((*x.shape[:-1], 1), x.dtype)
    return cumprod(concatenate([one, x[..., :-1]], axis=-1), axis=-1)


@primitive
def cumprod(x: Array, /, axis: int | None = None) -> Array:
    """yₖ = Π x up to and including k along `axis` (of the flattened x when None): yₖ = yₖ₋₁ xₖ."""
    return np.cumprod(x, axis=axis)


def _cumprod_vjp(gy: Any, y: Any, x: Any, *, axis: int | None) -> Any:
    if x.size == 0:
        return reshape(gy, x.shape)
    g, ys, xs = _columns(gy, axis), _columns(y, axis), _columns(x, axis)
    back = [g[-1]]  # ȳₖ = gyₖ + xₖ₊₁ ȳₖ₊₁, then gxₖ = yₖ₋₁ ȳₖ
    for k in range(len(xs) - 2, -1, -1):
        back.append(g[k] + xs[k + 1] * back[-1])
    back.reverse()
    gx = stack([back[0], *(ys[k - 1] * back[k] for k in range(1, len(xs)))])
    return reshape(gx, x.shape) if axis is None or not x.ndim else moveaxis(gx, 0, axis)


def _cumprod_jvp(dx: Any, y: Any, x: Any, *, axis: int | None) -> Any:
    if x.size == 0:
        return reshape(dx, y.shape)
    d, ys, xs = _columns(dx, axis), _columns(y, axis), _columns(x, axis)
    ahead = [d[0]]  # dyₖ = dyₖ₋₁ xₖ + yₖ₋₁ dxₖ
    for k in range(1, len(xs)):
        ahead.append(ahead[-1] * xs[k] + ys[k - 1] * d[k])
    dy = stack(ahead)
    return dy if axis is None or not x.ndim else moveaxis(dy, 0, axis)


def _columns(x: Any, axis: int | None) -> list[Any]:
    """The slices of x along `axis`, in order; of the flattened x when None."""
    line = reshape(x, (-1,)) if axis is None or not x.ndim else moveaxis(x, axis, 0)
    return [line[k] for k in range(line.shape[0])]


cumprod.vjp(x=_cumprod_vjp)
cumprod.jvp(x=_cumprod_jvp)
