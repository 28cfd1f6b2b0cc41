"""softmax and its logarithms: of any size, since the largest element is taken out first."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.testing.draw.choices import any_size, axis
from tinygrad_rnn.testing.draw.operands import FULL, Arguments, Pick, dims
from tinygrad_rnn.testing.draw.source import Source, flag
from tinygrad_rnn.testing.specs.axes import LINES, NO_AXIS, REDUCED, WIDE, reduced
from tinygrad_rnn.testing.specs.forms import FORMULA, SATURATING, at, binary, library, real


def _along_axis(source: Source, pick: Pick) -> Arguments:
    x = pick(dims(1), any_size(source))
    return (x,), {"axis": axis(source, x.ndim)} if flag(source) else {}


def _softmax(x: Any, axis: Any = -1) -> Any:
    e = np.exp(x - np.max(x, axis=axis, keepdims=True, initial=-1e3))
    return e / np.sum(e, axis=axis, keepdims=True)


def _logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    top = np.max(x, axis=axis, keepdims=True, initial=-1e3)
    y = np.log(np.sum(np.exp(x - top), axis=axis, keepdims=True)) + top
    return y if keepdims else np.squeeze(y, axis=axis)


def _log_softmax(x: Any, axis: Any = -1) -> Any:
    return x - _logsumexp(x, axis, keepdims=True)


EDGES = [*LINES, *WIDE, at(real(0, 2)), at(real(2, 3), axis=None)]
SPECS = [
    binary("logaddexp", SATURATING),
    library("logsumexp", reduced(FULL), [*REDUCED, at(real(0, 2), axis=1)], NO_AXIS, _logsumexp, rtol=FORMULA),
    library("softmax", _along_axis, EDGES, NO_AXIS, _softmax, rtol=FORMULA),
    library("log_softmax", _along_axis, EDGES, NO_AXIS, _log_softmax, rtol=FORMULA),
]
