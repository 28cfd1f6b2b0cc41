"""Numbers with numbers: operands that broadcast, Python numbers among them, in the domain of the op."""

from __future__ import annotations

import numpy as np

from tinygrad_rnn.testing.draw.choices import Domain
from tinygrad_rnn.testing.draw.operands import ANY, Arguments, Pick, broadcasting, given
from tinygrad_rnn.testing.draw.source import Source, choose, flag
from tinygrad_rnn.testing.specs.forms import BINARY, at, binary, compared, library, positive, real, refuse, unary
from tinygrad_rnn.testing.specs.kinks import smallest


def _power(source: Source, pick: Pick) -> Arguments:
    form = source.integer(0, 5)
    if form == 0:
        return given(pick(ANY, "small"), choose(source, (2, 3, 1, 0, 2.0)))
    if form == 1:
        return given(pick(ANY, "nonzero"), choose(source, (-1, -2, -1.0)))
    if form == 2:
        return given(pick(ANY, "positive"), choose(source, (0.5, -1.5, 1.5)))
    if form == 3:
        return given(choose(source, (2, 0.5, 1.5)), pick(ANY, "small"))
    if form == 4:
        return given(choose(source, (0, 0.0)), pick(ANY, "positive"))
    a = pick(ANY, Domain(0.4, 2.5, 0.2, 4.0))
    exponents = pick(broadcasting(a.shape), (0, 3), "i") if flag(source, 4) else pick(broadcasting(a.shape), "small")
    return given(a, exponents)


SPECS = [
    binary("add"),
    binary("subtract"),
    binary("multiply"),
    binary("divide", right="nonzero"),
    unary("negative"),
    unary("positive"),
    unary("square"),
    unary("abs", kinks=smallest),
    unary("sign", kinks=smallest),
    compared("equal"),
    compared("not_equal"),
    compared("less"),
    compared("less_equal"),
    compared("greater"),
    compared("greater_equal"),
    library(
        "power",
        _power,
        [
            *(at(positive(*a), real(*b)) for a, b in BINARY),
            at(real(4), 3),
            at(real(4), 2.0),
            at(real(4), np.array([0, 1, 2, 3])),
            at(real(4), 1),
            at(real(4), 0),
            at(2, real(4)),
            at(positive(4), -1.5),
            at(positive(4), 0.5),
        ],
        refuse(real(2), real(3)),
    ),
    binary("hypot", kinks=lambda a, b: smallest(np.hypot(a, b))),
]
