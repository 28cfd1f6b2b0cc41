"""compile: what it refuses and what it notices, so that it gives what the function itself gives, or says why not."""

import functools
import math
import operator
import random
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.compiler.oracles import assert_close, derived, values
from tinygrad_rnn import nn, optim
from tinygrad_rnn.engine.context import CONTEXT, Context
from tinygrad_rnn.errors import AnomalyError, CompileError, GraphError, OptionError, ShapeError

pytestmark = pytest.mark.usefixtures("by_numpy")  # there are hardly any loops here, and so no kernels

START = [1.0, -2.0, 3.0]


@pytest.fixture
def x():
    return tg.tensor(START, requires_grad=True)


def gradient(f, *args, of, **options):
    """of.grad after a backward from the sum of f(*args)."""
    of.grad = None
    f(*args).sum().backward(**options)
    return values(of.grad)


# what reads a value off


def halved(x):
    while (x * x).sum() > 4:
        x = x * 0.5
    return x


READS = {
    "an if": ("bool", lambda x: x * 2 if x.sum() > 0 else x * 3),
    "and": ("bool", lambda x: x * ((x > 0).all() and 2.0)),
    "in": ("bool", lambda x: x if 1.0 in x else -x),
    "==": ("bool", lambda x: x if x.sum() == 2 else -x),
    "while": ("bool", halved),
    "item": ("item", lambda x: x * x.sum().item()),
    "float": ("float", lambda x: x * float(x.sum())),
    "int": ("item", lambda x: x * int(x.sum())),
    "complex": ("float", lambda x: x * complex(x.sum()).real),
    "math": ("float", lambda x: x * math.exp(x.sum())),
    "an index": ("item", lambda x: x * START[tg.argmax(x)]),
    "range": ("item", lambda x: x * sum(range(tg.argmax(x)))),
    "format": ("item", lambda x: (x * 2, f"{x.sum():.2f}")),
    "numpy": ("numpy", lambda x: x * np.sin(x.numpy())),
    "data": ("data", lambda x: x * x.data),
    "tolist": ("tolist", lambda x: x * sum(x.tolist())),
    "a mask": ("an op", lambda x: x[x > 0]),
    "a place": ("an op", lambda x: x[tg.argmax(x)]),
    "a closed-over value": ("item", lambda x: x * WEIGHT.sum().item()),
    "a gradient": ("grad", lambda x: x if WEIGHT.grad is None else x * WEIGHT.grad),
    "a gradient's norm": ("grad", lambda x: x * tg.train.clip_grad_norm_([WEIGHT], 1.0)),
}
WEIGHT = tg.tensor([2.0, 3.0, 4.0], requires_grad=True)
each_read = pytest.mark.parametrize(("by", "f"), READS.values(), ids=READS)


@each_read
def test_a_value_that_is_read_off_is_refused_with_the_line(x, by, f):
    with pytest.raises(CompileError, match=f"^compile: {by} reads a value that is another one at each call") as caught:
        tg.compile(f)(x)
    assert "test_guards.py:" in str(caught.value)
    assert CONTEXT.get() == Context()


@each_read
def test_or_it_runs_as_it_is(x, by, f):
    compiled = tg.compile(f, fallback="eager")
    for _ in range(3):
        assert values(compiled(x)) == values(f(x))
        x.assign(x.data + 1.0)
    assert f"{by} reads" in compiled.reason


@pytest.mark.parametrize("read", [np.asarray, np.array, np.float64], ids=lambda f: f.__name__)
def test_numpy_does_not_get_a_value_out(read):
    def f(a):
        return tg.exp(a) * read(a)

    with pytest.raises(CompileError, match="reads a value that is another one"):
        tg.compile(f)(np.ones(1 if read is np.float64 else 3))


def test_a_function_that_needs_an_array_is_told_so():
    def f(x, names):
        return x * (2.0 if names.tobytes() else 3.0)

    with pytest.raises(CompileError, match="arrays come to the function as Tensors"):
        tg.compile(f)(np.ones(3), np.ones(3))
    assert tg.compile(f, fallback="eager")(np.ones(3), np.ones(3)).tolist() == [2, 2, 2]


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x * len(x) * x.size * x.ndim * x.shape[0],
        lambda x: x.astype(x.dtype) * (2.0 if x.dtype == np.float64 else 3.0),
        lambda x: sum(v * v for v in x),
        lambda x: np.exp(x) * np.tanh(x),
        lambda x: x * 2.0 if isinstance(x, tg.Tensor) else x,
        lambda x: (x.detach() * x, tg.argmax(x), x > 0, round(x)),
        lambda x: x * WEIGHT.shape[0] * (3.0 if WEIGHT.requires_grad else 2.0),
        lambda x: x * float(tg.tensor([2.0]).sum()),  # of what is the same at each call
    ],
)
def test_shapes_dtypes_and_constants_may_be_read(x, f, recordings):
    compiled = tg.compile(f)
    for _ in range(3):
        assert values(compiled(x)) == values(f(x))
        x.assign(x.data * 2.0)
    assert len(recordings) == 1


# what writes

WRITES = {
    "assign": lambda x: (WEIGHT.assign([0.0, 0.0, 0.0]), x * WEIGHT)[1],
    "backward": lambda x: ((x * WEIGHT).sum().backward(), x * 2)[1],
    "grad": lambda x: (setattr(WEIGHT, "grad", [1.0, 1.0, 1.0]), x * WEIGHT)[1],
    "zero_grad": lambda x: (optim.SGD([WEIGHT]).zero_grad(), x * WEIGHT)[1],
    "step": lambda x: (optim.SGD([WEIGHT]).step(), WEIGHT.assign(WEIGHT * 2), x * WEIGHT)[2],
    "in place": lambda x: (WEIGHT.data.__setitem__(0, 5.0), x * WEIGHT)[1],
}


