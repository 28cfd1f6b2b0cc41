"""What stands where once numbers are put in order: the median, quantiles, the k largest.

Where several are equal, they share the gradient of their place, as the largest of max do: the shortest subgradient.
"""

from __future__ import annotations

from functools import cache
from math import floor
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from tinygrad_rnn.engine.apply import array_of
from tinygrad_rnn.engine.arrays import as_plain
from tinygrad_rnn.engine.declare import composite
from tinygrad_rnn.engine.tensor import Array, Axis, Numbers
from tinygrad_rnn.engine.typed import X
from tinygrad_rnn.errors import OptionError, ShapeError, check_flags, check_number
from tinygrad_rnn.ops.indexing import argsort, getitem, one_axis, take_along_axis
from tinygrad_rnn.ops.reduce import extent, reduction, share_of_ties
from tinygrad_rnn.ops.shape import astype, check_no_out, flip, reshape
from tinygrad_rnn.ops.stacking import stack

__all__ = ["median", "percentile", "quantile", "topk"]


@reduction(lambda y, x, *, axis, k: share_of_ties(y, x, axis))
def order_statistic(x: Array, /, k: int, axis: Axis = None, keepdims: bool = False) -> Array:
    """y = the k-th smallest x along `axis`, counted from 0; NaN beside NaN.  ∂y/∂x = 1 there; ties share equally."""
    axes = normalize_axis_tuple(range(np.ndim(x)) if axis is None else axis, np.ndim(x))
    moved = np.moveaxis(x, axes, range(-len(axes), 0)) if axes else np.expand_dims(x, -1)
    kept = np.ndim(x) - len(axes)
    line = np.partition(moved.reshape(*moved.shape[:kept], -1), (k, -1), axis=-1)
    y = np.where(np.isnan(line[..., -1]), line[..., -1], line[..., k])
    return np.expand_dims(y, axes) if keepdims else y


@composite
def median(
    a: Array, axis: Axis = None, out: None = None, overwrite_input: bool = False, keepdims: bool = False
) -> Array:
    """The middle one of the numbers along `axis`, or half the sum of the two in the middle; NaN beside NaN.

    Args:
        a: of any shape, not empty along `axis`.
        axis: as for every reduction.
        out: None: the result is a new one.
        overwrite_input: NumPy's permission to sort in place, of which no use is made.
        keepdims: as for every reduction.
    """
    a, n = _numbers("median", a, axis, out, overwrite_input, keepdims)
    low: Any = order_statistic(a, (n - 1) // 2, axis, keepdims)
    return low if n % 2 else (low + order_statistic(a, n // 2, axis, keepdims)) / 2


@composite
def quantile(
    a: Array, q: Numbers, axis: Axis = None, out: None = None, overwrite_input: bool = False, method: str = "linear",
    keepdims: bool = False,
) -> Array:  # fmt: skip
    """The number below which a share q of the numbers along `axis` lies; NaN beside NaN.

    Args:
        a: of any shape, not empty along `axis`.
        q: between 0 and 1; of several, the first axes of the result are theirs.
        axis: as for every reduction.
        out: None: the result is a new one.
        overwrite_input: NumPy's permission to sort in place, of which no use is made.
        method: between which two numbers in order it lies, and how near to each, as numpy.quantile says.
        keepdims: as for every reduction.

    >>> import tinygrad_rnn as tg
    >>> tg.quantile([4.0, 1.0, 3.0, 2.0], [0.5, 1])
    array([2.5, 4. ])
    """
    return _quantile("quantile", a, as_plain(q, "quantile"), axis, out, overwrite_input, method, keepdims)


@composite
def percentile(
    a: Array, q: Numbers, axis: Axis = None, out: None = None, overwrite_input: bool = False, method: str = "linear",
    keepdims: bool = False,
) -> Array:  # fmt: skip
    """The number below which q percent of the numbers along `axis` lie: quantile(a, q / 100), with its options."""
    return _quantile("percentile", a, as_plain(q, "percentile") / 100, axis, out, overwrite_input, method, keepdims)


def _quantile(op: str, a: Any, q: Any, axis: Axis, out: Any, overwrite_input: Any, method: Any, keepdims: Any) -> Any:
    a, n = _numbers(op, a, axis, out, overwrite_input, keepdims)
    try:
        places = np.quantile(np.arange(float(n)), q, method=method)  # of 0, 1, 2, … it is the place itself
    except (ValueError, TypeError) as error:
        raise OptionError(f"{op}: q or method is out of range", got=f"q={q!r:.60}, method={method!r:.60}",
                          help=f"NumPy says: {error}") from None  # fmt: skip

    @cache
    def at(k: int) -> Any:
        return order_statistic(a, k, axis, keepdims)

    def between(place: float) -> Any:
        low, t = floor(place), place - floor(place)
        if t < 0.5:
            return at(low) + t * (at(low + 1) - at(low)) if t else at(low)
        return at(low + 1) - (1 - t) * (at(low + 1) - at(low))

    found = [between(place) for place in np.ravel(places).tolist()]
    if np.ndim(q) == 0:
        return found[0]
    return reshape(stack(found), (*np.shape(q), *found[0].shape))


def _numbers(op: str, a: Any, axis: Axis, out: Any, overwrite_input: Any, keepdims: Any) -> tuple[Any, int]:
    """The numbers as floats, and how many of them there are along `axis`."""
    check_no_out(op, out)
    check_flags(op, overwrite_input=overwrite_input, keepdims=keepdims)
    a = array_of(a, op)
    order_statistic(np.zeros((1,) * a.ndim), 0, axis)  # refuses an axis that there is not
    n = extent(a, axis)
    if n == 0:
        raise ShapeError(f"{op}: nothing has no {op}", got=f"a {a.shape}, axis {axis}")
    return a if a.dtype.kind == "f" else astype(a, float), n


def topk(x: X, k: int, axis: int = -1, largest: bool = True) -> tuple[X, X]:
    """(the k largest numbers along `axis`, where they stand): as in torch, the largest first; of equals the first.

    Args:
        x: of any shape.
        k: how many.
        axis: along which.
        largest: whether the largest, or the smallest.

    >>> import tinygrad_rnn as tg
    >>> tg.topk(np.array([1.0, 3.0, 2.0, 3.0]), 2)
    (array([3., 3.]), array([1, 3]))
    """
    x = array_of(x, "topk")
    axis = one_axis("topk", axis, x)
    n = x.shape[axis]
    check_number("topk", "k", k, whole=True, least=0, most=n)
    check_flags("topk", largest=largest)
    order: Any = n - 1 - flip(argsort(flip(x, axis), axis), axis) if largest else argsort(x, axis)
    places = getitem(order, index=(*(slice(None),) * axis, slice(int(k))))
    return take_along_axis(x, places, axis=axis), places
