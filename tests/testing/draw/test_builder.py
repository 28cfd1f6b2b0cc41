"""Random programs: sound, varied, and small once they have been shrunk to what is wrong."""

import random
from collections import Counter
from contextlib import ExitStack
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import Phase, find, settings

import tinygrad_rnn as tg
from tinygrad_rnn.autodiff import returned
from tinygrad_rnn.engine.op import REGISTRY
from tinygrad_rnn.ops import indexing
from tinygrad_rnn.testing import programs
from tinygrad_rnn.testing.draw.builder import DIMS, LARGEST, SIZE
from tinygrad_rnn.testing.draw.source import RandomSource
from tinygrad_rnn.testing.report.text import Name
from tinygrad_rnn.testing.specs.library import LIBRARY, OPS, build

PROGRAMS = [build(RandomSource(seed)) for seed in range(300)]


def adjoint_error(program):
    """|⟨u, J dx⟩ − ⟨Jᵀu, dx⟩| / Σ|terms|."""
    rng = np.random.default_rng(0)
    dxs = [rng.normal(size=x.shape) for x in program.inputs]
    dy = tg.jvp(program, program.inputs, dxs)[1].data
    u = rng.normal(size=dy.shape)
    left = u * dy
    right = [g.data * dx for g, dx in zip(tg.vjp(program, *program.inputs)[1](u), dxs, strict=True)]
    size = np.abs(left).sum() + sum(np.abs(term).sum() for term in right)
    return abs(left.sum() - sum(term.sum() for term in right)) / (1e-3 + size)


@pytest.mark.parametrize("program", PROGRAMS[::10], ids=lambda p: "-".join(p.ops))
def test_values_stay_moderate_and_small(program):
    y = program(*program.inputs)
    assert np.isfinite(y).all()
    assert np.abs(y).max() <= LARGEST
    assert 0 < np.size(y) <= SIZE
    assert np.ndim(y) <= DIMS


def test_every_line_is_needed_and_every_name_defined():
    for program in PROGRAMS:
        defined, used = [*program.names, *(line.name for line in program.lines)], {program.result.partition("[")[0]}
        assert len(set(defined)) == len(defined)
        for k, line in enumerate(program.lines):
            assert set(line.operands) <= set(defined[: len(program.inputs) + k])
            used.update(line.operands)
        assert used == set(defined)


def test_every_result_has_a_derivative():
    for program in PROGRAMS[:100]:
        assert program(*(tg.tensor(x, requires_grad=True) for x in program.inputs)).requires_grad


def test_they_are_varied():
    """Half have four nodes or more, some share a value, some have several inputs, every op with a derivative occurs."""
    assert np.median([len(program.lines) for program in PROGRAMS]) >= 4
    assert max(program.depth for program in PROGRAMS) >= 8
    uses = [Counter(name for line in program.lines for name in line.operands) for program in PROGRAMS]
    assert sum(max(count.values(), default=0) > 1 for count in uses) > 60
    assert sum(len(program.inputs) > 1 for program in PROGRAMS) > 60
    seen = {op for program in PROGRAMS for op in program.ops}  # masks are dead code unless a `where` comes after
    assert {op for op in OPS if LIBRARY[op].differentiable} <= seen


def test_the_ops_may_be_chosen():
    program = build(RandomSource(0), ["tanh"], max_nodes=3)
    assert set(program.ops) == {"tanh"}
    assert program(*program.inputs).shape == program.inputs[0].shape


def test_a_program_without_a_derivative_gets_one():
    assert build(RandomSource(0), ["one_hot"]).ops == ["tanh"]


# what is wrong shrinks to where it is wrong


def wrong_sign():
    op = REGISTRY["sin"]
    return [patch.object(op, "vjps", [lambda g, y, x: -g * tg.cos(x)])]


def forgotten_axis():
    def sum_to(x, shape):
        extra = x.ndim - len(shape)
        y = x.sum(axis=tuple(range(extra))) if extra else x
        return y[tuple(slice(0, 1) if n == 1 else slice(None) for n in shape)]

    return [patch.object(returned, "sum_to", sum_to)]


def overwritten_duplicates():
    def add_at(x, index, values):
        x[index] += values  # NumPy adds the last of the values alone

    return [patch.object(indexing, "_add_at", add_at)]


@pytest.mark.parametrize(
    ("bug", "culprits"),
    [
        (wrong_sign, {"sin"}),
        (forgotten_axis, None),
        (
            overwritten_duplicates,
            {"getitem", "gather", "index_add", "take_along_axis", "diagonal", "pad", "take", "trace"},
        ),
    ],
)
def test_a_planted_bug_shrinks_to_a_few_nodes(bug, culprits):
    with ExitStack() as stack:
        for change in bug():
            stack.enter_context(change)
        smallest = find(
            programs(),
            lambda program: adjoint_error(program) > 1e-6,  # far above rounding, far below a missing term
            random=random.Random(0),
            settings=settings(max_examples=2000, database=None, phases=[Phase.generate, Phase.shrink]),
        )
        assert len(smallest.lines) <= 3, smallest
        assert culprits is None or culprits & set(smallest.ops)
        assert sum(x.size for x in smallest.inputs) <= 6
        assert isinstance(smallest.result, Name)
    assert adjoint_error(smallest) < 1e-10  # rounding: without the bug nothing is wrong