@pytest.mark.parametrize("f", WRITES.values(), ids=WRITES)
def test_a_write_is_refused_and_not_made(x, f):
    with pytest.raises(CompileError, match="reads a value that is another one at each call"):
        tg.compile(f)(x)
    assert WEIGHT.tolist() == [2, 3, 4]
    assert WEIGHT.grad is None
    assert WEIGHT.requires_grad


# what draws


def test_a_generator_that_is_closed_over_is_refused(x):
    g = np.random.default_rng(0)
    before = str(g.bit_generator.state)
    with pytest.raises(CompileError, match=r"random numbers are drawn from g(.|\n)*reads g"):
        tg.compile(lambda x: x + g.random(3))(x)
    assert str(g.bit_generator.state) != before


DRAWS = {
    "np.random": lambda x: x + np.random.rand(3),  # noqa: NPY002
    "random": lambda x: x * random.random(),
    "a generator of a module": lambda x: x + GENERATOR.random(3),
    "an attribute": lambda x: x + HOLDER.rng.random(3),
}
GENERATOR = np.random.default_rng(0)
HOLDER = SimpleNamespace(rng=np.random.default_rng(0))


@pytest.mark.parametrize("f", DRAWS.values(), ids=DRAWS)
def test_random_numbers_of_ones_own_are_refused(x, f):
    with pytest.raises(CompileError, match="random numbers are drawn from"):
        tg.compile(f)(x)
    drawn = tg.compile(f, fallback="eager")
    assert values(drawn(x)) != values(drawn(x))


def test_a_generator_made_inside_is_noticed_at_the_second_call(x):
    compiled = tg.compile(lambda x: x + np.random.default_rng().random(3))
    compiled(x)
    with pytest.raises(CompileError, match="did not do the same when it ran again: an array is made"):
        compiled(x)


def test_a_seeded_generator_made_inside_is_a_constant(x):
    def f(x):
        return x + np.random.default_rng(3).random(3)

    compiled = tg.compile(f)
    for _ in range(4):
        assert values(compiled(x)) == values(f(x))


def never_twice(f, x):
    """Whether four calls of f, compiled, gave four values, or it was refused."""
    compiled = tg.compile(f)
    try:
        return len({str(values(compiled(x))) for _ in range(4)}) == 4
    except CompileError:
        return True


OLD, PLAIN, COUNTER = np.random.RandomState(0), random.Random(0), count(1)
NUMBERS = {
    "a number of a generator made inside": lambda x: x * np.random.default_rng().random(),
    "an array of one": lambda x: x * np.random.default_rng().random(1),
    "a RandomState": lambda x: x * OLD.rand(),
    "a random.Random": lambda x: x * PLAIN.random(),
    "a counter": lambda x: x * next(COUNTER),
    "the clock": lambda x: x * time.perf_counter(),
}


@pytest.mark.parametrize("f", NUMBERS.values(), ids=NUMBERS)
def test_numbers_that_are_others_at_each_call_are_not_frozen(x, f):
    assert never_twice(f, x)


def test_dropout_draws_anew_and_as_it_would():
    a, b = nn.Dropout(0.5, rng=3), nn.Dropout(0.5, rng=3)
    compiled, x = tg.compile(lambda x: a(x) * 1.0), np.ones((4, 5))
    seen = {str(values(compiled(x))) for _ in range(5)}
    assert seen == {str(values(b(x))) for _ in range(5)}
    assert len(seen) == 5
    a.eval()
    b.eval()
    assert values(compiled(x)) == x.tolist()
    a.train()
    b.train()
    assert values(compiled(x)) == values(b(x))


def test_dropout_made_inside_is_refused(x):
    with pytest.raises(CompileError, match="a random generator is made inside the function"):
        tg.compile(lambda x: nn.Dropout(0.5, rng=0)(x) * 1.0)(x)


def test_numbers_from_the_generator_of_a_dropout_are_not_frozen():
    def made():
        g = np.random.default_rng(0)
        drop = nn.Dropout(0.5, rng=g)
        return lambda x: drop(x) * g.random()

    f, compiled, x = made(), tg.compile(made()), np.ones(3)
    try:
        found = [values(compiled(x)) for _ in range(3)]
    except CompileError:
        return
    assert found == [values(f(x)) for _ in range(3)]


# what changes from outside

scale = 2.0
table = np.ones(3)


def times_scale(x):
    return x * scale


def test_a_global_that_changes_is_read_again(x, recordings, monkeypatch):
    compiled = tg.compile(times_scale)
    for new in (2.0, 3.0, 2.0, 3, 3.0):
        monkeypatch.setitem(globals(), "scale", new)
        assert values(compiled(x)) == values(times_scale(x))
    assert len(recordings) == 3


ARRAYS = {
    "by an op": lambda x: x * table,
    "by NumPy": lambda x: x * (table + 1),
    "a number of it": lambda x: x * table[0],
    "a view of it": lambda x: x * table[..., :1],
    "by both": lambda x: x * table + (table + 1),
}


def test_an_array_that_the_function_writes_to_is_refused(x):
    scratch = np.zeros(3)

    def f(x):
        for t in range(6):
            scratch[:] = t
            x = tg.tanh(x + scratch)
        return x

    with pytest.raises(CompileError, match="writes to an array that it reads from outside"):
        tg.compile(f)(x)


