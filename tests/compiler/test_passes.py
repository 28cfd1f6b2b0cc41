"""The passes: each keeps the values and the gradients, and does what it is for."""

from collections import Counter

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.compiler.oracles import assert_close, derived
from tests.fuzz.compiled import Recurrence
from tinygrad_rnn import nn
from tinygrad_rnn.compiler.derive import depending, derive
from tinygrad_rnn.compiler.interpret import interpret
from tinygrad_rnn.compiler.passes.distribute import distributed
from tinygrad_rnn.compiler.passes.enclose import enclosed
from tinygrad_rnn.compiler.passes.flatten import flattened
from tinygrad_rnn.compiler.passes.narrow import narrowed
from tinygrad_rnn.compiler.passes.pack import packed
from tinygrad_rnn.compiler.passes.regroup import regrouped
from tinygrad_rnn.compiler.passes.rollup import rolled
from tinygrad_rnn.compiler.passes.spell import spelled
from tinygrad_rnn.compiler.passes.tidy import fold_constants, hoist_invariants, merge_common, remove_dead, tidied
from tinygrad_rnn.compiler.passes.vector import is_product
from tinygrad_rnn.compiler.program import Call, Loop, Program, Value
from tinygrad_rnn.compiler.trace import record
from tinygrad_rnn.engine.trees import flatten
from tinygrad_rnn.testing.draw.source import RandomSource
from tinygrad_rnn.testing.specs.library import build

CLOSE = 1e-12  # of the largest: float64, the same terms in another order
TIDY = (fold_constants, hoist_invariants, merge_common, remove_dead)
BEFORE = (rolled, *TIDY, flattened, *TIDY)
AFTER = (*TIDY, packed, distributed, regrouped, *TIDY, spelled, enclosed, narrowed, *TIDY)


def recorded(f, *arrays):
    """The trace of f, and the arrays that its inputs are."""
    tensors = [tg.tensor(a, requires_grad=np.asarray(a).dtype.kind == "f") for a in arrays]
    leaves, nest = flatten((tuple(tensors), {}))
    _, trace = record(f, leaves, nest)
    return trace, [_array(given, tensors) for given in trace.given]


def _array(given, tensors):
    if given.argument is not None:
        return tensors[given.argument].numpy()
    return given.tensor.numpy() if given.tensor is not None else np.array(given.array, given.dtype)


def with_gradients(program, moving):
    """The program of a scalar, and its backward pass behind it: its outputs are the value, then the gradients."""
    constants, xs = dict(program.constants), [program.inputs[k] for k in moving]
    [out] = program.outputs
    assert out in depending(program.steps, set(xs))
    one = Value(out.shape, out.dtype)
    back, found = derive(program.steps, xs, {out: [one]}, constants)
    gradients = [found[x] for x in xs if x in found]
    return Program([*program.inputs, one], constants, program.steps + back, [out, *gradients])


def assert_kept_by_every_pass(f, *arrays):
    """The value after each pass before the derivation, the value and gradients after each that follows it."""
    trace, inputs = recorded(f, *arrays)
    program = trace.program
    [value] = interpret(program, inputs)
    for once in BEFORE:
        program = once(program)
        assert_close(interpret(program, inputs), [value], CLOSE)
    program, inputs = with_gradients(program, trace.moving), [*inputs, np.ones(value.shape, value.dtype)]
    expected = interpret(program, inputs)
    for once in AFTER:
        program = once(program)
        assert_close(interpret(program, inputs), expected, CLOSE)
    return expected


@pytest.mark.parametrize("seed", range(30))
def test_a_random_recurrence_is_kept(seed):
    rng = np.random.default_rng(seed)
    body = Recurrence(rng, "float64")
    arrays = body.arrays(rng)
    with np.errstate(all="ignore"):
        found = assert_kept_by_every_pass(body, *arrays)
    tensors = [tg.tensor(a, requires_grad=True) for a in arrays]
    y = body(*tensors)
    y.backward()
    expected = [x.grad.numpy() for x in tensors if x.grad is not None]
    reached = [g for g in found[1:] if g.any()]  # a state whose gradient is 0 at every step has one that is 0
    assert_close([found[0], *reached], [y.numpy(), *(g for g in expected if g.any())], CLOSE)


