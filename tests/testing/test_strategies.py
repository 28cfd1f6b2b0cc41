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


# extreme arguments

SPEC_WITHOUT_INPUTS = OpSpec("edges alone", tg.tanh, inputs=None)
REFUSED = [
    (ours.shapes, {"max_side": 0}),
    (ours.shapes, {"min_dims": 4}),
    (ours.shapes, {"max_dims": 65}),
    (ours.shapes, {"min_side": 5}),
    (ours.shapes, {"min_dims": -1}),
    (ours.broadcast_shapes, {"count": 0}),
    (ours.broadcast_shapes, {"max_side": 0}),
    (ours.broadcast_shapes, {"max_dims": 65}),
    (ours.matmul_shapes, {"max_dims": 0}),
    (ours.axes, {"shape": -1}),
    (ours.axes, {"shape": "three"}),
    (ours.axes, {"shape": True}),
    (ours.axes, {"shape": ours.shapes}),
    (ours.indices, {"shape": (2, -1)}),
    (ours.indices, {"shape": None}),
    (ours.indices, {"shape": (2,), "duplicates": "no"}),
    (ours.values, {"domain": "rael"}),
    (ours.values, {"domain": (1, 0)}),
    (ours.values, {"domain": (0.0, 0.0)}),
    (ours.values, {"domain": (0.0, float("inf"))}),
    (ours.values, {"domain": (float("nan"), 1.0)}),
    (ours.values, {"domain": (-1.7e308, 1.7e308)}),
    (ours.values, {"domain": (1, 2, 3)}),
    (ours.values, {"domain": (0.5, 0.6), "away_from": (0.55,)}),
    (ours.values, {"domain": (0, 1), "away_from": [0.04 + 0.08 * k for k in range(14)]}),
    (ours.values, {"domain": (0.5, 0.5), "ties": True}),
    (ours.values, {"domain": (0.1, 0.9), "dtype": np.int64}),
    (ours.values, {"domain": (0, 1), "away_from": (0, 1), "dtype": np.int64}),
    (ours.values, {"domain": (-5, -1), "dtype": np.uint8}),
    (ours.values, {"domain": "rael", "dtype": ours.dtypes()}),
    (ours.values, {"away_from": (float("nan"),)}),
    (ours.values, {"away_from": 0.5}),
    (ours.values, {"dtype": complex}),
    (ours.values, {"dtype": "U3"}),
    (ours.values, {"dtype": "floaty"}),
    (ours.values, {"shape": 3}),
    (ours.values, {"shape": (10**9,)}),
    (ours.values, {"ties": 1}),
    (ours.layouts, {"array": [1.0]}),
    (ours.sequences, {"T": -1}),
    (ours.sequences, {"B": 1.5}),
    (ours.sequences, {"I": ours.shapes}),
    (ours.sequences, {"dtype": object}),
    (ours.lengths, {"T": 2, "B": 1, "min": 3}),
    (ours.lengths, {"T": 2, "B": -1}),
    (ours.calls, {"op": "tahn"}),
    (ours.calls, {"op": SPEC_WITHOUT_INPUTS}),
    (ours.calls, {"op": OpSpec("five", tg.tanh, inputs=5)}),
    (ours.programs, {"ops": []}),
    (ours.programs, {"ops": ["tanh", "tahn"]}),
    (ours.programs, {"ops": [SPEC_WITHOUT_INPUTS]}),
    (ours.programs, {"max_nodes": 0}),
]


@pytest.mark.parametrize(("strategy", "arguments"), REFUSED, ids=map(str, range(len(REFUSED))))
def test_what_nothing_can_be_drawn_from_is_refused_when_it_is_built(strategy, arguments):
    with pytest.raises(tg.TinygradError, match=rf"^({strategy.__name__}|values|calls|tahn|\w+ has no spec)"):
        strategy(**arguments)


