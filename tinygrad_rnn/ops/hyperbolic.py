"""The hyperbolic functions, and their inverses; tanh stands with the functions of networks, in pointwise."""

from __future__ import annotations

import numpy as np

from tinygrad_rnn.engine.declare import elementwise
from tinygrad_rnn.engine.tensor import Array
from tinygrad_rnn.ops.arithmetic import hypot
from tinygrad_rnn.ops.pointwise import sqrt

__all__ = ["arccosh", "arcsinh", "arctanh", "cosh", "sinh"]


@elementwise(x=lambda y, x: cosh(x))
def sinh(x: Array) -> Array:
    """y = (eˣ − e⁻ˣ)/2.  dy/dx = cosh x."""
    return np.sinh(x)


@elementwise(x=lambda y, x: sinh(x))
def cosh(x: Array) -> Array:
    """y = (eˣ + e⁻ˣ)/2.  dy/dx = sinh x."""
    return np.cosh(x)


@elementwise(x=lambda y, x: 1 / hypot(x, 1.0))
def arcsinh(x: Array) -> Array:
    """y = arcsinh x.  dy/dx = 1/√(x² + 1), whose square does not overflow."""
    return np.arcsinh(x)


@elementwise(x=lambda y, x: 1 / (sqrt(x - 1) * sqrt(x + 1)))
def arccosh(x: Array) -> Array:
    """y = arccosh x, of x ≥ 1.  dy/dx = 1/√(x² − 1), ∞ at 1."""
    return np.arccosh(x)


@elementwise(x=lambda y, x: 1 / ((1 - x) * (1 + x)))
def arctanh(x: Array) -> Array:
    """y = arctanh x, of |x| < 1.  dy/dx = 1/(1 − x²)."""
    return np.arctanh(x)