def test_an_array_that_the_function_makes_and_writes_to_is_what_it_was_at_each_step(x):
    def f(x):
        scratch = np.zeros(3)
        for t in range(6):
            scratch[:] = t
            x = tg.tanh(x + scratch)
        return x

    compiled = tg.compile(f)
    for _ in range(3):
        np.testing.assert_allclose(compiled(x).data, f(x).data, rtol=1e-12)  # of two tanh


@pytest.mark.parametrize("f", ARRAYS.values(), ids=ARRAYS)
def test_an_array_that_is_written_or_bound_anew_is_read_again(x, f, monkeypatch):
    monkeypatch.setitem(globals(), "table", np.ones(3))
    compiled = tg.compile(f)
    for new in (None, None, 5.0, None, np.zeros(3), np.ones(3, np.float32), np.ones((2, 3))):
        if isinstance(new, float):
            table[0] = new
        elif new is not None:
            monkeypatch.setitem(globals(), "table", new)
        assert values(compiled(x)) == values(f(x))


def test_a_tensor_that_does_not_learn_is_read_again_when_it_is_assigned(x, recordings):
    scale = tg.tensor(2.0)
    f = tg.compile(lambda x: x * scale)
    for value in (2.0, 5.0, -1.0):
        scale.assign(value)
        assert f(x).tolist() == [value * n for n in START]
    assert len(recordings) == 1


def test_an_array_in_place_needs_no_other_recording_where_an_op_reads_it(x, recordings):
    a = np.ones(3)
    compiled = tg.compile(lambda x: x * a)
    for k in range(4):
        a[0] = k
        assert values(compiled(x)) == values(x * a)
    assert len(recordings) == 1


class Holder:
    """An object of the user's, with attributes of every kind."""

    kind = 2.0

    def __init__(self):
        self.scale, self.items, self.named, self.inner = 2.0, [1.0, (2.0, 3.0)], {"a": 2.0}, SimpleNamespace(scale=4.0)
        self.array, self.none = np.full(3, 2.0), None

    def helper(self):
        return self.inner.scale

    @property
    def third(self):
        return self.scale / 3

    def forward(self, x):
        y = x * self.kind * self.scale * self.items[0] * self.items[1][1] * self.named["a"] * self.helper()
        return y * self.array + self.third + (0.0 if self.none is None else self.none) + len(self.items)


