"""The specs of the library's own ops: found by name, called, and put together into programs.

    call_of("sum", source)     →  tg.sum(a, axis=0), a a new array
    build(source, ["sum", …])  →  a program of such calls, on values that were computed before

An op that is declared, or public, and is not here fails tests/ops/test_rules.py, which names it.
"""

from __future__ import annotations

from collections.abc import Sequence

from tinygrad_rnn import ops as public_ops
from tinygrad_rnn.engine.op import REGISTRY
from tinygrad_rnn.errors import OptionError, check_sequence, check_type
from tinygrad_rnn.testing.draw.builder import ProgramBuilder
from tinygrad_rnn.testing.draw.call import Call
from tinygrad_rnn.testing.draw.operands import Fresh
from tinygrad_rnn.testing.draw.program import Program
from tinygrad_rnn.testing.draw.source import Source
from tinygrad_rnn.testing.specs import (
    activations,
    arithmetic,
    autodiff,
    bases,
    choices,
    hyperbolic,
    indexing,
    linalg,
    logic,
    matrices,
    pointwise,
    products,
    ranking,
    reduce,
    rounding,
    shape,
    softmaxes,
    splitting,
    stacking,
    trigonometric,
)
from tinygrad_rnn.testing.specs.forms import one_array, two_arrays
from tinygrad_rnn.testing.specs.opspec import REGISTERED, OpSpec

OpLike = str | OpSpec
FILES = (
    arithmetic, choices, pointwise, bases, trigonometric, hyperbolic, activations, rounding, logic, reduce, ranking,
    products,
    softmaxes, shape, stacking, splitting, indexing, linalg, matrices, autodiff,
)  # fmt: skip
LIBRARY: dict[str, OpSpec] = {spec.name: spec for file in FILES for spec in file.SPECS}
CALLABLE = sorted(name for name, spec in LIBRARY.items() if spec.inputs is not None)
OPS: tuple[str, ...] = tuple(op for op in CALLABLE if op in public_ops.__all__)


def spec_of(op: OpLike) -> OpSpec:
    """The spec of an op by its name: one of ours, or one that was registered; a spec is its own.

    An op that was declared and has none is called with one array, or two, as its signature says.

    Raises:
        OptionError: it has none, and it takes more.
    """
    if isinstance(op, OpSpec):
        return op
    check_type("calls", "op", op, str, "an op")
    known = LIBRARY.get(op) or REGISTERED.get(op)
    return known or _plain_spec(op)


def _plain_spec(name: str) -> OpSpec:
    op = REGISTRY.get(name)
    if op is None or op.variadic or op.static or len(op.params) > 2:
        raise OptionError(f"{name} has no spec", help="add one to testing/specs, or register an OpSpec")
    return OpSpec(name, op.public, one_array() if len(op.params) == 1 else two_arrays())


def call_of(op: OpLike, source: Source, ties: bool = False) -> Call:
    """A call of an op with fresh operands, away from its kinks.

    Args:
        op: its name, or an OpSpec; arguments that are a strategy only a source made of Hypothesis can draw.
        source: what chooses.
        ties: on purpose at ties and zeros instead, where subgradients are chosen.

    >>> from tinygrad_rnn.testing.draw.source import RandomSource
    >>> print(call_of("tanh", RandomSource(1)))
    tg.tanh(a)
    """
    return spec_of(op).choose(source, Fresh(source, ties, empty=not ties))


def build(source: Source, ops: Sequence[OpLike] | None = None, max_nodes: int = 12) -> Program:
    """A random program.

    Args:
        source: what chooses.
        ops: names of ops, or OpSpecs; every public op when None.
        max_nodes: so many ops are tried at most.

    >>> from tinygrad_rnn.testing.draw.source import RandomSource
    >>> set(build(RandomSource(0), ["tanh", "multiply"]).ops) <= {"tanh", "multiply"}
    True
    """
    check_sequence("programs", "the ops", OPS if ops is None else ops)
    builder = ProgramBuilder(source)
    builder.grow([spec_of(op) for op in (OPS if ops is None else ops)], max_nodes)
    return builder.program()
