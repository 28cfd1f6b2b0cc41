"""Powers and logarithms to the bases 2 and 10, and the cube root."""

from __future__ import annotations

from math import log as ln

import numpy as np

from tinygrad_rnn.engine.declare import elementwise
from tinygrad_rnn.engine.tensor import Array

__all__ = ["cbrt", "exp2", "log2", "log10"]

LN2, LN10 = ln(2), ln(10)


@elementwise(x=lambda y, x: y * LN2)
def exp2(x: Array) -> Array:
    """y = 2ˣ.  dy/dx = y·log 2."""
    return np.exp2(x)


@elementwise(x=lambda y, x: (1 / LN2) / x)
def log2(x: Array) -> Array:
    """y = log x, to the base 2.  dy/dx = 1/(x·log 2)."""
    return np.log2(x)


@elementwise(x=lambda y, x: (1 / LN10) / x)
def log10(x: Array) -> Array:
    """y = log x, to the base 10.  dy/dx = 1/(x·log 10)."""
    return np.log10(x)


@elementwise("∛", x=lambda y, x: 1 / (3 * y * y))
def cbrt(x: Array) -> Array:
    """y = ∛x, of negative numbers too.  dy/dx = 1/(3y²)."""
    return np.cbrt(x)