CHANGES = {
    "nothing": lambda h: None,
    "an attribute": lambda h: setattr(h, "scale", 5.0),
    "an attribute of an attribute": lambda h: setattr(h.inner, "scale", 5.0),
    "one of the class": lambda h: setattr(Holder, "kind", 5.0),
    "one that stands before the class's": lambda h: setattr(h, "kind", 5.0),
    "an object": lambda h: setattr(h, "inner", SimpleNamespace(scale=6.0)),
    "an item": lambda h: operator.setitem(h.items, 0, 5.0),
    "an item that is a tuple": lambda h: operator.setitem(h.items, 1, (2.0, 5.0)),
    "the length": lambda h: h.items.append(5.0),
    "an entry": lambda h: operator.setitem(h.named, "a", 5.0),
    "an array": lambda h: setattr(h, "array", np.full(3, 5.0)),
    "a number of an array": lambda h: operator.setitem(h.array, 0, 5.0),
    "None": lambda h: setattr(h, "none", 5.0),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_an_object_holds_is_read_again(x, change, monkeypatch):
    monkeypatch.setattr(Holder, "kind", 2.0)
    h = Holder()
    for compiled in (tg.compile(h.forward), tg.compile(lambda x: h.forward(x) * 1.0)):
        for do in (CHANGES["nothing"], CHANGES["nothing"], change, CHANGES["nothing"]):
            do(h)
            assert values(compiled(x)) == values(h.forward(x))


@dataclass(slots=True)
class Slotted:
    scale: float


@dataclass
class Kept:
    amount: float


class OfItsClass:
    """What it reads stands in its class."""

    array, items = np.ones(3), [1.0]

    def factor(self):
        return 1.0


def changing_class(name, new):
    kind = type("Kind", (OfItsClass,), {})
    return kind(), lambda o: setattr(kind, name, new)


def changing(o, change):
    return o, change


UNSEEN = {
    "slots": (*changing(Slotted(1.0), lambda o: setattr(o, "scale", 2.0)), lambda o, x: x * o.scale),
    "getattr": (*changing(Kept(1.0), lambda o: setattr(o, "amount", 2.0)), lambda o, x: x * getattr(o, "amo" + "unt")),
    "a set": (*changing({1.0}, lambda o: (o.remove(1.0), o.add(2.0))), lambda o, x: x * max(o)),
    "a deque": (*changing(deque([1.0]), lambda o: operator.setitem(o, 0, 2.0)), lambda o, x: x * o[0]),
    "an array of a class": (*changing_class("array", np.full(3, 2.0)), lambda o, x: x * o.array),
    "a list of a class": (*changing_class("items", [2.0]), lambda o, x: x * o.items[0]),
    "a method of a class": (*changing_class("factor", lambda self: 2.0), lambda o, x: x * o.factor()),
    "a method of one object": (
        *changing(OfItsClass(), lambda o: setattr(o, "factor", lambda: 2.0)),
        lambda o, x: x * o.factor(),
    ),
}


@pytest.mark.parametrize(("o", "change", "f"), UNSEEN.values(), ids=UNSEEN)
def test_what_is_held_in_other_ways_is_read_again(x, o, change, f):
    compiled = tg.compile(lambda x: f(o, x))
    assert values(compiled(x)) == values(compiled(x)) == values(f(o, x))
    change(o)
    assert values(compiled(x)) == values(f(o, x))


def test_a_zero_that_changes_its_sign_is_read_again(x):
    z = 0.0
    compiled = tg.compile(lambda x: x / z)
    with np.errstate(divide="ignore"):
        compiled(x)
        z = -0.0
        assert values(compiled(x)) == values(x / z)


def test_defaults_that_are_others_are_read_again(x):
    def f(x, by=2.0):
        return x * by

    compiled = tg.compile(f)
    compiled(x)
    f.__defaults__ = (3.0,)
    assert values(compiled(x)) == values(f(x))


def test_a_closure_that_changes_is_read_again(x, recordings):
    k, deeper = 2.0, [lambda v: v * k]
    f = lambda x: deeper[0](x) + k  # noqa: E731
    compiled = tg.compile(f)
    for k in (2.0, 2.0, 3.0, 3.0):  # noqa: B007
        assert values(compiled(x)) == values(f(x))
    deeper[0] = lambda v: v * v
    assert values(compiled(x)) == values(f(x))
    assert len(recordings) == 3


def test_what_the_function_changes_itself_and_never_reads_does_no_harm(x):
    calls = []

    def f(x):
        calls.append(1)
        return x * 2

    compiled = tg.compile(f)
    for _ in range(5):
        assert values(compiled(x)) == [2, -4, 6]
    assert len(calls) == 2  # run, run again to see whether it does the same, and then not any more


def test_what_the_function_changes_itself_and_reads_is_refused(x):
    n = 0

    def f(x):
        nonlocal n
        n += 1
        return x * n

    compiled = tg.compile(f)
    assert values(compiled(x)) == START
    with pytest.raises(CompileError, match="did not do the same when it ran again: n is changed by the function"):
        compiled(x)


# modules


class Net(nn.Module):
    def __init__(self, seed=0, p=0.0):
        self.first, self.second = (nn.Linear(3, 3, rng=seed + k, dtype=np.float64) for k in (0, 10))
        self.drop, self.scale = nn.Dropout(p, rng=seed), 1.0

    def forward(self, x):
        return self.second(self.drop(tg.tanh(self.first(x)))) * self.scale


def everything(f, net, x):
    """The value, and the gradients of a net and of x."""
    net.zero_grad()
    x.grad = None
    y = f(x)
    (y * y).sum().backward()
    return values(y), values(x.grad), [None if p.grad is None else p.grad.tolist() for p in net.parameters()]


MODULE_CHANGES = {
    "assigned": lambda net: net.first.weight.assign(net.first.weight.data * 2),
    "frozen": lambda net: setattr(net.first.weight, "requires_grad", False),
    "all frozen": lambda net: [setattr(p, "requires_grad", False) for p in net.parameters()],
    "another parameter": lambda net: setattr(net.first, "weight", Net(5).first.weight),
    "another module": lambda net: setattr(net, "first", Net(5).first),
    "a module of another kind": lambda net: setattr(net, "drop", nn.LayerNorm(3, dtype=np.float64)),
    "a number": lambda net: setattr(net, "scale", 3.0),
    "eval": lambda net: net.eval(),
    "loaded": lambda net: net.load_state_dict(Net(7).state_dict()),
}
each_change = pytest.mark.parametrize("change", MODULE_CHANGES.values(), ids=MODULE_CHANGES)


@pytest.mark.parametrize("way", [lambda net: net, lambda net: net.forward, lambda net: lambda x: net(x) * 1.0])
@each_change
def test_a_module_that_changes_is_read_again(x, way, change):
    net, twin = Net(p=0.3), Net(p=0.3)
    compiled = tg.compile(way(net))
    for k in range(5):
        if k == 2:
            change(net)
            change(twin)
        y, gx, gradients = everything(compiled, net, x)
        z, gz, expected = everything(twin, twin, x)
        # rounding: the backward of tanh is of y, not of x
        np.testing.assert_allclose(y, z, rtol=1e-13)
        np.testing.assert_allclose(gx, gz, rtol=1e-12, atol=1e-14)
        assert [g is None for g in gradients] == [g is None for g in expected]
        for g, e in zip(gradients, expected, strict=True):
            np.testing.assert_allclose(np.float64(g), np.float64(e), rtol=1e-12, atol=1e-14)


def test_two_models_go_through_one_compiled_function(x):
    a, b = Net(0), Net(1)
    compiled = tg.compile(lambda net, x: net(x))
    for net in (a, b, a, b, a):
        found = everything(lambda x: compiled(net, x), net, x)  # noqa: B023
        expected = everything(net, net, x)
        np.testing.assert_allclose(found[0], expected[0], rtol=1e-13)
        np.testing.assert_allclose(np.concatenate(found[2], None), np.concatenate(expected[2], None), rtol=1e-12)


@pytest.mark.parametrize("name", ["assigned", "loaded", "a number", "another parameter", "another module", "frozen"])
def test_a_model_that_is_an_argument_and_changes_is_read_again(x, name):
    net = Net()
    compiled = tg.compile(lambda net, x: net(x))
    compiled(net, x)
    MODULE_CHANGES[name](net)
    found, expected = (everything(f, net, x) for f in (lambda x: compiled(net, x), net))
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-13)
    assert [g is None for g in found[2]] == [g is None for g in expected[2]]


def test_a_model_with_dropout_may_be_an_argument(x):
    net, twin = Net(p=0.5), Net(p=0.5)
    compiled = tg.compile(lambda net, x: net(x))
    for _ in range(3):
        assert values(compiled(net, x)) == values(twin(x))


# arguments


