"""Ops along axes: how `axis` and `keepdims` are chosen, and the edges that reductions share."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.testing.draw.choices import axis, one_axis
from tinygrad_rnn.testing.draw.operands import ANY, Arguments, Pick, Rule, Shapes, given
from tinygrad_rnn.testing.draw.source import Source, flag
from tinygrad_rnn.testing.specs.forms import at, real, refuse


def reduced(shapes: Shapes = ANY, domain: str = "real") -> Rule:
    def rule(source: Source, pick: Pick) -> Arguments:
        x = pick(shapes, domain)
        return given(x, axis=axis(source, x.ndim), keepdims=flag(source))

    return rule


def along(shapes: Shapes = ANY, domain: str = "real", keepdims: bool = False) -> Rule:
    """Along one axis, or all elements in a row when None."""

    def rule(source: Source, pick: Pick) -> Arguments:
        x = pick(shapes, domain)
        static: dict[str, Any] = {"axis": one_axis(source, x.ndim) if x.ndim and not flag(source, 4) else None}
        return (x,), {**static, **({"keepdims": True} if keepdims and flag(source) else {})}

    return rule


REDUCED = [
    at(real()),
    at(real(4)),
    at(real(2, 3)),
    at(real(2, 3), axis=0),
    at(real(2, 3), axis=-1),
    at(real(2, 3), axis=1, keepdims=True),
    at(real(2, 3, 2), axis=(0, 2)),
    at(real(2, 3, 2), axis=(-1, 0), keepdims=True),
    at(real(2, 3), keepdims=True),
    at(real(2, 3), axis=()),
    at(real(2, 3), axis=np.int64(1)),
]
EMPTY = [at(real(0)), at(real(2, 0), axis=1), at(real(0, 2), axis=1, keepdims=True)]
NO_AXIS = refuse(real(2, 3), axis=2)
LINES = [
    at(real(4)),
    at(real(2, 3)),
    at(real(2, 3), axis=0),
    at(real(2, 3), axis=-1),
    at(real(2, 3, 2), axis=1),
    at(real(1)),
]
DDOF = [at(real(4), ddof=1), at(real(2, 3), axis=1, ddof=1, keepdims=True)]
WIDE = [at(real(3, 5), axis=-1), at(real(2, 3, 2), axis=(0, 2))]
RUNNING = [at(real()), at(real(0)), at(real(2, 0), axis=1), at(real(0, 2), axis=0)]
