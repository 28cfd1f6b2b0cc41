"""Picking out and adding back: indices within bounds, duplicates among them."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.testing.draw.brackets import index, places
from tinygrad_rnn.testing.draw.choices import axes, one_axis, signed
from tinygrad_rnn.testing.draw.operands import FULL, Arguments, Pick, alike_but_for, dims, given, narrower
from tinygrad_rnn.testing.draw.source import Source, flag
from tinygrad_rnn.testing.specs.axes import LINES, NO_AXIS, along
from tinygrad_rnn.testing.specs.forms import at, library, real, refuse
from tinygrad_rnn.testing.specs.kinks import lag, lead, spacing


def _getitem(source: Source, pick: Pick) -> Arguments:
    x = pick()
    return (x,), {"index": index(source, x.shape)}


def _index_add(source: Source, pick: Pick) -> Arguments:
    x = pick(FULL)
    where = index(source, x.shape)
    return given(x, where, pick(narrower(x[where].shape)))


def _take(source: Source, pick: Pick) -> Arguments:
    x = pick(dims(1))
    along = one_axis(source, x.ndim) if not flag(source, 4) else None
    size = x.size if along is None else x.shape[along]
    if flag(source, 4):
        return given(x, places(source, size, shape=()).item(), axis=along)
    return given(x, pick(dims(0, 2), (-size, size - 1), "i"), axis=along)


def _take_along_axis(source: Source, pick: Pick) -> Arguments:
    x = pick(dims(1))
    if flag(source, 6):
        return (x, pick(dims(1, 1), (0, x.size - 1), "i")), {"axis": None}
    at = source.integer(0, x.ndim - 1)
    indices = pick(alike_but_for(x.shape, at), (-x.shape[at], x.shape[at] - 1), "i")
    return given(x, indices, axis=signed(source, at, x.ndim))


def _gather(source: Source, pick: Pick) -> Arguments:
    x = pick(dims(1))
    at = source.integer(0, x.ndim - 1)
    shape = tuple(source.integer(1, 3) if k == at else source.integer(1, n) for k, n in enumerate(x.shape))
    return given(x, signed(source, at, x.ndim), places(source, x.shape[at], shape=shape))


def _one_by_one(x: Any, axis: int, index: Any) -> Any:
    """As torch's documentation says it, element by element."""
    index = np.asarray(index)
    y = np.empty(index.shape, x.dtype)
    for place in np.ndindex(*y.shape):
        read = list(place)
        read[axis] = index[place]
        y[place] = x[tuple(read)]
    return y


def diagonals(source: Source, pick: Pick) -> Arguments:
    x = pick(dims(2))
    if flag(source):
        return given(x, **({"offset": source.integer(-2, 2)} if flag(source) else {}))
    one, other = axes(source, x.ndim, 2)
    return given(x, source.integer(-1, 1), one, other)


def _one_hot(source: Source, pick: Pick) -> Arguments:
    classes = source.integer(1, 4)
    return given(pick(dims(0, 2, side=0), (0, classes - 1), "i"), classes)


def _added(x: Any, index: Any, values: Any) -> Any:
    y = np.array(x, dtype=np.result_type(x, values))
    np.add.at(y, index, values)
    return y


def _rows_of_eye(ids: Any, num_classes: int, dtype: Any = np.float64) -> Any:
    return np.eye(num_classes, dtype=dtype)[ids]


