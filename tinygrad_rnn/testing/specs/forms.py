"""Ops that are called alike: how their operands and options are chosen, and the edges that they share.

at(x, axis=0)            a call: its arguments and its options          refuse(x, axis=9)   one that must be refused
library(name, …)         the spec of an op of ours: NumPy has a function of its name, or a reference is given
unary(name, domain)      f(x)                                           binary(name)        f(a, b), broadcast together
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import count
from typing import Any

import numpy as np

from tinygrad_rnn.errors import DTypeError, ShapeError
from tinygrad_rnn.testing.checks.refusals import Refusal
from tinygrad_rnn.testing.draw.call import public
from tinygrad_rnn.testing.draw.choices import Within, any_size, number
from tinygrad_rnn.testing.draw.operands import ANY, Arguments, Pick, Rule, broadcasting, given
from tinygrad_rnn.testing.draw.source import Source, flag
from tinygrad_rnn.testing.specs.kinks import between
from tinygrad_rnn.testing.specs.opspec import OpSpec

FORMULA = 1e-13  # a reference that is written out rounds differently; NumPy's own function gives the same bits
SATURATING = "saturating"  # the domain of what must neither overflow nor lose its slope far from 0
_seeds = count()


def at(*args: Any, **static: Any) -> Arguments:
    """A call, as its arguments and its options."""
    return args, static


def refuse(*args: Any, error: type[Exception] = ShapeError, **static: Any) -> Refusal:
    """A call that must be refused."""
    return Refusal(args, static, error)


def real(*shape: int, low: float = -2.0, high: float = 2.0) -> Any:
    """Numbers in [low, high], in random order, no two nearer than a hundredth of the range / size, none near 0."""
    rng = np.random.default_rng(next(_seeds))
    size = int(np.prod(shape, dtype=int))
    cells = (rng.permutation(size) + rng.uniform(0.25, 0.75, size)) / max(size, 1)
    values = low + (high - low) * cells
    values = np.where(np.abs(values) < 0.05, 0.05 + np.abs(values), values)
    return values.reshape(shape)


def positive(*shape: int) -> Any:
    return real(*shape, low=0.4, high=2.5)


def library(
    name: str,
    inputs: Rule,
    edges: Iterable[Arguments],
    refused: Refusal,
    reference: Callable[..., Any] | None = None,
    kinks: Callable[..., Any] | None = None,
    rtol: float = 0.0,
) -> OpSpec:
    """The spec of an op of ours, called as it is in NumPy."""
    reference = reference or getattr(np, name)
    return OpSpec(name, public(name), inputs, reference, kinks, (refused,), tuple(edges), rtol)


# element by element

UNARY = [(), (3,), (2, 3), (0,), (2, 0, 3)]
BINARY = [
    ((), ()),
    ((2, 3), (2, 3)),
    ((2, 3), (3,)),
    ((3, 1), (4,)),
    ((), (2, 3)),
    ((2, 3), ()),
    ((2, 1, 3), (4, 1)),
    ((1, 1), (2, 2)),
    ((0, 3), (1, 3)),
    ((2, 1), (2, 0)),
]


def one_array(domain: Within = "real") -> Rule:
    """f(x) for x of a domain."""

    def rule(source: Source, pick: Pick) -> Arguments:
        return given(pick(ANY, any_size(source) if domain is SATURATING else domain))

    return rule


def two_arrays(left: str = "real", right: str = "real") -> Rule:
    """f(a, b), broadcast together, now and then a Python number in the place of one."""
    one, other = ("real" if domain is SATURATING else domain for domain in (left, right))

    def rule(source: Source, pick: Pick) -> Arguments:
        if left is SATURATING and flag(source, 4):
            a = pick(ANY, any_size(source))
            return given(a, pick(broadcasting(a.shape), any_size(source)))
        form = source.integer(0, 7)
        if form == 6:
            return given(pick(ANY, one), number(source, other))
        if form == 7:
            return given(number(source, one), pick(ANY, other))
        a = pick(ANY, one)
        return given(a, pick(broadcasting(a.shape), other))

    return rule


def unary(
    name: str,
    domain: str = "real",
    reference: Callable[..., Any] | None = None,
    kinks: Callable[..., Any] | None = None,
) -> OpSpec:
    """The spec of an op of one array."""
    draw = positive if domain in ("positive", "above -1") else real
    edges = [at(draw(*shape)) for shape in UNARY]
    refused = refuse("text", error=DTypeError)
    return library(name, one_array(domain), edges, refused, reference, kinks, FORMULA if reference else 0.0)


def binary(name: str, left: str = "real", right: str = "real", kinks: Callable[..., Any] | None = None) -> OpSpec:
    """The spec of an op of two arrays that broadcast together."""
    draw = positive if right == "nonzero" else real
    edges = [at(draw(*a), draw(*b)) for a, b in BINARY] + [at(draw(3), 1.5), at(1.5, draw(3)), at(draw(3), 2)]
    return library(name, two_arrays(left, right), edges, refuse(real(2), real(3)), kinks=kinks)


def compared(name: str) -> OpSpec:
    """The spec of a comparison, or a choice, of two arrays: it jumps, or bends, where they are equal."""
    return binary(name, kinks=between)
