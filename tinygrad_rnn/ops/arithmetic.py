"""Numbers with numbers: NumPy's operators and comparisons."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.engine.declare import elementwise, nondifferentiable, primitive
from tinygrad_rnn.engine.tensor import Array
from tinygrad_rnn.ops.choices import where
from tinygrad_rnn.ops.pointwise import log

__all__ = [
    "abs_", "add", "divide", "equal", "greater", "greater_equal", "hypot", "less", "less_equal", "multiply", "negative",
    "not_equal", "positive", "power", "sign", "square", "subtract",
]  # fmt: skip


@elementwise("+", a=1, b=1)
def add(a: Array, b: Array) -> Array:
    """y = a + b, broadcast together.  ∂y/∂a = ∂y/∂b = 1."""
    return np.add(a, b)


@elementwise("−", a=1, b=-1)
def subtract(a: Array, b: Array) -> Array:
    """y = a − b, broadcast together.  ∂y/∂a = 1, ∂y/∂b = −1."""
    return np.subtract(a, b)


@elementwise("×", a=lambda y, a, b: b, b=lambda y, a, b: a)
def multiply(a: Array, b: Array) -> Array:
    """y = a·b, element by element, broadcast together.  ∂y/∂a = b, ∂y/∂b = a."""
    return np.multiply(a, b)


@primitive
def divide(a: Array, b: Array) -> Array:
    """y = a / b, broadcast together.  ∂y/∂a = 1/b, ∂y/∂b = −y/b."""
    return np.divide(a, b)


divide.vjp(a=lambda gy, y, a, b: gy / b, b=lambda gy, y, a, b: -gy * y / b)
divide.jvp(a=lambda da, y, a, b: da / b, b=lambda db, y, a, b: -db * y / b)
divide.symbol("÷")


@elementwise("−", x=-1)
def negative(x: Array) -> Array:
    """y = −x.  dy/dx = −1."""
    return np.negative(x)


@elementwise("+", x=1)
def positive(x: Array) -> Array:
    """y = x.  dy/dx = 1."""
    return np.positive(x)


@elementwise("^", a=lambda y, a, b: _power_slope(a, b), b=lambda y, a, b: y * log(where(a == 0, 1.0, a)))
def power(a: Array, b: Array) -> Array:
    """y = aᵇ, broadcast together.  ∂y/∂a = b·aᵇ⁻¹ (0 for b = 0), ∂y/∂b = y·log a (0 for a = 0)."""
    return np.power(a, b)


def _power_slope(a: Any, b: Any) -> Any:
    if isinstance(b, int | float):
        return b * a ** (b - 1) if b != 0 else 0.0
    return b * where((a == 0) * (b == 0), 1.0, a) ** (b - 1)


@elementwise(x=lambda y, x: 2 * x)
def square(x: Array) -> Array:
    """y = x².  dy/dx = 2x."""
    return np.square(x)


@elementwise("|·|", x=lambda y, x: sign(x))
def abs_(x: Array) -> Array:
    """y = |x|.  dy/dx = sign x, 0 at 0."""
    return np.abs(x)


@elementwise(x=lambda y, x: 0.0)
def sign(x: Array) -> Array:
    """y = −1, 0 or 1.  dy/dx = 0."""
    return np.sign(x)


@elementwise(a=lambda y, a, b: a / where(y == 0, 1.0, y), b=lambda y, a, b: b / where(y == 0, 1.0, y))
def hypot(a: Array, b: Array) -> Array:
    """y = √(a² + b²), without overflow of the squares, broadcast together.  ∂y/∂a = a/y, ∂y/∂b = b/y, 0 where y = 0."""
    return np.hypot(a, b)


@nondifferentiable
def equal(a: Array, b: Array) -> Array:
    """a == b, element by element, broadcast together."""
    return np.equal(a, b)


@nondifferentiable
def not_equal(a: Array, b: Array) -> Array:
    """a != b, element by element, broadcast together."""
    return np.not_equal(a, b)


@nondifferentiable
def less(a: Array, b: Array) -> Array:
    """a < b, element by element, broadcast together."""
    return np.less(a, b)


@nondifferentiable
def less_equal(a: Array, b: Array) -> Array:
    """a <= b, element by element, broadcast together."""
    return np.less_equal(a, b)


@nondifferentiable
def greater(a: Array, b: Array) -> Array:
    """a > b, element by element, broadcast together."""
    return np.greater(a, b)


@nondifferentiable
def greater_equal(a: Array, b: Array) -> Array:
    """a >= b, element by element, broadcast together."""
    return np.greater_equal(a, b)
