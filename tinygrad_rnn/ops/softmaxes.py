"""softmax and its logarithms, stable: the largest element is taken out before anything is exponentiated.

−∞ is what a masked element is set to. It has no weight, and no finite change of it changes anything: it gets, and
passes on, exactly 0. So does a row of nothing but −∞, whose weights are all 0: NaN there would spoil every other row of
a batch on its way through a shared weight. A +∞ is not weighed against the others: its slope is NaN.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.engine.declare import elementwise, primitive
from tinygrad_rnn.engine.tensor import Array, Axis
from tinygrad_rnn.ops.choices import where
from tinygrad_rnn.ops.pointwise import exp, sigmoid
from tinygrad_rnn.ops.reduce import reduction, sum_

__all__ = ["log_softmax", "logaddexp", "logsumexp", "softmax"]


def _shift(x: Any, axis: Axis) -> Any:
    x = np.asarray(x)
    floats = x if x.dtype.kind == "f" else x.astype(np.float64)
    top = np.max(floats, axis=axis, keepdims=True, initial=-np.inf)
    return np.where(np.isfinite(top), top, np.zeros_like(top))


@elementwise(a=lambda y, a, b: _share(a, b, y), b=lambda y, a, b: _share(b, a, y))
def logaddexp(a: Array, b: Array) -> Array:
    """y = log(eᵃ + eᵇ), broadcast together.  ∂y/∂a = σ(a − b), ∂y/∂b = σ(b − a), both 0 where a and b are −∞."""
    return np.logaddexp(a, b)


def _share(a: Any, b: Any, y: Any) -> Any:
    """eᵃ / (eᵃ + eᵇ). Not eᵃ⁻ʸ: y rounds to a where a is large."""
    return sigmoid(a - where(y == -np.inf, 0.0, b))


@reduction(lambda y, x, *, axis: softmax(x, axis))
def logsumexp(x: Array, /, axis: Axis = None, keepdims: bool = False) -> Array:
    """y = log Σ eˣ over `axis`, −∞ where every x is.  ∂y/∂x = softmax x, 0 where x is −∞."""
    top = _shift(x, axis)
    with np.errstate(divide="ignore"):
        y = np.log(np.add.reduce(np.exp(x - top), axis=axis, keepdims=True)) + top
    return y if keepdims else np.squeeze(y, axis=axis if axis is not None else tuple(range(np.ndim(x))))


@primitive
def softmax(x: Array, /, axis: Axis = -1) -> Array:
    """y = eˣ / Σ eˣ over `axis`, 0 where x is −∞, if every x is.  gx = y·(gy − Σ gy·y)."""
    e = np.exp(x - _shift(x, axis))
    return e / _total(e, axis)


def _total(e: Any, axis: Axis) -> Any:
    """Σ e, or 1 where every e is 0, so that each has the share 0 of it."""
    total = np.add.reduce(e, axis=axis, keepdims=True)
    return total + (total == 0)


def _softmax_rule(g: Any, y: Any, x: Any, *, axis: Axis) -> Any:
    return y * (g - sum_(g * y, axis=axis, keepdims=True))


softmax.vjp(x=_softmax_rule)
softmax.jvp(x=_softmax_rule)


@primitive
def log_softmax(x: Array, /, axis: Axis = -1) -> Array:
    """y = x − log Σ eˣ over `axis`, −∞ where x is.  gx = gy − eʸ·Σ gy, over the y that are not −∞; 0 at the others."""
    shifted = x - _shift(x, axis)
    return shifted - np.log(_total(np.exp(shifted), axis))


def _log_softmax_vjp(gy: Any, y: Any, x: Any, *, axis: Axis) -> Any:
    gy = gy * (y != -np.inf)
    return gy - exp(y) * sum_(gy, axis=axis, keepdims=True)


def _log_softmax_jvp(dx: Any, y: Any, x: Any, *, axis: Axis) -> Any:
    return (dx - sum_(exp(y) * dx, axis=axis, keepdims=True)) * (y != -np.inf)


log_softmax.vjp(x=_log_softmax_vjp)
log_softmax.jvp(x=_log_softmax_jvp)
log_softmax.symbol("log p")
