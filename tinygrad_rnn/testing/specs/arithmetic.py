"""Element by element: operands that broadcast, Python numbers among them, in the domain of the op."""

from __future__ import annotations

import numpy as np

from tinygrad_rnn.testing.draw.choices import Domain, any_size, number
from tinygrad_rnn.testing.draw.operands import ANY, Arguments, Pick, Rule, broadcasting, given
from tinygrad_rnn.testing.draw.source import Source, choose, flag

UNARY = {"sqrt": "positive", "log": "positive", "log1p": "above -1", "exp": "small", "expm1": "small"}
BINARY = {"divide": ("real", "nonzero")}
SATURATING = {"tanh", "sigmoid", "logistic_slope", "softplus", "log_sigmoid", "relu", "logaddexp"}


def one_array(op: str) -> Rule:
    """The rule of an op of one array alone."""
    if op in SATURATING:
        return lambda source, pick: given(pick(ANY, any_size(source)))
    return lambda source, pick: given(pick(ANY, UNARY.get(op, "real")))


def two_arrays(op: str) -> Rule:
    """The rule of an op of two arrays alone."""
    left, right = BINARY.get(op, ("real", "real"))

    def rule(source: Source, pick: Pick) -> Arguments:
        if op in SATURATING and flag(source, 4):
            a = pick(ANY, any_size(source))
            return given(a, pick(broadcasting(a.shape), any_size(source)))
        form = source.integer(0, 7)
        if form == 6:
            return given(pick(ANY, left), number(source, right))
        if form == 7:
            return given(number(source, left), pick(ANY, right))
        a = pick(ANY, left)
        return given(a, pick(broadcasting(a.shape), right))

    return rule


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


RULES: dict[str, Rule] = {
    "power": _power,
    "clip": _clip,
    "where": _where,
}
