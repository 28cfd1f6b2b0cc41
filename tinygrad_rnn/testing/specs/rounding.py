"""Whole numbers next to a number: every op jumps where one is reached."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.errors import DTypeError
from tinygrad_rnn.testing.draw.choices import Domain, domain_of
from tinygrad_rnn.testing.draw.operands import ANY, Arguments, Pick, broadcasting, given
from tinygrad_rnn.testing.draw.source import Source, choose, flag
from tinygrad_rnn.testing.specs.forms import BINARY, at, library, positive, real, refuse, unary
from tinygrad_rnn.testing.specs.kinks import between
from tinygrad_rnn.testing.specs.opspec import OpSpec


def _from_whole(x: Any, **_: Any) -> float:
    return between(x, np.round(x))


def _from_a_multiple(a: Any, b: Any) -> float:
    return _from_whole(np.divide(a, b))


def _from_the_middle(x: Any, decimals: int = 0) -> float:
    scaled = np.multiply(x, 10.0**decimals)
    return between(scaled - np.floor(scaled), 0.5) * 10.0**-decimals


def _round(source: Source, pick: Pick) -> Arguments:
    return given(pick(ANY), *choose(source, ((), (), (-1,))))


QUOTIENTS = (  # domains of a and of b between whose quotients no whole number lies, but for the sign
    (Domain(-2.0, 2.0, -2.0, 2.0, gap=0.3), domain_of((3.0, 5.0))),
    (domain_of((5.5, 6.0)), domain_of((2.1, 2.5))),
    (domain_of((5.5, 6.0)), domain_of((-2.5, -2.1))),
)


def _with_rest(source: Source, pick: Pick) -> Arguments:
    if flag(source):
        return given(pick(ANY), choose(source, (1, -1.0, 0.5)))
    if flag(source, 4):
        return given(choose(source, (6, -5.5)), pick(ANY, (2.1, 2.5)))
    of_a, of_b = choose(source, QUOTIENTS)
    a = pick(ANY, of_a)
    return given(a, pick(broadcasting(a.shape), of_b))


def _of_two(name: str) -> OpSpec:
    edges = [*(at(real(*a), positive(*b)) for a, b in BINARY), at(real(3), -1.5), at(7.0, positive(3))]
    return library(name, _with_rest, edges, refuse(real(2), real(3)), kinks=_from_a_multiple)


SPECS = [
    unary("floor", kinks=_from_whole),
    unary("ceil", kinks=_from_whole),
    unary("trunc", kinks=_from_whole),
    library(
        "round",
        _round,
        [at(real(4)), at(real(2, 3), 1), at(real(3, low=-90, high=90), decimals=-1), at(real()), at(real(0))],
        refuse(real(2), 0.5, error=DTypeError),
        kinks=_from_the_middle,
    ),
    _of_two("floor_divide"),
    _of_two("remainder"),
    _of_two("divmod"),
    _of_two("fmod"),
]
