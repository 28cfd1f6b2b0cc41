"""True and false: of numbers that are not 0, of masks, and of integers bit by bit."""

from __future__ import annotations

import numpy as np

from tinygrad_rnn.errors import DTypeError
from tinygrad_rnn.testing.draw.operands import ANY, Arguments, Pick, broadcasting, given
from tinygrad_rnn.testing.draw.source import Source, flag
from tinygrad_rnn.testing.specs.axes import EMPTY, NO_AXIS, REDUCED, reduced
from tinygrad_rnn.testing.specs.forms import at, binary, library, real, refuse, unary
from tinygrad_rnn.testing.specs.opspec import OpSpec

BITS = (0, 7)
MASK = np.array([[True, False, True], [False, True, True]])


def _one_mask(source: Source, pick: Pick) -> Arguments:
    return given(pick(ANY, BITS, "b" if flag(source) else "i"))


def _two_masks(source: Source, pick: Pick) -> Arguments:
    a = pick(ANY, BITS, "b" if flag(source) else "i")
    return given(a, pick(broadcasting(a.shape), BITS, "b" if flag(source) else "i"))


def _bitwise(name: str) -> OpSpec:
    edges = [
        at(MASK, MASK[0]),
        at(MASK, True),
        at(np.arange(4), np.array([3, 5, 6, 7])),
        at(np.arange(4, dtype=np.uint8), np.array(3, np.uint8)),
        at(np.arange(3), MASK),
        at(np.zeros(0, bool), np.zeros(1, bool)),
    ]
    return library(name, _two_masks, edges, refuse(real(2), real(2), error=DTypeError))


SPECS = [
    unary("isnan"),
    unary("isinf"),
    unary("isfinite"),
    unary("logical_not"),
    binary("logical_and"),
    binary("logical_or"),
    binary("logical_xor"),
    _bitwise("bitwise_and"),
    _bitwise("bitwise_or"),
    _bitwise("bitwise_xor"),
    library(
        "invert",
        _one_mask,
        [at(MASK), at(np.arange(3)), at(np.zeros(0, bool)), at(np.array(True))],
        refuse(real(2), error=DTypeError),
    ),
    library("any", reduced(), [*REDUCED, *EMPTY, at(MASK, axis=0), at(np.zeros(3))], NO_AXIS),
    library("all", reduced(), [*REDUCED, *EMPTY, at(MASK, axis=1), at(np.zeros(3))], NO_AXIS),
]
