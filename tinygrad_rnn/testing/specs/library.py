"""How every op is called: for each, a rule that chooses its operands and options.

    call_of("sum", source)  →  its rule (rules/)  →  tg.sum(a, axis=0), a a new array

A rule says what its operands have to be and lets `pick` find them, so one table serves a single op, whose operands are
fresh, and a whole program, whose operands are values computed before. Ops of one or two arrays alone need no entry. A
new op with options does: without one, tests/testing/test_grammar.py names it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

from tinygrad_rnn import ops
from tinygrad_rnn.engine.op import REGISTRY
from tinygrad_rnn.testing.draw.call import Call
from tinygrad_rnn.testing.draw.operands import Fresh, Pick, Rule
from tinygrad_rnn.testing.draw.source import Source
from tinygrad_rnn.testing.specs import arithmetic, einsum, indexing, linalg, reduce, shape
from tinygrad_rnn.testing.specs.arithmetic import one_array, two_arrays


class Spec(Protocol):
    """What is needed of an op of somebody's own: OpSpec (spec.py) has it."""

    @property
    def name(self) -> str: ...
    @property
    def fn(self) -> Callable[..., Any]: ...
    @property
    def inputs(self) -> Any: ...
    def distance(self, *arguments: Any) -> float: ...


@runtime_checkable
class Draws(Protocol):
    """A source that draws from strategies too."""

    def draw(self, strategy: Any) -> Any: ...


OpLike = str | Spec
RULES = {**arithmetic.RULES, **reduce.RULES, **shape.RULES, **indexing.RULES, **linalg.RULES, **einsum.RULES}

ELSEWHERE = {
    "identity": "a node that a derivative is taken with respect to: it has no other use",
    "rematerialized": "built by checkpoint(), not called with arrays of one's own",
    "constant_pad": "pad",
    "euclidean_norm": "norm",
}
CALLABLE = sorted({*ops.__all__, *REGISTRY} - set(ELSEWHERE))


def call_of(op: OpLike, source: Source, ties: bool = False) -> Call:
    """A call of an op with fresh operands, away from its kinks.

    Args:
        op: its name, or an OpSpec, whose arguments only a source made of Hypothesis can draw.
        source: what chooses.
        ties: on purpose at ties and zeros instead, where subgradients are chosen.

    >>> from tinygrad_rnn.testing.draw.source import RandomSource
    >>> print(call_of("tanh", RandomSource(1)))
    tg.tanh(a)
    """
    return choose_call(op, source, Fresh(source, ties, empty=not ties))


def choose_call(op: OpLike, source: Source, pick: Pick) -> Call:
    """A call of an op whose operands `pick` finds; those of an OpSpec come from its own strategy."""
    if isinstance(op, str):
        return Call(op, *rule_of(op)(source, pick))
    if not isinstance(source, Draws):
        raise TypeError(f"{op.name}: its inputs are a Hypothesis strategy, and {type(source).__name__} draws none")
    drawn = source.draw(op.inputs)
    return Call(op.name, drawn if isinstance(drawn, tuple) else (drawn,), {}, op.fn)


def rule_of(op: str) -> Rule:
    """The rule of an op by its name.

    Raises:
        KeyError: it has none.
    """
    if op in RULES:
        return RULES[op]
    declared = REGISTRY.get(op)
    if declared is None or declared.variadic or declared.static or len(declared.params) > 2:
        raise KeyError(f"{op}: how is it called? add it to testing/rules")
    return (one_array if len(declared.params) == 1 else two_arrays)(op)