GIVEN = {  # what there is
    "a scalar": (ours.shapes(max_dims=0), lambda shape: shape == ()),
    "empty sides": (ours.shapes(1, 1, 0, 0), lambda shape: shape == (0,)),
    "many axes": (ours.shapes(min_dims=64, max_dims=64, max_side=1), lambda shape: np.zeros(shape).ndim == 64),
    "one shape": (ours.broadcast_shapes(1, max_dims=0), lambda shapes: shapes == ((),)),
    "vectors alone": (ours.matmul_shapes(max_dims=1), lambda shapes: {len(shape) for shape in shapes} == {1}),
    "matrices at most": (ours.matmul_shapes(max_dims=2), lambda shapes: max(map(len, shapes)) <= 2),
    "sides of 1": (ours.matmul_shapes(max_side=1), lambda shapes: {n for shape in shapes for n in shape} == {1}),
    "axes of 0-d": (ours.axes(()), lambda axis: axis in (None, ())),
    "axes of a number": (ours.axes(0), lambda axis: axis in (None, ())),
    "indices of 0-d": (ours.indices(()), lambda index: np.zeros(())[index].size <= 1),
    "indices of nothing": (ours.indices((0, 3)), lambda index: np.zeros((0, 3))[index].size == 0),
    "no elements": (ours.values((2, 0)), lambda x: x.shape == (2, 0)),
    "a narrow domain": (ours.values((40,), domain=(1.0, 1.0 + 1e-9)), lambda x: np.unique(x).size == 40),
    "tiny numbers": (ours.values((9,), domain=(1e-12, 2e-12)), lambda x: 1e-12 <= x.min() < x.max() <= 2e-12),
    "large numbers": (ours.values((9,), domain=(1e300, 2e300)), lambda x: np.unique(x).size == 9),
    "a gap in a wide domain": (
        ours.values((9,), domain=(-1e6, 1e6), away_from=np.arange(-1e6 + 0.1, 1e6, 1e5)),
        lambda x: np.unique(x).size == 9,
    ),
    "what is left of a domain": (
        ours.values((9,), domain=(0, 1), away_from=[0.05 * k for k in range(19)]),
        lambda x: 0.95 <= x.min() < x.max() <= 1,
    ),
    "float32": (ours.values((200,), np.float32, (1.0, 1.001)), lambda x: np.unique(x).size == 200),
    "one integer": (ours.values((3,), np.int64, (2, 2)), lambda x: x.tolist() == [2, 2, 2]),
    "integers but for one": (ours.values((20,), np.int8, (-1, 1), away_from=(0,)), lambda x: (x != 0).all()),
    "unsigned": (ours.values((5,), np.uint8), lambda x: x.max() <= 2),
    "integers that are not 0": (ours.values((9,), np.int64, "nonzero"), lambda x: (x != 0).all()),
    "an empty layout": (ours.layouts(np.zeros((0, 2))), lambda x: x.shape == (0, 2)),
    "no steps": (ours.sequences(T=0), lambda x: len(x) == 0),
    "no rows": (ours.lengths(3, 0), lambda n: n.shape == (0,)),
    "no length but 0": (ours.lengths(0, 2, min=0), lambda n: n.tolist() == [0, 0]),
    "one op": (ours.programs("tanh"), lambda program: set(program.ops) == {"tanh"}),
    "ops that can be gone through once": (ours.programs(iter(["tanh", "exp"])), lambda program: bool(program.ops)),
}


@pytest.mark.parametrize("name", GIVEN)
def test_what_there_is_is_given(name):
    strategy, holds = GIVEN[name]

    @settings(max_examples=15, database=None, deadline=None)
    @given(strategy)
    def check(drawn):
        assert holds(drawn)

    check()


@pytest.mark.parametrize(
    "strategy",
    [
        ours.values(st.just(3)),
        ours.values((2,), dtype=st.just("floaty")),
        ours.values((40,), dtype=st.just(np.float32), domain=(1.0, 1.000001)),
        ours.values((100,), domain=(1.0, 1.0 + 1e-15)),
        ours.values((2,), np.float16, (0.0, 1e6)),
        ours.values(st.just((10**9,))),
        ours.layouts(st.just([1.0])),
        ours.axes(st.just("x")),
        ours.sequences(T=st.just(-1)),
        ours.lengths(st.just(1), 2, min=2),
    ],
    ids=range(10),
)
def test_what_a_strategy_gives_is_checked_when_it_is_drawn(strategy):
    with pytest.raises(tg.TinygradError):
        smallest(strategy)
