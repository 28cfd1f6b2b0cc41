"""True and false: questions about numbers, and masks put together. Nothing flows through any of them."""

from __future__ import annotations

import numpy as np

from tinygrad_rnn.engine.declare import nondifferentiable
from tinygrad_rnn.engine.tensor import Array, Axis

__all__ = [
    "all_", "any_", "bitwise_and", "bitwise_or", "bitwise_xor", "invert", "isfinite", "isinf", "isnan", "logical_and",
    "logical_not", "logical_or", "logical_xor",
]  # fmt: skip


@nondifferentiable
def isnan(x: Array) -> Array:
    """y = whether x is NaN, element by element."""
    return np.isnan(x)


@nondifferentiable
def isinf(x: Array) -> Array:
    """y = whether x is ∞ or −∞, element by element."""
    return np.isinf(x)


@nondifferentiable
def isfinite(x: Array) -> Array:
    """y = whether x is neither NaN nor ±∞, element by element."""
    return np.isfinite(x)


@nondifferentiable
def logical_not(x: Array) -> Array:
    """y = whether x is 0 or False, element by element."""
    return np.logical_not(x)


@nondifferentiable
def logical_and(a: Array, b: Array) -> Array:
    """y = whether both are true; a number is true unless it is 0. Broadcast together."""
    return np.logical_and(a, b, dtype=bool)


@nondifferentiable
def logical_or(a: Array, b: Array) -> Array:
    """y = whether one at least is true; a number is true unless it is 0. Broadcast together."""
    return np.logical_or(a, b, dtype=bool)


@nondifferentiable
def logical_xor(a: Array, b: Array) -> Array:
    """y = whether one is true and the other is not; a number is true unless it is 0. Broadcast together."""
    return np.logical_xor(a, b, dtype=bool)


@nondifferentiable
def bitwise_and(a: Array, b: Array) -> Array:
    """y = a & b, of booleans or, bit by bit, of integers; broadcast together."""
    return np.bitwise_and(a, b)


@nondifferentiable
def bitwise_or(a: Array, b: Array) -> Array:
    """y = a | b, of booleans or, bit by bit, of integers; broadcast together."""
    return np.bitwise_or(a, b)


@nondifferentiable
def bitwise_xor(a: Array, b: Array) -> Array:
    """y = a ^ b, of booleans or, bit by bit, of integers; broadcast together."""
    return np.bitwise_xor(a, b)


@nondifferentiable
def invert(x: Array) -> Array:
    """y = ~x, of booleans or, bit by bit, of integers."""
    return np.invert(x)


@nondifferentiable
def any_(x: Array, /, axis: Axis = None, keepdims: bool = False) -> Array:
    """y = whether an element of x along `axis` is true; of none, False."""
    return np.any(x, axis=axis, keepdims=keepdims)


@nondifferentiable
def all_(x: Array, /, axis: Axis = None, keepdims: bool = False) -> Array:
    """y = whether every element of x along `axis` is true; of none, True."""
    return np.all(x, axis=axis, keepdims=keepdims)