def differentiable(seed):
    """The first random program from this seed on that has a finite gradient in float64, and its inputs."""
    for k in range(1000):
        program = build(RandomSource(seed + 1000 * k), max_nodes=8)

        def f(*xs, program=program):
            y = program(*xs)
            return tg.sum(y * 1.0) if isinstance(y, tg.Tensor) else tg.tensor(0.0)

        arrays = [np.asarray(a) for a in program.inputs]
        try:
            y = f(*(tg.tensor(a, requires_grad=a.dtype.kind == "f") for a in arrays))
        except tg.TinygradError:
            continue  # refused as it is, by its own words
        if y.dtype == np.float64 and y.requires_grad and np.isfinite(y.numpy()):
            return f, arrays
    raise AssertionError("no program of a thousand has a gradient")


@pytest.mark.parametrize("seed", range(100, 140))
def test_a_random_program_is_kept(seed):
    with np.errstate(all="ignore"):
        f, arrays = differentiable(seed)
        assert_kept_by_every_pass(f, *arrays)


@pytest.mark.parametrize("B", [2, 9])
@pytest.mark.parametrize("cls", [nn.RNN, nn.LSTM, nn.GRU])
@pytest.mark.parametrize("options", [{}, {"num_layers": 2, "bidirectional": True, "layer_norm": True}], ids=str)
def test_a_layer_is_kept(cls, options, B):
    f, x, _ = layer_of(cls, 6, B, **options)
    expected = assert_kept_by_every_pass(f, x)
    assert_close(expected[-1:], derived(f, x)[1:], CLOSE)


# what each is for


def layer_of(cls, T, B=2, **options):
    """The sum of squares of what a layer gives, a sequence for it, and the layer."""
    layer = cls(3, 4, rng=0, dtype=np.float64, **options)
    x = np.random.default_rng(T).standard_normal((T, B, 3))
    return lambda x: (layer(x)[0] ** 2).sum(), x, layer


def loops(program):
    return [step for step in program.steps if isinstance(step, Loop)]


def names(steps):
    """How often each op is called, in loops as often as it stands there."""
    found = Counter()
    for step in steps:
        found += names(step.body) if isinstance(step, Loop) else Counter([step.op.name])
    return found


def products(steps):
    return [step for step in steps if isinstance(step, Call) and is_product(step.op)]


def whole(f, *arrays, after=()):
    """The program of f with its gradients, before `improved` and after these passes of it."""
    trace, _ = recorded(f, *arrays)
    program = trace.program
    for once in BEFORE:
        program = once(program)
    program = with_gradients(program, trace.moving)
    for once in after:
        program = once(program)
    return program


@pytest.mark.parametrize("cls", [nn.RNN, nn.LSTM, nn.GRU])
@pytest.mark.parametrize(
    ("options", "count"),
    [({}, 1), ({"num_layers": 3}, 3), ({"num_layers": 2, "bidirectional": True}, 4)],
    ids=["", "3 layers", "2 bidirectional layers"],
)
def test_rolled_has_one_loop_for_each_layer_and_direction_however_long_it_is(cls, options, count):
    steps = {}
    for T in (20, 40):
        trace, _ = recorded(*layer_of(cls, T, **options)[:2])
        program = rolled(trace.program)
        steps[T] = len(program.steps)
        kept = [loop for loop in loops(program) if products(loop.body)]  # others put two directions side by side
        assert [loop.count for loop in kept] == [T] * count
        assert len(trace.program.steps) > T * count * len(kept[0].body)
    assert steps[20] == steps[40]


def test_rolled_says_what_is_sliced_carried_and_stacked():
    f, x, _ = layer_of(nn.RNN, 20)
    program = rolled(recorded(f, x)[0].program)
    [loop] = [loop for loop in loops(program) if loop.body]
    [outside] = loop.slices.values()
    assert outside.shape == x.shape
    [carry] = loop.carries
    assert carry.start.shape == (2, 4)
    assert list(loop.stacks.values()) == [carry.end]
    assert names(loop.body)["tanh"] == 1


def test_rolled_leaves_three_repetitions_as_they_are():
    for T, count in ((3, 0), (4, 1)):
        program = rolled(recorded(*layer_of(nn.RNN, T)[:2])[0].program)
        assert len([loop for loop in loops(program) if loop.body]) == count


def test_rolled_takes_what_runs_backwards_and_what_begins_late():
    def f(x):
        h = tg.tensor(np.zeros((2, 3)))
        for t in range(9, 2, -1):
            h = tg.tanh(x[t] + h * 0.5)
        return h.sum()

    x = np.random.default_rng(0).standard_normal((12, 2, 3))
    [loop] = loops(rolled(recorded(f, x)[0].program))
    assert loop.count == 7
    assert_kept_by_every_pass(f, x)


