"""One of two values: where they are equal the choice changes, and so does the slope."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.errors import OptionError
from tinygrad_rnn.testing.draw.operands import Arguments, Pick, broadcasting, given
from tinygrad_rnn.testing.draw.source import Source, choose, flag
from tinygrad_rnn.testing.specs.forms import at, compared, library, positive, real, refuse
from tinygrad_rnn.testing.specs.kinks import between


def _clip(source: Source, pick: Pick) -> Arguments:
    x = pick()
    form = source.integer(0, 5)
    if form == 4:
        return given(x, pick(broadcasting(x.shape), (-2.4, 0.8)), choose(source, (1, 0.5)))
    if form == 5:
        low = pick(broadcasting(x.shape))
        return given(x, low, pick(broadcasting(np.broadcast_shapes(x.shape, low.shape))))
    return given(x, *choose(source, ((-1, 1), (None, 0.5), (-0.5, None), (0.5,), (1.5, -1.5))))


def _where(source: Source, pick: Pick) -> Arguments:
    x = pick()
    wide = broadcasting(x.shape)
    condition = pick(wide, kind="b")
    wide = broadcasting(np.broadcast_shapes(x.shape, condition.shape))
    if flag(source, 4):
        return given(condition, *choose(source, ((x, 0), (1.0, x))))
    return given(condition, x, pick(wide))


def _from_the_bounds(x: Any, a_min: Any = None, a_max: Any = None) -> float:
    """How far x is from a bound, and the bounds from each other: they exchange their roles where they cross."""
    pairs = [(u, v) for u, v in ((x, a_min), (x, a_max), (a_min, a_max)) if u is not None and v is not None]
    return min((between(u, v) for u, v in pairs), default=np.inf)


def _nan_to_num(source: Source, pick: Pick) -> Arguments:
    return given(pick(), **choose(source, ({}, {"nan": 1.5}, {"posinf": 9.0, "neginf": -9.0})))


MASK = np.array([[True, False, True], [False, True, True]])
SPECS = [
    compared("maximum"),
    compared("minimum"),
    compared("fmax"),
    compared("fmin"),
    library(
        "clip",
        _clip,
        [
            at(real(2, 3), -1.0, 1.0),
            at(real(2, 3), None, 0.7),
            at(real(2, 3), -0.3, None),
            at(real(), -1.0, 1.0),
            at(real(2, 3), real(3, low=-1.5, high=-0.5), positive(2, 1)),
            at(real(0), -1.0, 1.0),
            at(real(3), a_min=-1.0, a_max=1.0),
            at(real(3), a_max=0.5),
            at(real(3), 0.5),
            at(real(3), real(3, low=0.9, high=1.9), real(3, low=-1.9, high=-0.9)),
        ],
        refuse(real(3), real(2), real(2)),
        lambda x, a_min=None, a_max=None: np.clip(x, a_min, a_max),
        kinks=_from_the_bounds,
    ),
    library(
        "where",
        _where,
        [
            at(MASK, real(2, 3), real(2, 3)),
            at(MASK, real(3), real()),
            at(MASK, 1.0, real(2, 1)),
            at(MASK, real(2, 3), 0),
            at(MASK[0], real(2, 3), real(3)),
            at(True, real(2), real(2)),
            at(np.zeros(0, bool), real(0), real(1)),
            at(MASK.tolist(), real(3), real(3)),
        ],
        refuse(MASK, real(4), real(3)),
    ),
    library(
        "nan_to_num",
        _nan_to_num,
        [at(real(2, 3)), at(real(), nan=1.0), at(real(0)), at(real(3), True, 0.5, 8.0, -8.0)],
        refuse(real(3), copy=False, error=OptionError),
    ),
]