def test_numbers_words_and_flags_are_arguments_like_others(x, recordings):
    def f(x, power, name, flag, none, *, scale):
        y = x**power * scale
        return {"sin": tg.sin, "cos": tg.cos}[name](y) if flag and none is None else y

    compiled = tg.compile(f)
    for args in ((2, "sin", True), (2, "cos", True), (3, "sin", True), (2.0, "sin", False), (2, "sin", True)):
        for by in (2.0, np.float64(3.0)):
            assert values(compiled(x, *args, None, scale=by)) == values(f(x, *args, None, scale=by))
    assert len(recordings) == 8


class Pair(NamedTuple):
    a: object
    b: object


def test_arguments_and_results_may_be_nested(x, recordings):
    def f(nest, none, *, more):
        a, (b, c) = nest["a"], nest["rest"]
        return {"y": [a * b, None, ("word", 3, 1.5, True, none)], "pair": Pair(c * 2, more[0]), "sum": a.sum()}

    compiled = tg.compile(f)
    for k in range(3):
        args = {"a": x * (k + 1), "rest": [np.full(3, k + 2.0), Pair(x, None).a]}, None
        found, expected = compiled(*args, more=(x, [])), f(*args, more=(x, []))
        assert values(found) == values(expected)
        assert type(found["pair"]) is Pair
    assert len(recordings) == 1


def test_what_is_no_tensor_comes_back_as_it_was(x):
    for f in (lambda x: 3, lambda x: None, lambda x: "word", lambda x: (x.shape, x.dtype, [x.ndim]), lambda x: ()):
        compiled = tg.compile(f)
        for _ in range(3):
            assert compiled(x) == f(x)
    compiled = tg.compile(lambda x: np.arange(3))
    compiled(x)[0] = 7
    assert compiled(x).tolist() == [0, 1, 2]
    compiled = tg.compile(lambda: WEIGHT * 2)
    assert [compiled().tolist() for _ in range(3)] == [[4, 6, 8]] * 3


@dataclass
class Answer:
    y: object


def test_an_object_that_is_returned_is_refused(x):
    with pytest.raises(CompileError, match="the function returns a Answer, and each call would return the same one"):
        tg.compile(lambda x: Answer(x * 2))(x)


def test_an_argument_that_is_returned_is_itself(x):
    compiled = tg.compile(lambda x, w: (x, x * 2, WEIGHT, [w, w]))
    for _ in range(3):
        same, _, weight, both = compiled(x, WEIGHT)
        assert same is x
        assert weight is WEIGHT
        assert both[0] is both[1] is WEIGHT


def test_what_needs_no_gradient_has_none(x):
    compiled = tg.compile(lambda x: (x * 2, x.detach() * 3, tg.argmax(x), x > 0))
    for _ in range(3):
        assert [y.requires_grad for y in compiled(x)] == [True, False, False, False]


def test_one_tensor_may_be_several_arguments(x):
    f = lambda a, b: (a * b * b).sum()  # noqa: E731
    compiled, other = tg.compile(f), tg.tensor([2.0, 2.0, 2.0], requires_grad=True)
    for a, b in ((x, x), (x, other), (other, x), (x, x), (other, other)):
        assert gradient(compiled, a, b, of=a) == gradient(f, a, b, of=a)
        assert gradient(compiled, a, b, of=b) == gradient(f, a, b, of=b)
    array = np.array(START)
    assert values(compiled(array, array)) == values(f(array, array))


def test_a_tensor_may_be_an_argument_and_closed_over(x):
    f = lambda a: (a * a * WEIGHT).sum()  # noqa: E731
    compiled = tg.compile(f)
    for a in (WEIGHT, x, WEIGHT):
        for of in (WEIGHT, a):
            assert gradient(compiled, a, of=of) == gradient(f, a, of=of)
    WEIGHT.grad = None


def test_the_result_of_an_op_may_be_closed_over(x):
    def run(wrap):
        w = tg.tensor([2.0, 3.0, 4.0], requires_grad=True)
        doubled = w * 2
        f = wrap(lambda x: (x * x * doubled).sum())
        for _ in range(3):
            f(x).backward(retain_graph=True)
        return values(w.grad)

    assert run(tg.compile) == run(lambda f: f)


def test_the_result_of_an_op_whose_graph_is_gone_is_refused_as_ever(x):
    doubled = tg.tensor([2.0, 3.0, 4.0], requires_grad=True) * 2
    compiled = tg.compile(lambda x: (x * x * doubled).sum())
    compiled(x).backward()
    with pytest.raises(GraphError, match="released"):
        compiled(x).backward()


def test_another_batch_dtype_or_need_of_gradients_is_another_recording(recordings):
    f = lambda x: tg.tanh(x).mean(axis=0)  # noqa: E731
    compiled, rng = tg.compile(f), np.random.default_rng(0)
    kinds = [(4, np.float64, True), (7, np.float64, True), (4, np.float32, True), (4, np.float64, False)]
    for B, dtype, moving in kinds * 2:
        x = tg.tensor(rng.standard_normal((B, 3)).astype(dtype), requires_grad=moving)
        y, z = compiled(x), f(x)
        assert (y.dtype, y.requires_grad) == (z.dtype, z.requires_grad)
        assert values(y) == values(z)
    assert len(recordings) == len(kinds)
    with tg.no_grad():
        assert not compiled(x).requires_grad
        x.requires_grad = True
        assert not compiled(x).requires_grad
    assert compiled(x).requires_grad


@dataclass
class Setting:
    scale: float


def test_objects_of_a_moment_are_told_apart(x):
    compiled = tg.compile(lambda x, s: x * s.scale)
    assert [values(compiled(x, Setting(k))) for k in (1.0, 2.0, 3.0, 4.0)] == [values(x * k) for k in (1, 2, 3, 4)]


