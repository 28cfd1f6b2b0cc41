"""Arrays put together: of sizes that fit, one of them alone too."""

from __future__ import annotations

import numpy as np

from tinygrad_rnn.testing.draw.choices import one_axis, signed
from tinygrad_rnn.testing.draw.operands import Arguments, Pick, Rule, alike_but_for, dims, exactly, given
from tinygrad_rnn.testing.draw.source import Source, flag
from tinygrad_rnn.testing.specs.forms import at, library, real, refuse


def _concatenate(source: Source, pick: Pick) -> Arguments:
    first = pick(dims(1, side=0))
    if flag(source, 4):
        return ([first, *(pick() for _ in range(source.integer(0, 2)))],), {"axis": None}
    at = source.integer(0, first.ndim - 1)
    others = [pick(alike_but_for(first.shape, at)) for _ in range(source.integer(0, 2))]
    return ([first, *others],), {} if at == 0 and flag(source) else {"axis": signed(source, at, first.ndim)}


def _stack(source: Source, pick: Pick) -> Arguments:
    first = pick(dims(0, 3, side=0))
    others = [pick(exactly(first.shape)) for _ in range(source.integer(0, 2))]
    return ([first, *others],), {} if flag(source) else {"axis": one_axis(source, first.ndim + 1)}


def _along(axis: int, least: int) -> Rule:
    """Arrays of `least` axes or more, alike but for `axis`; now and then vectors of one size, or numbers."""

    def rule(source: Source, pick: Pick) -> Arguments:
        first = pick(dims(0, 1, side=0)) if flag(source, 3) else pick(dims(least, 3, side=0))
        shapes = alike_but_for(first.shape, axis) if first.ndim >= least else exactly(first.shape)
        return ([first, *(pick(shapes) for _ in range(source.integer(0, 2)))],), {}

    return rule


def _append(source: Source, pick: Pick) -> Arguments:
    arr = pick(dims(1, side=0))
    if flag(source):
        return given(arr, pick())
    at = source.integer(0, arr.ndim - 1)
    return given(arr, pick(alike_but_for(arr.shape, at)), axis=signed(source, at, arr.ndim))


SPECS = [
    library(
        "concatenate",
        _concatenate,
        [
            at([real(2), real(3)]),
            at([real(2, 3), real(1, 3), real(2, 3)]),
            at([real(2, 1), real(2, 3)], axis=-1),
            at([real(2, 1), real(3)], axis=None),
            at([real(0), real(2)]),
            at([real(2), np.array([1, 2])]),
            at([real(2)], 0),
        ],
        refuse([real(2, 3), real(2, 2)]),
    ),
    library(
        "stack",
        _stack,
        [
            at([real(3), real(3)]),
            at([real(2, 3), real(2, 3)], axis=-1),
            at([real(2), real(2)], 1),
            at([real(), real()]),
            at([real(0), real(0)]),
            at([real(2)]),
        ],
        refuse([real(2), real(3)]),
    ),
    library(
        "vstack",
        _along(0, 2),
        [
            at([real(3), real(3)]),
            at([real(2, 3), real(3)]),
            at([real(), real()]),
            at([real(2, 1, 2), real(1, 1, 2)]),
            at([real(0), real(0)]),
            at([real(2), np.array([1, 2])]),
        ],
        refuse([real(2), real(3)]),
    ),
    library(
        "hstack",
        _along(1, 2),
        [at([real(2), real(3)]), at([real(2, 1), real(2, 3)]), at([real(), real()]), at([real(0), real(2)])],
        refuse([real(2, 3), real(3, 3)]),
    ),
    library(
        "dstack",
        _along(2, 3),
        [at([real(3), real(3)]), at([real(2, 3), real(2, 3)]), at([real(2, 3, 1), real(2, 3)]), at([real()])],
        refuse([real(2), real(3)]),
    ),
    library(
        "column_stack",
        _along(1, 2),
        [at([real(3), real(3)]), at([real(3), real(3, 2)]), at([real(), real()]), at([real(2, 1, 2), real(2, 3, 2)])],
        refuse([real(2), real(3)]),
    ),
    library(
        "append",
        _append,
        [
            at(real(3), real(2)),
            at(real(2, 3), real(2)),
            at(real(2, 3), real()),
            at(real(2, 3), real(1, 3), axis=0),
            at(real(2, 3), real(2, 1), -1),
            at(real(0), real(2)),
        ],
        refuse(real(2, 3), real(3), axis=0),
    ),
]
