"""Many to fewer: every form of axis, keepdims, ddof and ord."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.ops import norm, std
from tinygrad_rnn.testing.draw.choices import axis, one_axis
from tinygrad_rnn.testing.draw.operands import FULL, Arguments, Pick, dims, given
from tinygrad_rnn.testing.draw.source import Source, choose, flag
from tinygrad_rnn.testing.specs.axes import DDOF, EMPTY, LINES, NO_AXIS, REDUCED, RUNNING, along, reduced
from tinygrad_rnn.testing.specs.forms import FORMULA, at, library, real, refuse
from tinygrad_rnn.testing.specs.kinks import lag, lead, smallest


def _spread(source: Source, pick: Pick) -> Arguments:
    """var, std: of at least two numbers, more of them than ddof."""
    x = pick(dims(1, side=2))
    over = axis(source, x.ndim) or None if x.ndim > 1 else None
    ddof = source.integer(0, 1)
    return (x,), given(axis=over, ddof=ddof, keepdims=flag(source))[1]


def _norm(source: Source, pick: Pick) -> Arguments:
    ord = choose(source, (None, 2, 1, np.inf))
    if ord is None:
        x = pick(FULL)
        return given(x, axis=axis(source, x.ndim), keepdims=flag(source))
    x = pick(dims(1))
    return given(x, ord=ord, axis=one_axis(source, x.ndim), keepdims=flag(source))


def _length(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    p = 2 if ord is None else ord
    if p == np.inf:
        return np.max(np.abs(x), axis=axis, keepdims=keepdims)
    return np.sum(np.abs(x) ** p, axis=axis, keepdims=keepdims) ** (1 / p)


def _from_no_length(x: Any, ord: Any = None, axis: Any = None, **_: Any) -> float:
    if ord == 1:
        return smallest(x)
    length = smallest(norm(x, ord, axis))
    return min(length, lead(np.abs(x), axis)) if ord == np.inf else length


SPECS = [
    library("sum", reduced(), [*REDUCED, *EMPTY], NO_AXIS),
    library("mean", reduced(FULL), [*REDUCED, at(real(0, 2), axis=1)], NO_AXIS),
    library("max", reduced(FULL), [*REDUCED, at(real(0, 2), axis=1)], refuse(real(0)), kinks=lead),
    library("min", reduced(FULL), [*REDUCED, at(real(0, 2), axis=1)], refuse(real(0)), kinks=lag),
    library("var", _spread, [*REDUCED[1:9], *DDOF], NO_AXIS),
    library("std", _spread, [*REDUCED[1:9], *DDOF], NO_AXIS, kinks=lambda x, **static: smallest(std(x, **static))),
    library(
        "euclidean_norm",
        reduced(FULL),
        [*REDUCED[:9], at(real(0, 2), axis=1)],
        NO_AXIS,
        _length,
        kinks=lambda x, **static: smallest(_length(x, **static)),
        rtol=FORMULA,
    ),
    library(
        "norm",
        _norm,
        [
            *REDUCED[:9],
            at(real(4), 1),
            at(real(4), np.inf),
            at(real(2, 3), 2, 1),
            at(real(2, 3), ord=1, axis=-1, keepdims=True),
            at(real(2, 3), np.inf, 0),
            at(real(2, 3)[0], 2),
        ],
        refuse(real(2, 3), 2),
        _length,
        kinks=_from_no_length,
        rtol=FORMULA,
    ),
    library("cumsum", along(), [*LINES, *RUNNING], NO_AXIS),
]
