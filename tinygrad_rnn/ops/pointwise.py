"""One number in, one number out: the smooth functions of NumPy."""

from __future__ import annotations

import numpy as np

from tinygrad_rnn.engine.declare import elementwise
from tinygrad_rnn.engine.tensor import Array

__all__ = [
    "exp", "expm1", "log", "log1p", "log_sigmoid", "relu", "sigmoid", "softplus", "sqrt", "tanh",
]  # fmt: skip


@elementwise("√", x=lambda y, x: 0.5 / y)
def sqrt(x: Array) -> Array:
    """y = √x.  dy/dx = 1/(2y)."""
    return np.sqrt(x)


@elementwise(x=lambda y, x: y)
def exp(x: Array) -> Array:
    """y = eˣ.  dy/dx = y."""
    return np.exp(x)


@elementwise(x=lambda y, x: exp(x))
def expm1(x: Array) -> Array:
    """y = eˣ − 1, exact near 0.  dy/dx = eˣ."""
    return np.expm1(x)


@elementwise(x=lambda y, x: 1 / x)
def log(x: Array) -> Array:
    """y = log x, in nats.  dy/dx = 1/x."""
    return np.log(x)


@elementwise(x=lambda y, x: 1 / (1 + x))
def log1p(x: Array) -> Array:
    """y = log(1 + x), exact near 0.  dy/dx = 1/(1 + x)."""
    return np.log1p(x)


@elementwise(x=lambda y, x: 4 * logistic_slope(2 * x))
def tanh(x: Array) -> Array:
    """y = tanh x.  dy/dx = 1 − y² = 4σ′(2x), which does not cancel to 0 where y rounds to ±1."""
    return np.tanh(x)


@elementwise("σ", x=lambda y, x: logistic_slope(x))
def sigmoid(x: Array) -> Array:
    """y = σ(x) = 1/(1 + e⁻ˣ).  dy/dx = σ′(x) = y(1 − y)."""
    with np.errstate(over="ignore"):  # e⁸⁰⁰ is ∞ and 1/∞ is 0, as it should be
        return np.reciprocal(1 + np.exp(np.negative(x)))


@elementwise(x=lambda y, x: -y * tanh(x / 2))
def logistic_slope(x: Array) -> Array:
    """y = σ′(x) = e⁻|ˣ|/(1 + e⁻|ˣ|)², exact in both tails.  dy/dx = −y·tanh(x/2)."""
    e = np.exp(-np.abs(x))
    return e / np.square(1 + e)


@elementwise(x=lambda y, x: x > 0)
def relu(x: Array) -> Array:
    """y = max(x, 0).  dy/dx = [x > 0], 0 at 0."""
    return np.maximum(x, 0)


@elementwise(x=lambda y, x: sigmoid(x))
def softplus(x: Array) -> Array:
    """y = log(1 + eˣ).  dy/dx = σ(x)."""
    return np.maximum(x, 0) + np.log1p(np.exp(np.copysign(x, -1)))


@elementwise(x=lambda y, x: sigmoid(-x))
def log_sigmoid(x: Array) -> Array:
    """y = log σ(x) = −softplus(−x).  dy/dx = σ(−x)."""
    return np.minimum(x, 0) - np.log1p(np.exp(np.copysign(x, -1)))