def test_remove_dead_takes_out_what_nobody_reads():
    def f(x):
        tg.exp(x)
        return (tg.tanh(x), tg.sin(x))[0].sum()

    program = remove_dead(recorded(f, np.ones(3))[0].program)
    assert "sin" not in names(program.steps)
    assert "exp" not in names(program.steps)
    assert names(program.steps)["tanh"] == 1


def test_remove_dead_takes_out_of_a_loop_what_only_it_reads():
    f, x, _ = layer_of(nn.LSTM, 6)
    program = whole(f, x)
    assert names(remove_dead(program).steps) <= names(program.steps)
    for loop in loops(remove_dead(program)):
        assert loop.stacks or loop.sums


def test_fold_constants_computes_now_what_it_can():
    trace, inputs = recorded(lambda x: (x * tg.exp(tg.sin(tg.tensor(2.0)))).sum(), np.ones(3))
    program = fold_constants(trace.program)
    if "sin" in names(trace.program.steps):  # a number of the function's own: a constant already, or recorded
        assert "sin" not in names(program.steps)
    assert "exp" not in names(program.steps)
    assert_close(interpret(program, inputs), interpret(trace.program, inputs), CLOSE)


def test_merge_common_computes_nothing_twice():
    def f(x):
        return (tg.tanh(x * 2.0) * tg.tanh(x * 2.0) + tg.tanh(x * 2) + tg.reshape(x, x.shape)).sum()

    before = recorded(f, np.ones(3))[0].program
    found = names(merge_common(before).steps)
    assert names(before.steps)["tanh"] == 3
    assert found["tanh"] == 2  # 2 and 2.0 are not the same number
    assert found["reshape"] == 0


def test_merge_common_and_the_others_leave_what_draws_alone():
    drop = nn.Dropout(0.5, rng=0)
    program = recorded(lambda x: (drop(x) * drop(x) + 0 * (drop(x), 1)[1]).sum(), np.ones(3))[0].program
    assert names(tidied(program).steps)["draw"] == names(program.steps)["draw"] >= 2


def test_hoist_invariants_makes_before_a_loop_what_is_the_same_at_each_step():
    def f(x, w):
        h = tg.tensor(np.zeros((2, 3)))
        for x_t in x:
            h = tg.tanh(x_t + h * tg.sigmoid(w))
        return h.sum()

    program = rolled(recorded(f, np.ones((9, 2, 3)), np.ones(3))[0].program)
    assert names(loops(program)[0].body)["sigmoid"] == 1
    program = hoist_invariants(program)
    assert names(loops(program)[0].body)["sigmoid"] == 0
    assert names(program.steps)["sigmoid"] == 1


def test_flattened_makes_products_of_matrices():
    program = recorded(lambda x, w: (tg.inner(x, w) + x @ w).sum(), np.ones((5, 2, 3)), np.ones((3, 3)))[0].program
    for call in products(flattened(program).steps):
        assert [x.ndim for x in (*call.args, call.out)] == [2, 2, 2]
        assert call.args[0].shape == (10, 3)
    assert len(products(flattened(program).steps)) == 2
    assert {call.args[0].ndim for call in products(program.steps)} == {3}


def packs_of(cls, gates):
    """The gradients of the gates of a cell, one size for each place where they are put side by side."""
    f, x, _ = layer_of(cls, 6)
    before = whole(f, x, after=TIDY)
    [_, back] = [loop for loop in loops(before) if loop.body]
    assert names(back.body)["index_add"] >= gates
    [_, back] = [loop for loop in loops(tidied(packed(before))) if loop.body]  # what was joined is dead
    assert names(back.body)["index_add"] == 0
    return [len(call.args) for call in back.body if call.op.name == "pack"]


def test_packed_puts_the_gradients_of_the_gates_side_by_side():
    assert packs_of(nn.LSTM, 4) == [4]


def test_packed_puts_the_gradients_of_gates_side_by_side_for_each_product():
    assert packs_of(nn.GRU, 3) == [3, 3]


def test_packed_leaves_parts_that_overlap_as_they_are():
    def f(x):
        return (x[:2] * 2).sum() + (x[1:] * 3).sum()

    x = np.ones(3)
    assert names(packed(whole(f, x, after=TIDY)).steps)["add"] >= 1
    assert assert_kept_by_every_pass(f, x)[1].tolist() == [2, 5, 3]


