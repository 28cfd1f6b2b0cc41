"""Optimisers update all parameters as one vector, by a kernel or in stretches: the values are those of one by one."""

import copy
import pickle

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import optim
from tinygrad_rnn.compiler.formula import Symbol, applied
from tinygrad_rnn.errors import GraphError
from tinygrad_rnn.optim import SGD, Adadelta, Adagrad, Adam, AdamW, NAdam, Optimizer, RMSProp

CASES = {
    "SGD": (SGD, {"lr": 0.1}),
    "SGD, decay": (SGD, {"lr": 0.1, "weight_decay": 0.02}),
    "momentum": (SGD, {"lr": 0.1, "momentum": 0.9}),
    "nesterov": (SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
    "Adagrad": (Adagrad, {"lr": 0.1, "weight_decay": 0.01}),
    "RMSProp": (RMSProp, {"lr": 0.01, "alpha": 0.95}),
    "RMSProp, all": (RMSProp, {"momentum": 0.9, "centered": True, "weight_decay": 0.01, "maximize": True}),
    "Adadelta": (Adadelta, {"lr": 0.5, "weight_decay": 0.01}),
    "NAdam": (NAdam, {"lr": 0.01, "weight_decay": 0.01}),
    "Adam, amsgrad": (Adam, {"lr": 0.01, "amsgrad": True, "maximize": True}),
    "Adam": (Adam, {"lr": 0.01, "betas": (0.8, 0.99), "weight_decay": 0.1}),
    "AdamW": (AdamW, {"lr": 0.01, "weight_decay": 0.1}),
}
each_case = pytest.mark.parametrize(("cls", "options"), CASES.values(), ids=CASES)
SHAPES = [(3, 4), (5,), (), (2, 1, 3), (0, 2), (40,)]
# a product and a sum that are one instruction round once, not twice: float32 by 2 units in the last place of the
# largest, float64 by 1e-15 of it
BOUND = {np.float64: 1e-15, np.float32: 2 * np.finfo(np.float32).eps}


def one_by_one(cls):
    """The same optimiser, that does not say that it acts on each number alone."""

    class Slow(cls):
        def update(self, p, g, state):
            return super().update(p, g, state)

    assert "elementwise" not in vars(Slow)
    return Slow


def parameters(dtype=np.float64, shapes=SHAPES):
    rng = np.random.default_rng(0)
    return [tg.tensor(rng.standard_normal(shape).astype(dtype), requires_grad=True) for shape in shapes]


def give(ps, k, without=()):
    """Gradients of step k, but for some."""
    rng = np.random.default_rng(k)
    for n, p in enumerate(ps):
        g = rng.standard_normal(p.shape).astype(p.dtype)
        p.grad = None if n in without else g


def assert_alike(found, expected, dtype=np.float64):
    assert found.shape == expected.shape
    assert np.abs(found - expected).max(initial=0) <= BOUND[dtype] * max(1.0, np.abs(expected).max(initial=0))


def assert_steps_alike(mine, theirs, steps=6, dtype=np.float64, without=lambda k: ()):
    """Each step from the same start, since what rounding did is carried on."""
    for k in range(steps):
        give(mine.params, k, without(k))
        give(theirs.params, k, without(k))
        mine.step()
        theirs.step()
        for p, q in zip(mine.params, theirs.params, strict=True):
            assert p.dtype == q.dtype
            assert_alike(p.numpy(), q.numpy(), dtype)
        known, expected = mine.state_dict(), theirs.state_dict()
        assert {name for name in known if known[name].any()} == {name for name in expected if expected[name].any()}
        for name, value in expected.items():
            assert known[name].dtype == value.dtype
            assert_alike(known[name], value, dtype)
        mine.load_state_dict(expected)
        for p, q in zip(mine.params, theirs.params, strict=True):
            p.assign(q.data)


@pytest.fixture(params=[16_384, 7], ids=["", "short stretches"])
def stretches(request, monkeypatch):
    monkeypatch.setattr(optim.vector, "STRETCH", request.param)


@pytest.mark.parametrize("dtype", BOUND)
@each_case
def test_a_vector_is_updated_as_its_parts_are(either, stretches, cls, options, dtype):
    mine, theirs = cls(parameters(dtype), **options), one_by_one(cls)(parameters(dtype), **options)
    assert_steps_alike(mine, theirs, dtype=dtype)


@each_case
def test_without_kernels_the_bits_are_the_same(by_numpy, stretches, cls, options):
    mine, theirs = cls(parameters(), **options), one_by_one(cls)(parameters(), **options)
    for k in range(5):
        for each in (mine, theirs):
            give(each.params, k)
            each.step()
    for p, q in zip(mine.params, theirs.params, strict=True):
        assert p.tolist() == q.tolist()


@each_case
def test_many_steps_stay_close(by_kernels, cls, options):
    mine, theirs = cls(parameters(), **options), one_by_one(cls)(parameters(), **options)
    for k in range(50):
        for each in (mine, theirs):
            give(each.params, k)
            each.step()
    for p, q in zip(mine.params, theirs.params, strict=True):
        np.testing.assert_allclose(p.numpy(), q.numpy(), rtol=1e-12, atol=1e-12)  # rounding, over 50 steps


@each_case
def test_parameters_that_join_later_are_of_an_age_of_their_own(either, cls, options):
    late = lambda k: {0: (1, 3), 1: (1,), 2: (0, 1)}.get(k, ())  # noqa: E731
    assert_steps_alike(cls(parameters(), **options), one_by_one(cls)(parameters(), **options), without=late)


@each_case
def test_a_frozen_one_stays(either, cls, options):
    mine, theirs = cls(parameters(), **options), one_by_one(cls)(parameters(), **options)
    for k in range(6):
        for each in (mine, theirs):
            each.params[1].requires_grad = k not in (2, 3)
            give(each.params, k, () if k not in (2, 3) else (1,))
        before = mine.params[1].tolist()
        mine.step()
        theirs.step()
        assert (mine.params[1].tolist() == before) == (k in (2, 3))
    for p, q in zip(mine.params, theirs.params, strict=True):
        np.testing.assert_allclose(p.numpy(), q.numpy(), rtol=1e-14, atol=1e-14)  # rounding, over 6 steps


def trained(each, steps):
    for k in steps:
        give(each.params, k)
        each.step()
    return [p.tolist() for p in each.params]


@pytest.mark.parametrize("way", ["state_dict", "pickle", "deepcopy"])
@each_case
def test_a_state_that_is_saved_in_the_middle_goes_on(either, cls, options, way):
    whole = cls(parameters(), **options)
    trained(whole, range(3))
    if way == "state_dict":
        other = cls([tg.tensor(p.data, requires_grad=True) for p in whole.params], **options)
        other.load_state_dict(whole.state_dict())
    else:
        for p in whole.params:
            p.grad = None
        other = pickle.loads(pickle.dumps(whole)) if way == "pickle" else copy.deepcopy(whole)
    kept = {name: value.copy() for name, value in whole.state_dict().items()}
    assert trained(whole, range(3, 6)) == trained(other, range(3, 6))
    slow = one_by_one(cls)(parameters(), **options)
    slow.load_state_dict(kept)  # what was saved is not written to
    assert slow.state_dict().keys() == kept.keys()


def test_what_is_saved_does_not_change_with_the_next_step(either):
    optimizer = Adam(parameters())
    trained(optimizer, range(2))
    saved = optimizer.state_dict()
    before = {name: value.tolist() for name, value in saved.items()}
    trained(optimizer, range(2, 4))
    assert {name: value.tolist() for name, value in saved.items()} == before


@pytest.mark.parametrize("name", ["SGD", "momentum", "Adam"])
def test_parameters_of_two_dtypes_keep_theirs(either, name):
    cls, options = CASES[name]
    made = lambda: [p for pair in zip(parameters(np.float32), parameters(), strict=True) for p in pair]  # noqa: E731
    mine, theirs = cls(made(), **options), one_by_one(cls)(made(), **options)
    assert_steps_alike(mine, theirs, dtype=np.float32)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@each_case
def test_numbers_that_are_not_finite_stay_where_they_are(either, cls, options, bad):
    mine, theirs = cls(parameters(), **options), one_by_one(cls)(parameters(), **options)
    with np.errstate(all="ignore"):
        for each in (mine, theirs):
            give(each.params, 0)
            g = each.params[0].grad.numpy().copy()
            g[1, 2] = bad
            each.params[0].grad = g
            each.step()
    for p, q in zip(mine.params, theirs.params, strict=True):
        np.testing.assert_allclose(p.numpy(), q.numpy(), rtol=1e-14)
    assert sum(np.isfinite(p.numpy()).sum() for p in mine.params) >= sum(p.size for p in mine.params) - 1


def test_the_rate_may_change_at_each_step(either):
    mine, theirs = SGD(parameters(), 0.1, 0.9), one_by_one(SGD)(parameters(), 0.1, 0.9)
    for k in range(5):
        for each in (mine, theirs):
            each.lr = 0.1 / (k + 1)
            give(each.params, k)
            each.step()
    for p, q in zip(mine.params, theirs.params, strict=True):
        np.testing.assert_allclose(p.numpy(), q.numpy(), rtol=1e-14, atol=1e-14)  # rounding, over 5 steps


def test_a_step_is_an_assignment(either):
    [p, *_] = ps = parameters()
    y = (p * p).sum()
    give(ps, 0)
    SGD(ps).step()
    with pytest.raises(GraphError, match="was assigned after it was used"):
        y.backward()


def test_parameters_share_no_number_with_each_other(either):
    ps = parameters()
    give(ps, 0)
    SGD(ps).step()
    others = [p.tolist() for p in ps[1:]]
    ps[0].assign(np.zeros((3, 4)))
    assert [p.tolist() for p in ps[1:]] == others
    assert not any(np.shares_memory(p.data, q.data) for p in ps for q in ps if p is not q)


def test_SGD_without_momentum_remembers_nothing(either):
    optimizer = SGD(parameters())
    trained(optimizer, range(2))
    assert optimizer.state_dict() == {}


# optimisers of the user's


class Sign(Optimizer):
    """It asks for more than a symbol knows."""

    memory = ("m",)
    elementwise = True

    def update(self, p, g, state):
        m = state["m"] = 0.9 * state.get("m", 0) + g
        return self.lr * np.sign(m) * np.where(np.abs(g) > 0.5, 1.0, 0.1)


class Powers(Optimizer):
    """It asks for operators that a symbol does not have."""

    elementwise = True

    def update(self, p, g, state):
        return self.lr * (1.0 - -(g**2)) / (2.0 / (1.0 + p * p))


class Plain(Optimizer):
    """All that a symbol knows."""

    memory = ("a", "b")
    elementwise = True

    def update(self, p, g, state):
        a = state["a"] = (state.get("a", 0) * 0.5 + g) / 2 - 0.25
        b = state["b"] = 3 + np.sqrt(g * g + 1) * g
        return self.lr * (a + b.copy())


@pytest.mark.parametrize("cls", [Sign, Powers, Plain])
def test_an_optimiser_of_the_users_may_say_that_it_is_elementwise(either, stretches, cls):
    assert_steps_alike(cls(parameters(), 0.1), one_by_one(cls)(parameters(), 0.1))


class Normed(SGD):
    """A step that looks at a parameter as a whole."""

    def update(self, p, g, state):
        return self.lr * g / (1e-3 + np.linalg.norm(g))


class NormedBefore(SGD):
    """The same, in `decayed`."""

    def decayed(self, p, g):
        return g / (1e-3 + np.linalg.norm(g))


@pytest.mark.parametrize("cls", [Normed, NormedBefore])
def test_one_that_looks_at_a_whole_parameter_gets_each_alone(either, cls):
    ps = parameters(shapes=[(3, 4), (5,)])
    give(ps, 0)
    before, gradients = [p.numpy().copy() for p in ps], [p.grad.numpy().copy() for p in ps]
    cls(ps, 0.1).step()
    for p, old, g in zip(ps, before, gradients, strict=True):
        np.testing.assert_allclose(p.numpy(), old - 0.1 * g / (1e-3 + np.linalg.norm(g)), rtol=1e-13)  # rounding


# formulas


def test_a_formula_is_written_once_for_all_numbers_in_it(by_kernels):
    numbers = []
    y = 2.0 * Symbol("x", numbers) + np.sqrt(Symbol("z", numbers) / 3) - 1
    assert y.text == "(((c[0] * x) + (np.sqrt((z / c[1])))) - c[2])"
    assert numbers == [2, 3, 1]
    y = np.maximum(np.float64(0.5) * Symbol("x", numbers), 2.0)
    assert y.text == "(np.maximum((c[3] * x), c[4]))"


def test_a_formula_is_applied_to_each_number(by_kernels):
    for by in (0.5, 3.0):
        arrays = {"a": np.arange(6.0), "b": np.ones(6)}
        a, to = arrays["a"], {**arrays, "a": np.zeros(6)}
        assert applied(lambda x: {"a": x["a"] * by + x["b"], "b": x["b"] - x["a"]}, arrays, to)  # noqa: B023
        assert a.tolist() == list(range(6))
        assert to["a"].tolist() == [k * by + 1 for k in range(6)]
        assert arrays["b"].tolist() == [1 - k for k in range(6)]


def test_what_cannot_be_a_kernel_changes_nothing(by_kernels):
    for f in (
        lambda x: {"a": np.abs(x["a"])},
        lambda x: {"a": x["a"] ** 2},
        lambda x: {"a": -x["a"]},
        lambda x: {"a": 1.0 / x["a"]},
        lambda x: {"a": x["a"].sum()},
        lambda x: {"a": np.where(x["a"] > 0, x["a"], 0)},
        lambda x: {"a": x["a"] + np.ones(3)},
        lambda x: {"a": 3.0},
    ):
        arrays = {"a": np.arange(3.0)}
        assert not applied(f, arrays, arrays)
        assert arrays["a"].tolist() == [0, 1, 2]


def test_without_kernels_nothing_is_applied(by_numpy):
    arrays = {"a": np.ones(3)}
    assert not applied(lambda x: {"a": x["a"] * 2}, arrays, arrays)