MASK = np.array([[True, False, True], [False, True, True]])
SPECS = [
    library(
        "getitem",
        _getitem,
        [
            at(real(5), index=2),
            at(real(5), index=-1),
            at(real(5), index=slice(1, 4)),
            at(real(5), index=slice(None, None, -2)),
            at(real(3, 4), index=(1, 2)),
            at(real(3, 4), index=(slice(None), 1)),
            at(real(3, 4), index=(..., slice(1, 3))),
            at(real(3, 4), index=(None, 1, None)),
            at(real(3, 4), index=np.array([0, 2, 0, 0])),
            at(real(3, 4), index=[2, 2, -1]),
            at(real(3, 4), index=(np.array([[0], [2]]), np.array([1, 1]))),
            at(real(3, 4), index=(slice(None), [3, 3, 0])),
            at(real(2, 3), index=MASK),
            at(real(2, 3), index=(0, MASK[0])),
            at(real(), index=()),
            at(real(), index=...),
            at(real(3), index=slice(0, 0)),
            at(real(3), index=np.zeros(0, int)),
            at(real(3), index=np.array(1)),
            at(real(2), index=True),
            at(real(3, 2, 4), index=([0, 1, 0], slice(None), [1, 1, 1])),
            at(real(3), index=np.int64(1)),
        ],
        refuse(real(3), index=3),
        lambda x, *, index: x[index],
    ),
    library(
        "index_add",
        _index_add,
        [
            at(real(4), [0, 0, 2], real(3)),
            at(real(4), np.array([1, 1]), real()),
            at(real(3, 4), (slice(None), 1), real(3)),
            at(real(3, 4), (np.array([0, 0]), np.array([1, 1])), real(2)),
            at(real(3, 4), slice(1, 3), real(4)),
            at(real(2, 3), MASK, real(4)),
            at(real(3), np.zeros(0, int), real(0)),
            at(real(3), 1, real()),
        ],
        refuse(real(3), [0, 5], real(2)),
        _added,
    ),
    library(
        "take",
        _take,
        [
            at(real(5), np.array([0, 3, 3])),
            at(real(2, 3), np.array([5, 0, -1, 5])),
            at(real(3, 4), np.array([2, 0, 2]), axis=0),
            at(real(3, 4), np.array([[0, 1], [1, 3]]), axis=1),
            at(real(2, 3, 2), np.array([2, 2]), axis=-2),
            at(real(4), 2),
            at(real(3, 2), 1, axis=0),
            at(real(3, 2), np.array([[2, -1], [2, 0]]), axis=0),
            at(real(3), np.zeros(0, int)),
            at(real(3, 2), np.array([], int), axis=0),
            at(real(3), np.array([1, 1], np.uint8)),
        ],
        refuse(real(3), np.array([3])),
    ),
    library(
        "take_along_axis",
        _take_along_axis,
        [
            at(real(2, 3), np.array([[0, 0], [2, 1]]), axis=1),
            at(real(2, 3), np.array([[1, 0, 1]]), axis=0),
            at(real(2, 3), np.array([[2], [-1]]), axis=-1),
            at(real(2, 3), np.array([[2, 2]]), axis=1),
            at(real(1, 3), np.array([[2], [1], [1]]), axis=1),
            at(real(3), np.zeros(0, int), axis=0),
            at(real(2, 3), np.array([5, 0, 5, -1]), axis=None),
        ],
        refuse(real(2, 3), np.array([0, 1]), axis=1),
    ),
    library(
        "gather",
        _gather,
        [
            at(real(2, 3), 1, np.array([[0, 0], [2, 1]])),
            at(real(2, 3), 0, np.array([[1, 0]])),
            at(real(2, 3), -1, np.array([[2]])),
            at(real(3), 0, np.array([0, 2, 2, -1])),
            at(real(2, 3), 1, np.zeros((2, 0), int)),
        ],
        refuse(real(2, 3), 1, np.array([0, 1])),
        _one_by_one,
    ),
    library(
        "diagonal",
        diagonals,
        [
            at(real(3, 3)),
            at(real(2, 4)),
            at(real(3, 4), offset=1),
            at(real(3, 4), offset=-2),
            at(real(2, 3, 4), axis1=1, axis2=2),
            at(real(2, 3, 4), 0, -1, 0),
            at(real(2, 2), offset=5),
        ],
        refuse(real(3)),
    ),
    library(
        "one_hot",
        _one_hot,
        [
            at(np.array([0, 2, 1]), 3),
            at(np.array([[1], [0]]), num_classes=2),
            at(np.array(1), 3, np.float32),
            at(np.zeros(0, int), 3),
        ],
        refuse(np.array([3]), 3),
        _rows_of_eye,
    ),
    library(
        "argmax",
        along(FULL, keepdims=True),
        [at(real(4)), at(real(2, 3)), at(real(2, 3), axis=0), at(real(2, 3), axis=-1, keepdims=True), at(real())],
        NO_AXIS,
        kinks=lead,
    ),
    library(
        "argmin",
        along(FULL, keepdims=True),
        [at(real(4)), at(real(2, 3)), at(real(2, 3), axis=0), at(real(2, 3), axis=-1, keepdims=True), at(real())],
        NO_AXIS,
        kinks=lag,
    ),
    library(
        "argsort",
        along(),
        [at(real(4)), at(real(2, 3)), at(real(2, 3), axis=0), at(real(2, 3), axis=None)],
        NO_AXIS,
        kinks=spacing,
    ),
    library(
        "sort",
        along(),
        [*LINES, at(real(2, 3), axis=None), at(real(0)), at(real(2, 0), axis=0)],
        NO_AXIS,
        kinks=spacing,
    ),
]
