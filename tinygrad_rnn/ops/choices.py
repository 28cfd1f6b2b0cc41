"""One of two values: the larger, the smaller, the one that a condition tells; and a number for what is none.

Where two are equal each gets half of the gradient, and on a bound neither, the shortest subgradient.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.engine.declare import elementwise, primitive
from tinygrad_rnn.engine.tensor import Array, Bound
from tinygrad_rnn.errors import OptionError
from tinygrad_rnn.ops.logic import isfinite, isnan

__all__ = ["clip", "fmax", "fmin", "maximum", "minimum", "nan_to_num", "where"]


@elementwise(a=lambda y, a, b: (a > b) + 0.5 * (a == b), b=lambda y, a, b: (b > a) + 0.5 * (a == b))
def maximum(a: Array, b: Array) -> Array:
    """y = max(a, b), broadcast together.  ∂y/∂a = [a > b]; a tie gives ½ to each."""
    return np.maximum(a, b)


@elementwise(a=lambda y, a, b: (a < b) + 0.5 * (a == b), b=lambda y, a, b: (b < a) + 0.5 * (a == b))
def minimum(a: Array, b: Array) -> Array:
    """y = min(a, b), broadcast together.  ∂y/∂a = [a < b]; a tie gives ½ to each."""
    return np.minimum(a, b)


@elementwise(a=lambda y, a, b: _larger(a, b), b=lambda y, a, b: _larger(b, a))
def fmax(a: Array, b: Array) -> Array:
    """y = max(a, b), or the one that is a number beside NaN.  ∂y/∂a = 1 where y is a; a tie gives ½ to each."""
    return np.fmax(a, b)


@elementwise(a=lambda y, a, b: _larger(-a, -b), b=lambda y, a, b: _larger(-b, -a))
def fmin(a: Array, b: Array) -> Array:
    """y = min(a, b), or the one that is a number beside NaN.  ∂y/∂a = 1 where y is a; a tie gives ½ to each."""
    return np.fmin(a, b)


def _larger(a: Any, b: Any) -> Any:
    return (a > b) + 0.5 * (a == b) + (isnan(b) > isnan(a))


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
    """x where the condition holds, else y, broadcast together.

    The branch not taken gets exactly 0, even of a gradient that is NaN. What computed it passes on 0 times its slope,
    which is NaN where that is infinite: write log(where(x > 0, x, 1)), not where(x > 0, log(x), 0).
    """
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


@primitive
def nan_to_num(x: Array, /, copy: bool = True, nan: Bound = 0.0, posinf: Bound = None, neginf: Bound = None) -> Array:
    """y = x with numbers in the place of NaN, ∞ and −∞; None is the largest there is.  dy/dx = 1, exactly 0 there."""
    if copy is not True:
        raise OptionError("nan_to_num: no array is written to", expected="copy=True", got=f"copy={copy!r:.60}")
    return np.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)  # type: ignore[arg-type]  # arrays too, it says


nan_to_num.vjp(x=lambda gy, y, x, **static: where(isfinite(x), gy, 0))
nan_to_num.jvp(x=lambda dx, y, x, **static: where(isfinite(x), dx, 0))
