"""What networks put between two layers, beside tanh, σ and relu (pointwise): smooth and leaky rectifiers.

Their names and options are torch's. At 0, where elu and leaky_relu may have a corner, the slope is that of the left
side: torch's, and the smaller one wherever their option is at most 1.
"""

from __future__ import annotations

from math import erfc, pi, sqrt

import numpy as np

from tinygrad_rnn.engine.apply import array_of
from tinygrad_rnn.engine.declare import composite, elementwise
from tinygrad_rnn.engine.tensor import Array
from tinygrad_rnn.errors import check_number, check_option
from tinygrad_rnn.ops.arithmetic import square
from tinygrad_rnn.ops.choices import clip, where
from tinygrad_rnn.ops.pointwise import exp, expm1, sigmoid

__all__ = ["elu", "gelu", "leaky_relu", "silu"]

_erfc = np.vectorize(erfc, otypes=[float])  # NumPy has none; a rational function in NumPy takes as long
FAR = 40.0  # where φ is 0 in float64


@elementwise("Φ", x=lambda y, x: exp(square(clip(x, -FAR, FAR)) * -0.5) / sqrt(2 * pi))
def normal_cdf(x: Array) -> Array:
    """y = Φ(x) = ½ erfc(−x/√2), the share of a normal distribution below x, exact in both tails.  dy/dx = φ(x)."""
    x = np.asarray(x)
    return (0.5 * _erfc(np.multiply(x, -sqrt(0.5), dtype=float))).astype(x.dtype if x.dtype.kind == "f" else float)


@composite
def gelu(x: Array, approximate: str = "none") -> Array:
    """y = x·Φ(x), Φ the normal distribution function; or x·σ(√(8/π)·(x + 0.044715·x³)).

    Args:
        x: of any shape.
        approximate: "none", or "tanh" for the second form, which is ½x·(1 + tanh(√(2/π)·(x + 0.044715·x³))).

    Source: Hendrycks and Gimpel 2016, arXiv:1606.08415.
    """
    check_option("gelu", "approximate", approximate, ("none", "tanh"))
    x = array_of(x, "gelu")
    return x * (normal_cdf(x) if approximate == "none" else sigmoid(sqrt(8 / pi) * (x + 0.044715 * x * x * x)))


@composite
def silu(x: Array) -> Array:
    """y = x·σ(x), also called swish.  dy/dx = σ(x) + x·σ′(x)."""
    x = array_of(x, "silu")
    return x * sigmoid(x)


@composite
def elu(x: Array, alpha: float = 1.0) -> Array:
    """y = x where x > 0, else alpha·(eˣ − 1).  dy/dx = 1, or alpha·eˣ, alpha at 0."""
    check_number("elu", "alpha", alpha)
    x = array_of(x, "elu")
    return where(x > 0, x, alpha * expm1(where(x > 0, 0, x)))


@composite
def leaky_relu(x: Array, negative_slope: float = 0.01) -> Array:
    """y = x where x > 0, else negative_slope·x.  dy/dx = 1, or negative_slope, also at 0."""
    check_number("leaky_relu", "negative_slope", negative_slope)
    x = array_of(x, "leaky_relu")
    return where(x > 0, x, negative_slope * x)
