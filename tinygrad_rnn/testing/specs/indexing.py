"""Picking out and adding back: indices within bounds, duplicates among them."""

from __future__ import annotations

from tinygrad_rnn.testing.draw.brackets import index, places
from tinygrad_rnn.testing.draw.choices import axes, one_axis, signed
from tinygrad_rnn.testing.draw.operands import FULL, Arguments, Pick, Rule, alike_but_for, dims, given, narrower
from tinygrad_rnn.testing.draw.source import Source, flag


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


def _diagonal(source: Source, pick: Pick) -> Arguments:
    x = pick(dims(2))
    if flag(source):
        return given(x, **({"offset": source.integer(-2, 2)} if flag(source) else {}))
    one, other = axes(source, x.ndim, 2)
    return given(x, source.integer(-1, 1), one, other)


def _one_hot(source: Source, pick: Pick) -> Arguments:
    classes = source.integer(1, 4)
    return given(pick(dims(0, 2, side=0), (0, classes - 1), "i"), classes)


RULES: dict[str, Rule] = {
    "getitem": _getitem,
    "index_add": _index_add,
    "take": _take,
    "take_along_axis": _take_along_axis,
    **dict.fromkeys(["diagonal", "trace"], _diagonal),
    "one_hot": _one_hot,
}
