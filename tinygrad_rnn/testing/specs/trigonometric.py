"""Angles: arcsin and arccos inside of their ends, tan far from its poles, arctan2 away from the line where it jumps."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.errors import DTypeError
from tinygrad_rnn.testing.draw.choices import Domain
from tinygrad_rnn.testing.draw.operands import ANY, Arguments, Pick, broadcasting, given
from tinygrad_rnn.testing.draw.source import Source, choose, flag
from tinygrad_rnn.testing.specs.forms import (
    BINARY,
    FORMULA,
    UNARY,
    at,
    library,
    one_array,
    positive,
    real,
    refuse,
    unary,
)
from tinygrad_rnn.testing.specs.opspec import OpSpec

INSIDE = Domain(-0.8, 0.8, -0.9, 0.9)
OFF_ZERO = Domain(-3.0, 3.0, -6.0, 6.0, gap=0.3)  # where Leibniz' rule still has its digits
STEEP = Domain(-1.2, 1.2, -1.3, 1.3)


def within(name: str, domain: Domain) -> OpSpec:
    """The spec of an op of one array whose values lie in a domain of their own."""
    edges = [at(real(*shape, low=domain.low, high=domain.high)) for shape in UNARY]
    return library(name, one_array(domain), edges, refuse("text", error=DTypeError))


def _arctan2(source: Source, pick: Pick) -> Arguments:
    """Points away from where b ≤ 0 and a = 0."""
    left, right = choose(source, (("nonzero", "real"), ("real", "positive")))
    if flag(source, 4):
        return given(pick(ANY, left), choose(source, (1.5, 2)))
    a = pick(ANY, left)
    return given(a, pick(broadcasting(a.shape), right))


def _from_the_jump(a: Any, b: Any) -> float:
    """How far the points (b, a) are from those with b ≤ 0, a = 0."""
    return float(np.min(np.hypot(a, np.maximum(b, 0)), initial=np.inf))


def _sinc_slope(source: Source, pick: Pick) -> Arguments:
    return (pick(ANY, OFF_ZERO),), {"order": source.integer(1, 4)}


def _by_leibniz(x: Any, order: int) -> Any:
    """z·f = sin z, differentiated so many times."""
    z = np.pi * x
    y = np.sin(z) / z
    for k in range(1, order + 1):
        y = (np.sin(z + k * np.pi / 2) - k * y) / z
    return np.pi**order * y


SPECS = [
    unary("sin"),
    unary("cos"),
    within("tan", STEEP),
    within("arcsin", INSIDE),
    within("arccos", INSIDE),
    unary("arctan"),
    library(
        "arctan2",
        _arctan2,
        [*(at(real(*a), positive(*b)) for a, b in BINARY), at(positive(3), real(3)), at(real(3), 1.5), at(-1, real(2))],
        refuse(real(2), real(3)),
        kinks=_from_the_jump,
    ),
    unary("deg2rad"),
    unary("rad2deg"),
    unary("sinc"),
    library(
        "sinc_slope",
        _sinc_slope,
        [*(at(positive(*shape), order=1) for shape in UNARY), at(positive(4), order=2), at(positive(3), order=3)],
        refuse(real(2), order="text", error=DTypeError),
        _by_leibniz,
        rtol=FORMULA * 100,  # the reference loses 4!/z⁴ of its digits
    ),
]
