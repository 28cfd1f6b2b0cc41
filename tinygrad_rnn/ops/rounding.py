"""Whole numbers next to a number, and what is left over: the slope is that of the smooth pieces, not of the steps."""

from __future__ import annotations

from typing import overload

import numpy as np

from tinygrad_rnn.engine.declare import elementwise, primitive
from tinygrad_rnn.engine.tensor import Array, Numbers, Operand, Tensor

__all__ = ["ceil", "divmod_", "floor", "floor_divide", "fmod", "remainder", "round_", "trunc"]


@elementwise("⌊·⌋", x=lambda y, x: 0.0)
def floor(x: Array) -> Array:
    """y = the largest whole number that is not above x.  dy/dx = 0."""
    return np.floor(x)


@elementwise("⌈·⌉", x=lambda y, x: 0.0)
def ceil(x: Array) -> Array:
    """y = the smallest whole number that is not below x.  dy/dx = 0."""
    return np.ceil(x)


@elementwise(x=lambda y, x: 0.0)
def trunc(x: Array) -> Array:
    """y = x without what stands behind the point.  dy/dx = 0."""
    return np.trunc(x)


@primitive
def round_(x: Array, /, decimals: int = 0) -> Array:
    """y = x with so many decimals; what lies in the middle goes to the even digit.  dy/dx = 0."""
    return np.round(x, decimals)


round_.vjp(x=lambda gy, y, x, *, decimals: gy * 0.0)
round_.jvp(x=lambda dx, y, x, *, decimals: dx * 0.0)


@elementwise("⌊÷⌋", a=lambda y, a, b: 0.0, b=lambda y, a, b: 0.0)
def floor_divide(a: Array, b: Array) -> Array:
    """y = ⌊a/b⌋, broadcast together.  ∂y/∂a = ∂y/∂b = 0."""
    return np.floor_divide(a, b)


@elementwise("mod", a=1, b=lambda y, a, b: -floor_divide(a, b))
def remainder(a: Array, b: Array) -> Array:
    """y = a − ⌊a/b⌋·b, which has the sign of b, broadcast together.  ∂y/∂a = 1, ∂y/∂b = −⌊a/b⌋."""
    return np.remainder(a, b)


@elementwise(a=1, b=lambda y, a, b: -round_((a - y) / b))
def fmod(a: Array, b: Array) -> Array:
    """y = a − n·b, n = a/b without what stands behind the point: it has the sign of a.  ∂y/∂a = 1, ∂y/∂b = −n."""
    return np.fmod(a, b)


@overload
def divmod_(a: Tensor, b: Operand) -> tuple[Tensor, Tensor]: ...
@overload
def divmod_(a: Numbers, b: Tensor) -> tuple[Tensor, Tensor]: ...
@overload
def divmod_(a: Numbers, b: Numbers) -> tuple[Array, Array]: ...
def divmod_(a: Operand, b: Operand) -> tuple[Tensor | Array, Tensor | Array]:
    """(⌊a/b⌋, what is left over): floor_divide and remainder in one.

    >>> divmod_(np.array([7.0, -7.0]), 2)
    (array([ 3., -4.]), array([1., 1.]))
    """
    return floor_divide(a, b), remainder(a, b)