def test_an_object_that_is_an_argument_and_changes_is_read_again(x):
    compiled, setting = tg.compile(lambda x, s: x * s.scale), Setting(1.0)
    compiled(x, setting)
    setting.scale = 2.0
    assert values(compiled(x, setting)) == values(x * 2)


@pytest.mark.parametrize(("one", "other"), [("aa", "bb"), (1j, 2j)])
def test_arrays_that_are_no_tensors_are_told_apart(x, one, other):
    compiled = tg.compile(lambda x, a: x * (2.0 if a[0] == one else 3.0))
    assert values(compiled(x, np.array([one]))) == values(x * 2)
    assert values(compiled(x, np.array([other]))) == values(x * 3)


# results and their graphs


def test_an_output_may_be_the_next_input(x):
    f = lambda h: tg.tanh(h) * 2  # noqa: E731
    compiled, h, k = tg.compile(f), x, x
    for _ in range(5):
        h, k = compiled(h), f(k)
    assert values(h) == values(k)
    np.testing.assert_allclose(gradient(lambda: h, of=x), gradient(lambda: k, of=x), rtol=1e-14)


def test_the_outputs_of_two_calls_share_no_memory(x):
    f = lambda h: (tg.tanh(h) * 2, h.reshape(3, 1), h)  # noqa: E731
    compiled = tg.compile(f)
    kept = [compiled(x * k) for k in range(1, 5)]
    before = [values(y) for y in kept]
    with tg.no_grad():
        kept += [compiled(x * k) for k in range(5, 7)]
    assert before == [values(f(x * k)) for k in range(1, 5)]
    assert before == [values(y) for y in kept[:4]]
    x.grad = None
    sum(part.sum() for y in kept[:4] for part in y[:1]).backward()
    found = values(x.grad)
    expected = gradient(lambda: sum(f(x * k)[0] for k in range(1, 5)), of=x)
    np.testing.assert_allclose(found, expected, rtol=1e-13)
    for a in kept:
        for b in kept:
            assert a is b or not np.shares_memory(a[0].data, b[0].data)


def test_an_array_that_is_overwritten_after_the_call_does_no_harm(x):
    compiled = tg.compile(lambda x, a: (x * x * a).sum())
    for _ in range(3):
        a = np.full(3, 2.0)
        y = compiled(x, a)
        a[:] = 9.0
        assert gradient(lambda: y, of=x) == [4, -8, 12]  # noqa: B023


def test_backward_twice_needs_retain_graph(x):
    compiled = tg.compile(lambda x: tg.tanh(x).sum())
    for _ in range(2):
        once = gradient(compiled, x, of=x)
        y = compiled(x)
        x.grad = None
        y.backward(retain_graph=True)
        y.backward()
        assert values(x.grad) == [2 * g for g in once]
        with pytest.raises(GraphError, match="the graph was released"):
            y.backward()


@pytest.mark.parametrize("create_graph", [False, True])
def test_an_assignment_before_the_backward_is_refused_as_ever(x, create_graph):
    w = tg.tensor([2.0, 3.0, 4.0], requires_grad=True)
    compiled = tg.compile(lambda x: (x * x * w).sum())
    for _ in range(2):
        y = compiled(x)
        w.assign(w.data + 1)
        with pytest.raises(GraphError, match="was assigned after it was used"):
            y.backward(create_graph=create_graph)


def test_several_outputs_flow_back_together_or_alone(x):
    f = lambda x: (tg.tanh(x), (x * x).sum(), x.reshape(1, 3) * 2)  # noqa: E731
    compiled = tg.compile(f)
    for use in (lambda a, b, c: a.sum(), lambda a, b, c: b, lambda a, b, c: (a * c).sum() * b):
        for _ in range(2):
            found, expected = (gradient(lambda: use(*g(x)), of=x) for g in (compiled, f))  # noqa: B023
            np.testing.assert_allclose(found, expected, rtol=1e-14)


def cube(x):
    return (tg.tanh(x) ** 3 * WEIGHT).sum()


HIGHER = {
    "grad": lambda f, x: tg.grad(f)(x),
    "grad of grad": lambda f, x: tg.grad(lambda x: (tg.grad(f)(x) ** 2).sum())(x),
    "grad three times": lambda f, x: tg.grad(lambda x: tg.grad(lambda x: tg.grad(f)(x).sum())(x).sum())(x),
    "value_and_grad": lambda f, x: tg.value_and_grad(f)(x)[1],
    "jvp": lambda f, x: tg.jvp(f, (x,), (np.array([1.0, 0.5, 2.0]),))[1],
    "vjp": lambda f, x: tg.vjp(f, x)[1](2.0)[0],
    "hvp": lambda f, x: tg.hvp(f)(x, np.array([1.0, 0.5, 2.0])),
    "hessian": lambda f, x: tg.hessian(f)(x),
    "jacobian": lambda f, x: tg.jacobian(lambda x: f(x).reshape(1))(x),
    "checkpoint": lambda f, x: tg.grad(tg.checkpoint(f))(x),
    "compiled": lambda f, x: tg.compile(tg.grad(f))(x),
    "of the compiled gradient": lambda f, x: tg.grad(lambda x: tg.compile(tg.grad(f))(x).sum())(x),
}


@pytest.mark.parametrize("derivative", HIGHER.values(), ids=HIGHER)
def test_derivatives_of_every_kind_are_those_of_the_function(derivative):
    compiled = tg.compile(cube)
    for k in range(3):
        a = np.array([0.1, -0.2, 0.3]) * (k + 1)
        # rounding: the backward of tanh is of y, not of x
        np.testing.assert_allclose(derivative(compiled, a).numpy(), derivative(cube, a).numpy(), rtol=1e-12)


