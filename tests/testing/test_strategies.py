import random

import hypothesis
import numpy as np
import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

import tinygrad_rnn as tg
from tinygrad_rnn import testing as ours
from tinygrad_rnn.testing import OpSpec, check_vjp
from tinygrad_rnn.testing.draw.shrinking import for_each, load_profile

quick = settings(max_examples=30, deadline=None, database=None)


def smallest(strategy, condition=lambda x: True):
    return find(strategy, condition, random=random.Random(0), settings=settings(max_examples=500, database=None))


@quick
@given(st.data())
def test_shapes_and_what_goes_with_them(data):
    shape = data.draw(ours.shapes(min_dims=1, max_dims=2, max_side=3))
    x = np.zeros(shape)
    assert 1 <= x.ndim <= 2
    np.sum(x, axis=data.draw(ours.axes(shape)))
    x[data.draw(ours.indices(shape))]
    np.broadcast_shapes(*data.draw(ours.broadcast_shapes(3)))
    np.matmul(*map(np.zeros, data.draw(ours.matmul_shapes())))


@quick
@given(ours.shapes(min_dims=1).flatmap(lambda shape: st.tuples(ours.values(shape), ours.indices(shape))))
def test_strategies_compose(drawn):
    x, index = drawn
    assert np.shape(tg.getitem(x, index=index)) == np.shape(x[index])


@quick
@given(ours.values(ours.shapes(), dtype=ours.dtypes(), domain="positive", away_from=(1.0,)))
def test_values(x):
    assert x.dtype in (np.float32, np.float64)
    assert (x > 0.3).all()
    assert (np.abs(x - 1) > 0.04).all()
    assert np.unique(x).size == x.size


@quick
@given(st.data())
def test_the_same_values_in_another_layout(data):
    x = data.draw(ours.values((2, 3), ties=True))
    np.testing.assert_array_equal(data.draw(ours.layouts(x)), x)
    assert data.draw(ours.layouts(ours.values((2, 3)))).shape == (2, 3)


@quick
@given(st.data())
def test_sequences_and_lengths(data):
    x = data.draw(ours.sequences(T=st.integers(2, 4), I=3))
    T, B, I = x.shape
    assert 2 <= T <= 4
    assert I == 3
    n = data.draw(ours.lengths(T, B, min=0))
    assert n.shape == (B,)
    assert n.min() >= 0
    assert n.max() <= T


@quick
@given(ours.calls("matmul"))
def test_calls_are_ready_to_be_checked(call):
    assert check_vjp(call.function, *call.arrays).passed


def test_what_is_drawn_shrinks():
    assert smallest(ours.shapes(), lambda shape: len(shape) == 2) == (1, 1)
    assert np.abs(smallest(ours.values((3,)))).max() < 0.2
    assert smallest(ours.lengths(5, 2)).tolist() == [1, 1]


def test_a_program_shrinks_to_one_op():
    for op in ("matmul", "where", "einsum"):
        program = smallest(ours.programs(["tanh", "add", "less", op, "sum"]), lambda program, op=op: op in program.ops)
        assert program.ops == [op]


SPEC = OpSpec("twice", lambda x: x + x, inputs=ours.values(ours.shapes()))


@quick
@given(ours.programs([SPEC, "tanh", "multiply"], max_nodes=6), ours.calls(SPEC))
def test_an_op_of_ones_own_takes_part(program, call):
    assert set(program.ops) <= {"twice", "tanh", "multiply"}
    assert check_vjp(program, *program.inputs).passed
    np.testing.assert_array_equal(call.run(), 2 * call.arrays[0])  # doubling is exact


def test_the_op_of_ones_own_is_in_some_programs():
    assert "twice" in smallest(ours.programs([SPEC, "tanh"]), lambda program: "twice" in program.ops).ops


def test_the_op_of_ones_own_uses_what_others_made():
    def chained(program):
        made = {line.name for line in program.lines}
        return any(line.call.name == "twice" and not made.isdisjoint(line.operands) for line in program.lines)

    assert smallest(ours.programs([SPEC, "tanh"]), chained).depth == 2


def test_the_op_of_ones_own_stays_clear_of_its_kinks():
    spec = OpSpec("size", tg.abs, inputs=ours.values((2,), ties=True), kinks=[0.0])
    with pytest.raises(NoSuchExample):
        smallest(
            ours.programs([spec], max_nodes=2),
            lambda program: any((np.abs(x) < 1e-2).any() for x in program.inputs) and "size" in program.ops,
        )


@pytest.mark.parametrize(("name", "examples"), [("dev", 100), ("ci", 100), ("fuzz", 10_000)])
def test_profiles(name, examples):
    before = settings.get_current_profile_name()
    try:
        load_profile(name)
        assert settings().max_examples == examples
        assert settings().deadline is None
        assert settings().derandomize == (name == "ci")
    finally:
        settings.load_profile(before)


def test_for_each_shrinks_what_fails():
    seen = []

    def check(shape):
        seen.append(shape)
        assert len(shape) < 2

    with pytest.raises(AssertionError):
        for_each(ours.shapes(), check, database=None)
    assert seen[-1] == (1, 1)


def test_for_each_takes_settings():
    seen = []
    for_each(ours.shapes(), seen.append, max_examples=7, database=None, phases=[hypothesis.Phase.generate])
    assert len(seen) == 7


@quick
@given(ours.values(), ours.axes(2), ours.sequences())
def test_what_is_left_out_is_anything(x, axis, sequence):
    assert x.dtype == np.float64
    np.zeros((1, 1)).sum(axis=axis)  # an axis of two, or NumPy refuses it
    assert len(sequence) >= 2
