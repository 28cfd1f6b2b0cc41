"""A value in a few numbers: what a picture says of it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tinygrad_rnn.engine.tensor import Array

__all__ = ["Summary", "magnitude"]

FEW = 64  # numbers that are kept one by one


@dataclass(frozen=True)
class Summary:
    """What is known of an array without the array.

    Attributes:
        zero: whether every number is exactly 0.
        norm: ‖x‖₂.
        min, max: None for an array without elements, or of complex numbers; NaN where one of its numbers is.
        numbers: all of them, row by row, where there are at most 64; else None, and None for complex numbers.
    """

    zero: bool
    norm: float
    min: float | None = None
    max: float | None = None
    numbers: tuple[float, ...] | None = None

    @classmethod
    def of(cls, array: Array) -> Summary:
        """
        >>> Summary.of(np.array([[3.0, 0.0], [0.0, -4.0]]))
        Summary(zero=False, norm=5.0, min=-4.0, max=3.0, numbers=(3.0, 0.0, 0.0, -4.0))
        """
        x = np.asarray(array)
        if x.dtype.kind == "c":
            return cls(not x.any(), magnitude(x))
        numbers = tuple(map(float, x.ravel().tolist())) if x.size <= FEW else None
        low, high = (float(x.min()), float(x.max())) if x.size else (None, None)
        return cls(not x.any(), magnitude(x), low, high, numbers)


BLOCK = 16_384  # numbers whose squares are added in their own dtype
SMALL, LARGE = 1e-20, 1e30


def magnitude(x: Array) -> float:
    """‖x‖₂ in float64, where the squares of float32's 1e20 still fit, and scaled, so that 1e200's do too.

    >>> magnitude(np.array([0.0, 4e200]))
    4e+200
    """
    if x.dtype.kind == "f" and x.dtype.itemsize > 2:
        flat = x.ravel()
        with np.errstate(over="ignore"):
            total = sum(float(np.dot(part, part)) for part in (flat[k : k + BLOCK] for k in range(0, x.size, BLOCK)))
        if SMALL < total < LARGE:  # nothing overflowed, and nothing that counts was lost
            return math.sqrt(total)
    x = np.abs(x).astype(np.float64).ravel()
    scale = float(np.max(x, initial=0.0))
    if not (math.isfinite(scale) and scale > 0):
        return scale
    return scale * math.sqrt(float(np.dot(x / scale, x / scale)))
