"""A whole array in one number."""

from __future__ import annotations

import math

import numpy as np

from tinygrad_rnn.engine.tensor import Array


def magnitude(array: Array) -> float:
    """‖array‖₂ in float64, where the squares of float32's 1e20 still fit, and scaled, so that those of 1e200 do too.

    >>> f"{magnitude(np.array([3e200, 4e200])):.3g}"
    '5e+200'
    """
    x = np.abs(array).astype(np.float64).ravel()
    scale = float(np.max(x, initial=0.0))
    if not (math.isfinite(scale) and scale > 0):
        return scale
    return scale * math.sqrt(float(np.dot(x / scale, x / scale)))
