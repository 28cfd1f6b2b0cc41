"""softmax and its logarithms, stable: the largest element is taken out before anything is exponentiated."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.engine.declare import primitive
from tinygrad_rnn.engine.tensor import Array, Axis
from tinygrad_rnn.ops.pointwise import exp
from tinygrad_rnn.ops.reduce import reduction, sum_

__all__ = ["log_softmax", "logsumexp", "softmax"]


def _shift(x: Any, axis: Axis) -> Any:
    x = np.asarray(x)
    floats = x if x.dtype.kind == "f" else x.astype(np.float64)
    top = np.max(floats, axis=axis, keepdims=True, initial=-np.inf)
    return np.where(np.isfinite(top), top, np.zeros_like(top))


@reduction(lambda y, x, *, axis: exp(x - y))
def logsumexp(x: Array, /, axis: Axis = None, keepdims: bool = False) -> Array:
    """y = log Σ eˣ over `axis`.  ∂y/∂x = eˣ⁻ʸ, the softmax."""
    top = _shift(x, axis)
    with np.errstate(divide="ignore"):
        y = np.log(np.add.reduce(np.exp(x - top), axis=axis, keepdims=True)) + top
    return y if keepdims else np.squeeze(y, axis=axis if axis is not None else tuple(range(np.ndim(x))))


@primitive
def softmax(x: Array, /, axis: Axis = -1) -> Array:
    """y = eˣ / Σ eˣ over `axis`.  gx = y·(gy − Σ gy·y)."""
    e = np.exp(x - _shift(x, axis))
    return e / np.add.reduce(e, axis=axis, keepdims=True)


def _softmax_rule(g: Any, y: Any, x: Any, *, axis: Axis) -> Any:
    return y * (g - sum_(g * y, axis=axis, keepdims=True))


softmax.vjp(x=_softmax_rule)
softmax.jvp(x=_softmax_rule)


@primitive
def log_softmax(x: Array, /, axis: Axis = -1) -> Array:
    """y = x − log Σ eˣ over `axis`.  gx = gy − eʸ·Σ gy."""
    shifted = x - _shift(x, axis)
    with np.errstate(divide="ignore"):  # of no classes: log 0, which no element takes
        return shifted - np.log(np.add.reduce(np.exp(shifted), axis=axis, keepdims=True))


log_softmax.vjp(x=lambda gy, y, x, *, axis: gy - exp(y) * sum_(gy, axis=axis, keepdims=True))
log_softmax.jvp(x=lambda dx, y, x, *, axis: dx - sum_(exp(y) * dx, axis=axis, keepdims=True))
log_softmax.symbol("log p")
