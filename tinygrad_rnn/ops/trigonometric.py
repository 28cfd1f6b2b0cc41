"""Angles, in radians: the circular functions, their inverses, and sinc.

At ±1, where arcsin and arccos end, their slopes are ∞, as that of √ is at 0. The point (0, 0) has no angle: arctan2
gives 0 there, with slopes of 0.
"""

from __future__ import annotations

from math import factorial, pi
from typing import Any

import numpy as np

from tinygrad_rnn.engine.declare import elementwise, linear, primitive
from tinygrad_rnn.engine.tensor import Array
from tinygrad_rnn.ops.arithmetic import hypot
from tinygrad_rnn.ops.choices import where
from tinygrad_rnn.ops.pointwise import sqrt

__all__ = [
    "arccos", "arcsin", "arctan", "arctan2", "cos", "deg2rad", "rad2deg", "sin", "sinc", "tan",
]  # fmt: skip


@elementwise(x=lambda y, x: cos(x))
def sin(x: Array) -> Array:
    """y = sin x, in radians.  dy/dx = cos x."""
    return np.sin(x)


@elementwise(x=lambda y, x: -sin(x))
def cos(x: Array) -> Array:
    """y = cos x, in radians.  dy/dx = −sin x."""
    return np.cos(x)


@elementwise(x=lambda y, x: 1 + y * y)
def tan(x: Array) -> Array:
    """y = tan x, in radians.  dy/dx = 1 + y²."""
    return np.tan(x)


@elementwise(x=lambda y, x: 1 / sqrt((1 - x) * (1 + x)))
def arcsin(x: Array) -> Array:
    """y = arcsin x, in radians, −π/2 … π/2.  dy/dx = 1/√(1 − x²)."""
    return np.arcsin(x)


@elementwise(x=lambda y, x: -1 / sqrt((1 - x) * (1 + x)))
def arccos(x: Array) -> Array:
    """y = arccos x, in radians, 0 … π.  dy/dx = −1/√(1 − x²)."""
    return np.arccos(x)


@elementwise(x=lambda y, x: 1 / hypot(x, 1.0) / hypot(x, 1.0))
def arctan(x: Array) -> Array:
    """y = arctan x, in radians, −π/2 … π/2.  dy/dx = 1/(1 + x²), whose square does not overflow."""
    return np.arctan(x)


@elementwise(a=lambda y, a, b: _turned(b, a, b), b=lambda y, a, b: _turned(-a, a, b))
def arctan2(a: Array, b: Array) -> Array:
    """y = the angle of the point (b, a), −π … π, broadcast together.  ∂y/∂a = b/(a² + b²), ∂y/∂b = −a/(a² + b²)."""
    return np.arctan2(a, b)


def _turned(part: Any, a: Any, b: Any) -> Any:
    """part/(a² + b²), whose squares do not overflow; 0 where both are 0."""
    r = hypot(a, b)
    r = where(r == 0, 1.0, r)
    return part / r / r


@linear(transpose=lambda gy, x: deg2rad(gy))
def deg2rad(x: Array) -> Array:
    """y = x·π/180: degrees in radians.  dy/dx = π/180."""
    return np.deg2rad(x)


@linear(transpose=lambda gy, x: rad2deg(gy))
def rad2deg(x: Array) -> Array:
    """y = x·180/π: radians in degrees.  dy/dx = 180/π."""
    return np.rad2deg(x)


@elementwise(x=lambda y, x: sinc_slope(x, 1))
def sinc(x: Array) -> Array:
    """y = sin(πx)/(πx), 1 at 0.  dy/dx = (cos(πx) − y)/x, 0 at 0, of which nothing cancels there, at any order."""
    return np.sinc(x)


@primitive
def sinc_slope(x: Array, /, order: int) -> Array:
    """y = dᵏ/dxᵏ sinc x = πᵏ·f⁽ᵏ⁾(πx), with f(z) = sin z/z and k the order.  dy/dx = the next order.

    z·f = sin z gives z·f⁽ᵏ⁾ + k·f⁽ᵏ⁻¹⁾ = sin⁽ᵏ⁾z, which loses its digits where z is small beside k: there, the series
    f⁽ᵏ⁾(z) = Σ ±zʲ/(j!·(j + k + 1)), over j with j + k even.
    """
    z = pi * np.asarray(x)
    near = np.abs(z) < max(2, order)
    far, close = np.where(near, 2.0, z), np.where(near, z, 0.0)
    sines = (np.sin(far), np.cos(far), -np.sin(far), -np.cos(far))
    y, series = sines[0] / far, np.zeros_like(z)
    for k in range(1, order + 1):
        y = (sines[k % 4] - k * y) / far
    for j in reversed(range(order % 2, 3 * max(2, order) + 24, 2)):
        series = series * close * close + (-1) ** ((j + order) // 2) / (factorial(j) * (j + order + 1))
    return pi**order * np.where(near, series * close if order % 2 else series, y)


sinc_slope.vjp(x=lambda gy, y, x, *, order: gy * sinc_slope(x, order + 1))
sinc_slope.jvp(x=lambda dx, y, x, *, order: dx * sinc_slope(x, order + 1))
