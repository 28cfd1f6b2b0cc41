"""Products, whose slopes are products of the others.

Never by division, so zeros are ordinary numbers at every order; and in numbers whose exponent is kept apart, so that
no product on the way overflows or vanishes: the slope is right wherever it can be written down.
"""

from __future__ import annotations

from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np

from tinygrad_rnn.engine.apply import as_array
from tinygrad_rnn.engine.declare import primitive
from tinygrad_rnn.engine.tensor import Array, Axis
from tinygrad_rnn.ops.reduce import axes_of, extent, reduction
from tinygrad_rnn.ops.shape import moveaxis, reshape
from tinygrad_rnn.ops.stacking import concatenate, stack

__all__ = ["cumprod", "prod"]


class Wide(NamedTuple):
    """m·2ᵉ, with m an array or Tensor of size about 1 and e integers, which no product of any length outgrows."""

    m: Any
    e: Any

    @staticmethod
    def of(x: Any, e: Any = 0) -> Wide:
        """x·2ᵉ. What is 0 or not finite stays as it is."""
        size = np.asarray(as_array(x))
        k = np.frexp(np.where(np.isfinite(size) & (size != 0), size, 0.5))[1]
        return Wide(_shifted(x, -k), k + e)

    def times(self, other: Wide) -> Wide:
        """The product of the two."""
        return Wide.of(self.m * other.m, self.e + other.e)

    def plus(self, other: Wide) -> Wide:
        """The sum of the two, with the exponent of the larger."""
        mine, theirs = (np.asarray(as_array(x.m)) for x in (self, other))
        e = np.where(mine == 0, other.e, np.where(theirs == 0, self.e, np.maximum(self.e, other.e)))
        return Wide.of(_shifted(self.m, self.e - e) + _shifted(other.m, other.e - e), e)

    def plain(self) -> Any:
        """The number itself."""
        return _shifted(self.m, self.e)


def _shifted(x: Any, e: Any) -> Any:
    """x·2ᵉ, in two steps, since 2ᵉ alone may overflow; 0 stays 0."""
    most = 2 * (np.finfo(x.dtype).maxexp - 2)
    e = np.clip(e, -most, most)
    return x * np.ldexp(x.dtype.type(1), e // 2) * np.ldexp(x.dtype.type(1), e - e // 2)


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
    return moveaxis(reshape(_others(Wide.of(flat)).plain(), moved.shape), last, axes)


def _others(x: Wide) -> Wide:
    """For each element of the last axis the product of the others: those of pairs first, then the other of the pair."""
    n = x.m.shape[-1]
    if n == 1:
        return Wide(np.ones_like(as_array(x.m)), np.zeros_like(x.e))
    left, right, rest = (Wide(*(part[..., place] for part in x)) for place in _halves(n))
    pairs = _others(_joined(left.times(right), rest))
    others, of_rest = (Wide(*(part[..., place] for part in pairs)) for place in (slice(n // 2), slice(n // 2, None)))
    return _joined(others.times(right), others.times(left), of_rest)


def _halves(n: int) -> tuple[slice, slice, slice]:
    return slice(n // 2), slice(n // 2, n // 2 * 2), slice(n // 2 * 2, n)


def _joined(*parts: Wide) -> Wide:
    return Wide(*(concatenate(part, axis=-1) for part in zip(*parts, strict=True)))


@primitive
def cumprod(x: Array, /, axis: int | None = None) -> Array:
    """yₖ = Π x up to and including k along `axis` (of the flattened x when None): yₖ = yₖ₋₁ xₖ."""
    return np.cumprod(x, axis=axis)


def _cumprod_vjp(gy: Any, y: Any, x: Any, *, axis: int | None) -> Any:
    if x.size == 0:
        return reshape(gy, x.shape)
    g, xs = _columns(gy, axis), _columns(x, axis)
    back = [g[-1]]  # ȳₖ = gyₖ + xₖ₊₁ ȳₖ₊₁, then gxₖ = yₖ₋₁ ȳₖ
    for k in range(len(xs) - 2, -1, -1):
        back.append(xs[k + 1].times(back[-1]).plus(g[k]))
    gx = stack([before.times(after).plain() for before, after in zip(_before(xs), reversed(back), strict=True)])
    return reshape(gx, x.shape) if axis is None or not x.ndim else moveaxis(gx, 0, axis)


def _cumprod_jvp(dx: Any, y: Any, x: Any, *, axis: int | None) -> Any:
    if x.size == 0:
        return reshape(dx, y.shape)
    d, xs = _columns(dx, axis), _columns(x, axis)
    ahead = [d[0]]  # dyₖ = dyₖ₋₁ xₖ + yₖ₋₁ dxₖ
    for k, before in enumerate(_before(xs)[1:], start=1):
        ahead.append(ahead[-1].times(xs[k]).plus(before.times(d[k])))
    dy = stack([each.plain() for each in ahead])
    return dy if axis is None or not x.ndim else moveaxis(dy, 0, axis)


def _before(xs: list[Wide]) -> list[Wide]:
    """For each element the product of those before it: 1, x₁, x₁x₂, …"""
    one = Wide(np.ones_like(as_array(xs[0].m)), np.zeros_like(xs[0].e))
    return list(accumulate(xs[:-1], Wide.times, initial=one))


def _columns(x: Any, axis: int | None) -> list[Wide]:
    """The slices of x along `axis`, in order; of the flattened x when None."""
    line = reshape(x, (-1,)) if axis is None or not x.ndim else moveaxis(x, axis, 0)
    return [Wide.of(line[k]) for k in range(line.shape[0])]


cumprod.vjp(x=_cumprod_vjp)
cumprod.jvp(x=_cumprod_jvp)
