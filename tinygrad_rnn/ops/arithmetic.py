"""Numbers with numbers: NumPy's operators, comparisons, and choices between two values."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.engine.declare import elementwise, nondifferentiable, primitive
from tinygrad_rnn.engine.tensor import Array, Bound
from tinygrad_rnn.ops.pointwise import log

__all__ = [
    "abs_", "add", "clip", "divide", "equal", "greater", "greater_equal", "less", "less_equal", "maximum", "minimum",
    "multiply", "negative", "not_equal", "power", "sign", "square", "subtract", "where",
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


@elementwise(a=lambda y, a, b: (a > b) + 0.5 * (a == b), b=lambda y, a, b: (b > a) + 0.5 * (a == b))
def maximum(a: Array, b: Array) -> Array:
    """y = max(a, b), broadcast together.  ∂y/∂a = [a > b]; a tie gives ½ to each."""
    return np.maximum(a, b)


@elementwise(a=lambda y, a, b: (a < b) + 0.5 * (a == b), b=lambda y, a, b: (b < a) + 0.5 * (a == b))
def minimum(a: Array, b: Array) -> Array:
    """y = min(a, b), broadcast together.  ∂y/∂a = [a < b]; a tie gives ½ to each."""
    return np.minimum(a, b)


@elementwise(
    x=lambda y, x, a_min, a_max: _inside(x, a_min, a_max),
    a_min=lambda y, x, a_min, a_max: (x < a_min) * (True if a_max is None else a_min < a_max),
    a_max=lambda y, x, a_min, a_max: (x if a_min is None else maximum(x, a_min)) > a_max,
)
def clip(x: Array, a_min: Bound = None, a_max: Bound = None) -> Array:
    """y = min(max(x, a_min), a_max), broadcast together; None is no bound.  dy/dx = 1 inside, 0 on a bound."""
    return np.clip(x, a_min, a_max)  # type: ignore[arg-type]  # of a Tensor its array comes here


def _inside(x: Any, a_min: Any, a_max: Any) -> Any:
    return (True if a_min is None else x > a_min) * (True if a_max is None else x < a_max)


@primitive
def where(condition: Array, x: Array, y: Array) -> Array:
    """x where the condition holds, else y, broadcast together.  The branch not taken gets exactly 0, even from NaN."""
    return np.where(condition, x, y)


where.vjp(
    condition=None,
    x=lambda g, out, condition, x, y: where(condition, g, 0),
    y=lambda g, out, condition, x, y: where(condition, 0, g),
)
where.jvp(
    condition=None,
    x=lambda d, out, condition, x, y: where(condition, d, 0),
    y=lambda d, out, condition, x, y: where(condition, 0, d),
)


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
