"""Triangles and diagonals: of square and other matrices, of batches of them, and of vectors."""

from __future__ import annotations

from tinygrad_rnn.testing.draw.operands import Arguments, Pick, dims, given
from tinygrad_rnn.testing.draw.source import Source, flag
from tinygrad_rnn.testing.specs.forms import at, library, real, refuse
from tinygrad_rnn.testing.specs.opspec import OpSpec


def _triangle(source: Source, pick: Pick) -> Arguments:
    m = pick(dims(1, side=0))
    return given(m, *([source.integer(-2, 2)] if flag(source) else []))


def _diag(source: Source, pick: Pick) -> Arguments:
    v = pick(dims(1, 2, side=0))
    return given(v, *([source.integer(-2, 2)] if flag(source) else []))


def _of_matrices(name: str) -> OpSpec:
    edges = [
        at(real(3, 3)),
        at(real(2, 4), 1),
        at(real(4, 2), -1),
        at(real(2, 3, 3), k=-2),
        at(real(3)),
        at(real(2, 0)),
        at(real(2, 2), 5),
    ]
    return library(name, _triangle, edges, refuse(real()))


SPECS = [
    _of_matrices("tril"),
    _of_matrices("triu"),
    library(
        "diag",
        _diag,
        [
            at(real(3)),
            at(real(2), 1),
            at(real(2), k=-2),
            at(real(3, 3)),
            at(real(2, 4), 1),
            at(real(0)),
            at(real(3, 2), -1),
        ],
        refuse(real(2, 2, 2)),
    ),
]
