"""What stands where in order: the numbers that are compared lie apart, since where two are equal they change places."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.errors import OptionError
from tinygrad_rnn.testing.draw.choices import axis, one_axis
from tinygrad_rnn.testing.draw.operands import FULL, Arguments, Pick, dims, given
from tinygrad_rnn.testing.draw.source import Source, choose, flag
from tinygrad_rnn.testing.specs.axes import NO_AXIS, REDUCED, reduced
from tinygrad_rnn.testing.specs.forms import FORMULA, at, library, real, refuse
from tinygrad_rnn.testing.specs.kinks import spacing

METHODS = ("lower", "higher", "midpoint", "nearest", "hazen", "weibull", "inverted_cdf", "median_unbiased")


def _order_statistic(source: Source, pick: Pick) -> Arguments:
    x = pick(FULL)
    over = axis(source, x.ndim)
    n = x.size // max(np.size(np.sum(x, axis=over)), 1)
    return given(x, source.integer(-1, n - 1), axis=over, keepdims=flag(source))


def _sorted_place(x: Any, k: int, axis: Any = None, keepdims: bool = False) -> Any:
    axes = tuple(range(np.ndim(x))) if axis is None else tuple(a % np.ndim(x) for a in np.atleast_1d(axis).astype(int))
    kept = [a for a in range(np.ndim(x)) if a not in axes]
    line = np.sort(np.transpose(x, (*kept, *axes)).reshape(*(np.shape(x)[a] for a in kept), -1))[..., k]
    return np.expand_dims(line, axes) if keepdims else line


def _share(largest: float) -> Any:
    def rule(source: Source, pick: Pick) -> Arguments:
        x = pick(FULL)
        q: Any = choose(source, (0.5, 0.25, 0.9, 0, 1, [0.1, 0.75], [[0.5], [1]]))
        scaled = (np.multiply(q, largest)).tolist()
        method = {"method": choose(source, METHODS)} if flag(source) else {}
        return (x, scaled), {**given(axis=axis(source, x.ndim), keepdims=flag(source))[1], **method}

    return rule


def _topk(source: Source, pick: Pick) -> Arguments:
    x = pick(dims(1))
    along = one_axis(source, x.ndim)
    options = {"largest": False} if flag(source) else {}
    return (x, source.integer(0, x.shape[along])), {"axis": along, **options}


def _largest(x: Any, k: int, axis: int = -1, largest: bool = True) -> Any:
    order = np.argsort(-x if largest else x, axis=axis, kind="stable")
    places = np.take(order, np.arange(k), axis=axis)
    return np.take_along_axis(x, places, axis), places


def _apart(x: Any, *_: Any, axis: Any = None, **__: Any) -> float:
    """The smallest difference of any two: more than is needed, but for axes that are compared in part."""
    return spacing(x, axis=None)


SPECS = [
    library(
        "order_statistic",
        _order_statistic,
        [at(real(4), 1), at(real(2, 3), 0, axis=1), at(real(2, 3, 2), -1, axis=(0, 2), keepdims=True), at(real(), 0)],
        refuse(real(3), 3),
        _sorted_place,
        kinks=_apart,
    ),
    library("median", reduced(FULL), [*REDUCED, at(real(5))], NO_AXIS, kinks=_apart),
    library(
        "quantile",
        _share(1.0),
        [
            at(real(4), 0.3),
            at(real(2, 3), 0.5, axis=0),
            at(real(2, 3), [0.0, 0.7], axis=-1, keepdims=True),
            at(real(2, 3), [[0.2, 1.0]]),
            at(real(5), 0.4, method="hazen"),
            at(real(2, 3, 2), 0.6, axis=(0, 2)),
            at(real(), 0.5),
        ],
        refuse(real(3), 1.5, error=OptionError),
        kinks=_apart,
        rtol=FORMULA,
    ),
    library(
        "percentile",
        _share(100.0),
        [at(real(4), 30), at(real(2, 3), [25, 75], axis=0), at(real(5), 40.0, method="nearest")],
        refuse(real(3), -1, error=OptionError),
        kinks=_apart,
        rtol=FORMULA,
    ),
    library(
        "topk",
        _topk,
        [at(real(4), 2), at(real(2, 3), 1, axis=0), at(real(2, 3), 3, largest=False), at(real(3), 0)],
        refuse(real(3), 4, error=OptionError),
        _largest,
        kinks=_apart,
    ),
]