def test_create_graph_differentiates_the_gradient(x):
    def run(f):
        x.grad = WEIGHT.grad = None
        f(x).backward(create_graph=True)
        g = x.grad
        x.grad = WEIGHT.grad = None
        (g * g).sum().backward()
        found = values(x.grad), values(WEIGHT.grad)
        x.grad = WEIGHT.grad = None
        return found

    compiled = tg.compile(cube)
    for _ in range(3):
        np.testing.assert_allclose(run(compiled), run(cube), rtol=1e-12)  # rounding, as above


def test_a_second_derivative_through_dropout_has_the_first_masks():
    def made(wrap):
        drop = nn.Dropout(0.5, rng=0)
        f = wrap(lambda x: (drop(tg.tanh(x)) ** 3).sum())
        return [tg.grad(lambda x: (tg.grad(f)(x) ** 2).sum())(np.full(9, k * 0.1)).numpy() for k in range(1, 5)]

    np.testing.assert_allclose(made(tg.compile), made(lambda f: f), rtol=1e-12)  # rounding, as above


def later(f, change, x):
    """The gradient with create_graph, where something changes between the forward pass and the backward."""
    y = f(x)
    change()
    x.grad = None
    y.backward(create_graph=True)
    return values(x.grad)


def test_a_number_that_changes_before_a_backward_with_create_graph_is_noticed(x):
    by = 2.0

    def f(x):
        return (x * x * by).sum()

    compiled = tg.compile(f)
    compiled(x)

    def change():
        nonlocal by
        by = 5.0

    with pytest.raises(tg.GraphError, match="has changed since it was called"):
        later(compiled, change, x)


def test_an_array_that_is_overwritten_before_a_backward_with_create_graph_is_noticed(x):
    a = np.full(3, 2.0)
    compiled = tg.compile(lambda x: (x * x * a).sum())
    compiled(x)
    with pytest.raises(tg.GraphError, match="has changed since it was called"):
        later(compiled, lambda: a.fill(5.0), x)


# where it runs as it is


def test_in_no_grad_nothing_is_recorded(x):
    compiled = tg.compile(cube)
    with tg.no_grad():
        for _ in range(3):
            assert not compiled(x).requires_grad
            assert values(compiled(x)) == values(cube(x))
    assert compiled(x).requires_grad


def test_in_detect_anomaly_and_tracing_it_runs_as_it_is(x):
    compiled = tg.compile(tg.log)
    with np.errstate(invalid="ignore"):
        compiled(x)
        with tg.detect_anomaly(), pytest.raises(AnomalyError, match="log: the output is not finite"):
            compiled(x)
    compiled = tg.compile(lambda x: tg.tanh(x) * 2)
    compiled(x)
    with tg.tracing():
        y = compiled(x)
    assert [node.op for node in tg.graph(y).nodes][-2:] == ["tanh", "multiply"]


def test_a_warning_of_numpys_is_the_functions_own(x):
    compiled = tg.compile(lambda x: tg.log(x) * 2)
    for g in (tg.log, compiled, compiled):
        with pytest.warns(RuntimeWarning, match="invalid value encountered in log"):
            g(x)


def test_a_compiled_function_may_stand_in_another(x, recordings):
    inner = tg.compile(lambda x: tg.tanh(x) * 2)
    plain = lambda x: (tg.tanh(x) * 2 + 1).sum()  # noqa: E731
    outer = tg.compile(lambda x: (inner(x) + 1).sum())
    for _ in range(3):
        assert values(outer(x)) == values(plain(x))
        np.testing.assert_allclose(gradient(outer, x, of=x), gradient(plain, x, of=x), rtol=1e-14)
        assert values(inner(x)) == values(tg.tanh(x) * 2)


def test_what_an_inner_one_records_is_nothing_to_the_outer(x, recordings):
    inner = tg.compile(lambda x: tg.tanh(x) * 2)
    outer = tg.compile(lambda x: inner(x) + 1)
    outer(x)
    inner(np.ones(2))
    outer(x)
    assert len(recordings) == 2


# functions of every kind


def test_a_method_a_partial_and_keywords(x):
    h = Holder()
    method = tg.compile(h.forward)
    assert method.__name__ == "forward"
    assert values(method(x)) == values(method(x=x)) == values(h.forward(x))
    part = functools.partial(lambda a, x, *, b: a * x + b, 2.0, b=1.0)
    compiled = tg.compile(part)
    assert values(compiled(x)) == values(compiled(x)) == values(part(x))
    assert values(compiled(x, b=3.0)) == values(part(x, b=3.0))
    assert values(tg.compile(Net())(x)) == values(Net()(x))

    @tg.compile
    def named(x, *xs, by=2.0, **more):
        """Its words."""
        return sum(xs, x) * by * more.get("and_by", 1.0)

    assert (named.__name__, named.__doc__) == ("named", "Its words.")
    for _ in range(2):
        assert values(named(x)) == [2, -4, 6]
        assert values(named(x, x, by=3.0, and_by=2.0)) == [12, -24, 36]


def test_a_method_may_be_compiled_where_it_is_defined(x):
    class Scaled:
        by = 2.0

        @tg.compile
        def forward(self, x):
            return x * self.by

    assert values(Scaled().forward(x)) == [2, -4, 6]


# errors


def test_an_exception_of_the_function_passes_and_leaves_nothing_behind(x):
    def f(x, key="here"):
        return {"here": x * 2}[key]

    for fallback in ("raise", "eager"):
        compiled = tg.compile(f, fallback=fallback)
        for _ in range(2):
            for a in (x, x.data.copy()):
                with pytest.raises(KeyError, match="'elsewhere'"):
                    compiled(a, "elsewhere")
            assert values(compiled(x)) == [2, -4, 6]
            assert compiled.reason == ""
    assert CONTEXT.get() == Context()


