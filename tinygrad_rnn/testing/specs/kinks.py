"""How far arguments are from where an op has no derivative, for the ops that have such places in common.

|x|: |x|    maximum: |a − b|    sort: the smallest gap between neighbours    max: by how much the largest leads
"""

from __future__ import annotations

from typing import Any

import numpy as np


def smallest(x: Any) -> float:
    """min |x|, ∞ of nothing."""
    return float(np.min(np.abs(x), initial=np.inf))


def between(a: Any, b: Any) -> float:
    """min |a − b|."""
    return smallest(np.asarray(a, np.float64) - np.asarray(b, np.float64))


def spacing(x: Any, axis: int | None = -1, **_: Any) -> float:
    """The smallest difference of two elements along an axis."""
    line = np.sort(x, axis=axis)
    return smallest(np.diff(line, axis=-1 if axis is None else axis)) if line.ndim else np.inf


def lead(x: Any, axis: Any = None, **_: Any) -> float:
    """By how much the largest element leads."""
    top = np.max(x, axis=axis, keepdims=True)
    once = np.sum(x == top, axis=axis) == 1
    return smallest((top - x)[x != top]) if once.all() else 0.0


def lag(x: Any, **static: Any) -> float:
    """By how much the smallest element lags."""
    return lead(np.negative(x), **static)
