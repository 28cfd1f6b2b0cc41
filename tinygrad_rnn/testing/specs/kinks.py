"""How far the arguments of a call are from where the op has no derivative.

    |x|: |x|    maximum: |a − b|    sort: the smallest gap between neighbours    std: std itself

An op that is not in the table has a derivative wherever it has a value.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_rnn.ops import norm, std
from tinygrad_rnn.testing.draw.call import Call

CLEARANCE = 1e-2  # far enough for the steps of differences, and for what tanh and sin shrink them to


def _smallest(x: Any) -> float:
    """min |x|, ∞ of nothing."""
    return float(np.min(np.abs(x), initial=np.inf))


def _between(a: Any, b: Any) -> float:
    return _smallest(np.asarray(a, np.float64) - np.asarray(b, np.float64))


def _spacing(x: Any, axis: int | None = -1, **_: Any) -> float:
    """The smallest difference of two elements along an axis."""
    line = np.sort(x, axis=axis)
    return _smallest(np.diff(line, axis=-1 if axis is None else axis)) if line.ndim else np.inf


def _lead(x: Any, axis: Any = None, **_: Any) -> float:
    """By how much the largest element leads."""
    top = np.max(x, axis=axis, keepdims=True)
    once = np.sum(x == top, axis=axis) == 1
    return _smallest((top - x)[x != top]) if once.all() else 0.0


def _clip(x: Any, a_min: Any = None, a_max: Any = None) -> float:
    """From a bound, and of the bounds from each other: they exchange their roles where they cross."""
    pairs = [(u, v) for u, v in ((x, a_min), (x, a_max), (a_min, a_max)) if u is not None and v is not None]
    return min((_between(u, v) for u, v in pairs), default=np.inf)


def _norm(x: Any, ord: Any = None, axis: Any = None, **_: Any) -> float:
    if ord == 1:
        return _smallest(x)
    length = _smallest(norm(x, ord, axis))
    return min(length, _lead(np.abs(x), axis)) if ord == np.inf else length


def _std(x: Any, **static: Any) -> float:
    return _smallest(std(x, **static))


def _discretized(x: Any, dtype: Any) -> float:
    """From an integer, where rounding jumps."""
    return _between(x, np.round(x))


KINKS: dict[str, Callable[..., float]] = {
    "abs": _smallest,
    "sign": _smallest,
    "relu": _smallest,
    **dict.fromkeys(["maximum", "minimum"], _between),
    **dict.fromkeys(["equal", "not_equal", "less", "less_equal", "greater", "greater_equal"], _between),
    **dict.fromkeys(["max", "argmax"], _lead),
    **dict.fromkeys(["min", "argmin"], lambda x, **static: _lead(np.negative(x), **static)),
    **dict.fromkeys(["sort", "argsort"], _spacing),
    "clip": _clip,
    "norm": _norm,
    "std": _std,
    "discretized": _discretized,
}


def distance(call: Call) -> float:
    """How far a call is from the nearest kink of its op.

    >>> distance(Call("relu", (np.array([0.5, -0.1]),)))
    0.1
    """
    kinks = KINKS.get(call.name)
    return np.inf if kinks is None else kinks(*call.args, **call.static)