def test_shapes_that_do_not_fit_are_refused_as_ever(x):
    compiled = tg.compile(lambda x: x * WEIGHT)
    compiled(x)
    for _ in range(2):
        with pytest.raises(ShapeError, match=r"multiply: \(2,\) and \(3,\) do not fit"):
            compiled(np.ones(2))
    assert values(compiled(x)) == values(x * WEIGHT)


def test_an_id_outside_the_table_is_refused_in_the_middle_of_a_plan():
    table = nn.Embedding(4, 2, rng=0, dtype=np.float64)
    f = lambda ids: (table(ids) ** 2).sum()  # noqa: E731
    compiled = tg.compile(f)
    for good in ([0, 1], [3, 2]):
        compiled(np.array(good))
    for _ in range(2):
        with pytest.raises(ShapeError, match="Embedding: an id lies outside the table of 4 rows"):
            compiled(np.array([1, 9]))
        assert gradient(compiled, np.array([1, 3]), of=table.weight) == gradient(f, np.array([1, 3]), of=table.weight)


@pytest.mark.parametrize("where", ["forward", "backward"])
@pytest.mark.parametrize("kind", [KeyboardInterrupt, MemoryError, ZeroDivisionError])
def test_an_interruption_in_the_middle_leaves_a_function_that_works(x, registry, kind, where):
    fuse = []

    def burnt(at):
        if fuse and fuse[-1] == at:
            fuse.pop()
            raise kind("now")

    @tg.primitive
    def fragile(x):
        burnt("forward")
        return x * 2

    def rule(gy, y, x):
        burnt("backward")
        return gy * 2

    fragile.vjp(x=rule)
    f = lambda x: (fragile(tg.tanh(x)) ** 2).sum()  # noqa: E731
    compiled = tg.compile(f)
    expected = gradient(f, x, of=x)
    for _ in range(2):
        np.testing.assert_allclose(gradient(compiled, x, of=x), expected, rtol=1e-14)
        fuse.append(where)
        with suppress(kind, tg.TinygradError):
            gradient(compiled, x, of=x)
        fuse.clear()
        np.testing.assert_allclose(gradient(compiled, x, of=x), expected, rtol=1e-14)
    assert CONTEXT.get() == Context()


def test_an_interruption_while_it_is_recorded_leaves_a_function_that_works(x):
    fuse = [KeyboardInterrupt]

    def f(x):
        y = tg.tanh(x)
        if fuse:
            raise fuse.pop()
        return y * 2

    compiled = tg.compile(f)
    with pytest.raises(KeyboardInterrupt):
        compiled(x)
    assert CONTEXT.get() == Context()
    for _ in range(3):
        assert values(compiled(x)) == values(tg.tanh(x) * 2)


# threads


def test_eight_threads_may_call_one_compiled_function():
    layer = nn.GRU(3, 4, rng=0, dtype=np.float64)
    f = lambda x: (layer(x)[0] ** 2).sum()  # noqa: E731
    compiled, wrong = tg.compile(f), []
    gate = threading.Barrier(8)

    def work(k):
        rng = np.random.default_rng(k)
        gate.wait()
        try:
            for n in range(8):
                x = rng.standard_normal((5 + (k + n) % 2, 2, 3))
                assert_close([tg.grad(compiled)(x).numpy()], [tg.grad(f)(x).numpy()], 1e-12)  # rounding
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


# options


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fallback": "none"}, "compile: fallback='none' is not an option"),
        ({"fallback": True}, "compile: fallback=True is not an option"),
        ({"plans": 0}, "compile: plans=0 is out of range"),
        ({"plans": 1.5}, "compile: plans=1.5 is out of range"),
        ({"plans": "2"}, "compile: plans='2' is out of range"),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(OptionError, match=message):
        tg.compile(lambda x: x, **options)


def test_what_is_no_function_is_refused():
    with pytest.raises(OptionError, match="compile: f=3 is not a function"):
        tg.compile(3)


def test_no_more_plans_are_kept_than_asked_for(x, recordings):
    compiled = tg.compile(lambda x, k: x * k, plans=2)
    for k, made in ((1.0, 1), (2.0, 2), (1.0, 2), (2.0, 2), (3.0, 3), (3.0, 3), (2.0, 3)):
        assert values(compiled(x, k)) == values(x * k)
        assert len(recordings) == made
        assert sum(map(len, compiled.recorded.values())) <= 2


def test_the_latest_used_are_kept(x, recordings):
    compiled = tg.compile(lambda x, k: x * k, plans=2)
    for k in (1.0, 2.0, 1.0, 3.0, 1.0):
        compiled(x, k)
    assert len(recordings) == 3


def test_a_global_that_keeps_changing_does_not_keep_plans_for_ever(x, monkeypatch):
    compiled = tg.compile(times_scale, plans=3)
    for k in range(10):
        monkeypatch.setitem(globals(), "scale", float(k))
        assert values(compiled(x)) == values(times_scale(x))
    assert sum(map(len, compiled.recorded.values())) == 3


def test_a_value_and_its_gradients_are_right_where_only_some_need_one():
    f = lambda a, b, n: (tg.tanh(a) * b).sum() * n.sum()  # noqa: E731
    compiled, rng = tg.compile(f), np.random.default_rng(0)
    for _ in range(3):
        arrays = rng.standard_normal((2, 3)), rng.standard_normal(3), rng.integers(1, 4, 3)
        assert_close(derived(compiled, *arrays), derived(f, *arrays), 1e-14)  # rounding of one tanh