@pytest.mark.parametrize("cls", [nn.RNN, nn.LSTM, nn.GRU])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_distributed_leaves_one_product_in_a_loop(cls, bidirectional):
    f, x, layer = layer_of(cls, 7, bidirectional=bidirectional)
    before = whole(f, x, after=(*TIDY, packed))
    after = distributed(before)
    shapes = {p.shape for p in layer.parameters()} | {p.shape[::-1] for p in layer.parameters()}
    inside = [call for loop in loops(before) for call in products(loop.body)]
    assert any(call.out.shape in shapes for call in inside)  # x_t W, h U, their gradients and those of W and U
    left = [products(loop.body) for loop in loops(after) if loop.body]
    assert [len(calls) for calls in left] == [1, 1] * (1 + bidirectional)
    assert not [call for calls in left for call in calls if call.out.shape in shapes]
    assert not any(loop.sums for loop in loops(after) if products(loop.body))
    rows = [call for call in products(after.steps) if call.out.shape in shapes]
    assert all(14 in (call.args[0].shape[1], call.args[1].shape[0]) for call in rows)  # T·B rows at once
    assert len(rows) == 2 * (1 + bidirectional)


def test_distributed_leaves_no_loop_where_no_step_needs_the_one_before():
    def f(x, w):
        return sum((tg.tanh(x_t @ w) ** 2).sum() for x_t in x)

    arrays = np.random.default_rng(0).standard_normal((6, 2, 3)), np.ones((3, 4))
    program = tidied(distributed(whole(f, *arrays, after=(*TIDY, packed))))
    assert not [loop for loop in loops(program) if products(loop.body)]
    assert_kept_by_every_pass(f, *arrays)


def test_regrouped_adds_what_does_not_change_before_the_loop():
    f, x, _ = layer_of(nn.LSTM, 6)
    before = whole(f, x, after=(*TIDY, packed, distributed, *TIDY))

    def biases_added(steps):
        adds = [call for call in steps if isinstance(call, Call) and call.op.name == "add"]
        return [x for call in adds for x in call.args if x.ndim == 1]

    assert len(biases_added(loops(tidied(before))[0].body)) == 2
    program = tidied(regrouped(before))
    assert len(biases_added(loops(program)[0].body)) == 1
    assert len(biases_added(program.steps)) == 2


@pytest.mark.parametrize(
    "z",
    [
        lambda p, q, b, c: (p + b) + (q + c),
        lambda p, q, b, c: b + (p + (c + q)),
        lambda p, q, b, c: (p + b) * (p + b) + c,  # p + b is read twice: it stays as it is
        lambda p, q, b, c: (p + b.sum()) + (2.0 + c) + 3.0,
        lambda p, q, b, c: (b + c) + (b[:1] + p),
        lambda p, q, b, c: p[:1] + b + c + q,  # a term that has another size than the whole
    ],
)
def test_regrouped_keeps_a_sum(z):
    rng = np.random.default_rng(0)

    def f(xs, w, b, c):
        h = tg.tensor(np.zeros((2, 3)))
        for x in xs:
            h = tg.tanh(z(x, h @ w, b, c))
        return (h**2).sum()

    arrays = [rng.standard_normal(shape) for shape in ((5, 2, 3), (3, 3), (3,), (3,))]
    assert_kept_by_every_pass(f, *arrays)


def test_narrowed_slices_before_it_adds():
    f, x, _ = layer_of(nn.LSTM, 6)
    before = whole(f, x, after=(*TIDY, packed, distributed, *TIDY))
    wide = [call for loop in loops(before) for call in loop.body if call.op.name == "add" and call.out.shape[-1] == 16]
    assert wide
    program = tidied(narrowed(before))
    for loop in loops(program):
        assert not [call for call in loop.body if call.op.name == "add" and call.out.shape[-1] == 16]
        makers = {call.out: call.op.name for call in loop.body}
        sliced = [makers.get(call.args[0]) for call in loop.body if call.op.name == "getitem"]
        assert set(sliced) <= {None, "inner", "dot", "matmul", "getitem"}


def test_enclosed_makes_a_loop_of_one_step_of_what_has_none():
    cell = nn.LSTMCell(3, 4, rng=0, dtype=np.float64)

    def f(x):
        h, c = cell(x)
        return (h * c).sum()

    trace, inputs = recorded(f, np.ones((2, 3)))
    program = enclosed(tidied(trace.program))
    [loop] = loops(program)
    assert loop.count == 1
    assert_close(interpret(program, inputs), interpret(trace.program, inputs), CLOSE)
    few = recorded(lambda x: tg.tanh(x).sum(), np.ones(3))[0].program
    assert enclosed(few) is few
    looped = rolled(recorded(*layer_of(nn.RNN, 6)[:2])[0].program)
    assert enclosed(looped) is looped
