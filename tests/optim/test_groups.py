"""Groups: what each of them has of its own, what is refused, and what setting an option for all of them means."""

import copy
import pickle

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn, optim


def parameters(count, shape=(2,)):
    return [tg.tensor(np.ones(shape), requires_grad=True) for _ in range(count)]


def two(**options):
    a, b = parameters(2)
    return optim.SGD([{"params": [a], "lr": 0.5}, {"params": b, "momentum": 0.5}], lr=0.1, momentum=0.9, **options)


def test_a_group_has_its_own_options_and_the_others_of_all():
    first, second = two().param_groups
    assert (first["lr"], first["momentum"]) == (0.5, 0.9)
    assert (second["lr"], second["momentum"]) == (0.1, 0.5)
    assert [len(group["params"]) for group in (first, second)] == [1, 1]


def test_an_option_is_an_attribute_and_set_for_every_group():
    optimizer = two()
    assert (optimizer.lr, optimizer.momentum) == (0.5, 0.9)
    optimizer.momentum = 0.3
    assert [group["momentum"] for group in optimizer.param_groups] == [0.3, 0.3]
    optimizer.lr = 1.0  # a proportion of 5 to 1 at first, and so it stays
    assert [group["lr"] for group in optimizer.param_groups] == [1.0, 0.2]
    optimizer.lr = 0.0
    optimizer.lr = 0.5
    assert [group["lr"] for group in optimizer.param_groups] == [0.5, 0.1]


def test_a_rate_of_zero_has_no_proportion():
    a, b = parameters(2)
    optimizer = optim.SGD([{"params": [a], "lr": 0.0}, {"params": [b]}], lr=0.1)
    with pytest.raises(tg.OptionError, match="no proportion"):
        optimizer.lr = 0.5
    both = optim.SGD([{"params": [a]}, {"params": [b]}], lr=0.0)
    both.lr = 0.5
    assert [group["lr"] for group in both.param_groups] == [0.5, 0.5]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda o: setattr(o, "lr", -1), "SGD: lr=-1 is out of range"),
        (lambda o: setattr(o, "momentum", float("nan")), "SGD: momentum=nan is out of range"),
        (lambda o: o.param_groups[1].__setitem__("lr", -1), "SGD: lr=-1 is out of range"),
        (lambda o: o.param_groups[1].update(weight_decay="much"), "SGD: weight_decay='much' is out of range"),
        (lambda o: o.param_groups[1].__setitem__("learning_rate", 1), "SGD: there is no option 'learning_rate'"),
        (lambda o: o.param_groups[0].__setitem__("params", []), "SGD: the parameters of a group stay what they are"),
        (lambda o: o.param_groups[0].update(momentum=0, nesterov=True), "SGD: nesterov=True with momentum=0"),
        (lambda o: o.add_param_group({"params": o.params[:1]}), "SGD: a parameter is in two groups"),
        (lambda o: o.add_param_group({"lr": 1.0}), "SGD: a group without parameters"),
        (lambda o: o.add_param_group({"params": parameters(1), "beta": 1}), "SGD: there is no option 'beta'"),
        (lambda o: o.add_param_group({"params": [1.0]}), "SGD: a parameter is not a leaf Tensor"),
        (lambda o: o.add_param_group(parameters(1)), "SGD: group="),
    ],
)
def test_what_a_group_cannot_have_is_refused(change, said):
    optimizer = two()
    with pytest.raises(tg.OptionError) as caught:
        change(optimizer)
    assert str(caught.value).startswith(said)
    assert len(optimizer.params) == len(optimizer.state) == sum(len(g["params"]) for g in optimizer.param_groups)


@pytest.mark.parametrize(
    "groups",
    [
        lambda p: [{"params": p}, {"params": p[:1]}],
        lambda p: [{"params": p, "lr": -1}],
        lambda p: [{"params": p, "nesterov": True}],
        lambda p: [{"lr": 1.0}],
        lambda p: [{"params": p}, p[0]],
        lambda p: {"params": p},
    ],
)
def test_groups_that_make_no_sense_are_refused(groups):
    with pytest.raises(tg.OptionError, match=r"^SGD: "):
        optim.SGD(groups(parameters(2)), lr=0.1)


def test_a_group_may_be_frozen_as_long_as_one_is_not():
    a, b = parameters(2)
    a.requires_grad = False
    optimizer = optim.SGD([{"params": [a]}, {"params": [b]}], lr=0.1)
    b.grad = np.ones(2)
    optimizer.step()
    assert (a.tolist(), b.tolist()) == ([1, 1], [0.9, 0.9])
    b.requires_grad = False
    with pytest.raises(tg.OptionError, match="none of the 2 parameters"):
        optim.SGD([{"params": [a]}, {"params": [b]}], lr=0.1)


@pytest.mark.parametrize("way", ["deepcopy", "pickle", "state_dict"])
def test_groups_are_copied_and_saved_with_what_is_remembered(way):
    def made():
        layer = nn.Linear(2, 2, rng=0, dtype=np.float64)
        groups = [{"params": layer.weight, "lr": 0.1}, {"params": layer.bias, "amsgrad": True}]
        return optim.Adam(groups, lr=0.01)

    def steps(optimizer, ks):
        for k in ks:
            for p in optimizer.params:
                p.grad = np.random.default_rng([k, p.ndim]).standard_normal(p.shape)
            optimizer.lr = 0.1 / (1 + k)
            optimizer.step()
            optimizer.zero_grad()
        return [p.tolist() for p in optimizer.params]

    whole = made()
    steps(whole, range(4))
    if way == "state_dict":
        other = made()
        other.load_state_dict(whole.state_dict())
        for p, q in zip(other.params, whole.params, strict=True):
            p.assign(q)
    else:
        other = copy.deepcopy(whole) if way == "deepcopy" else pickle.loads(pickle.dumps(whole))
    assert repr(other) == repr(whole) or way == "state_dict"
    assert steps(other, range(4, 8)) == steps(whole, range(4, 8))
    assert [group["lr"] for group in other.param_groups] == [group["lr"] for group in whole.param_groups]
    with pytest.raises(tg.OptionError, match="lr=-1"):
        other.param_groups[1]["lr"] = -1


def test_the_state_of_another_groups_options_is_refused():
    [p] = parameters(1)
    plain, largest = optim.Adam([p]), optim.Adam([p], amsgrad=True)
    p.grad = np.ones(2)
    plain.step()
    largest.step()
    with pytest.raises(tg.CheckpointError, match=r"0\.vmax missing"):
        largest.load_state_dict(plain.state_dict())
    with pytest.raises(tg.CheckpointError, match=r"0\.vmax"):
        plain.load_state_dict(largest.state_dict())


def test_a_step_that_fails_leaves_the_options_those_of_the_first_group():
    class Failing(optim.SGD):
        def update(self, p, g, state):
            if self.lr == 0.1:
                raise ArithmeticError
            return super().update(p, g, state)

    optimizer = Failing([{"params": p, "lr": lr} for p, lr in zip(parameters(2), (0.5, 0.1), strict=True)])
    for p in optimizer.params:
        p.grad = np.ones(2)
    with pytest.raises(ArithmeticError):
        optimizer.step()
    assert optimizer.lr == 0.5


def test_an_optimiser_of_ones_own_declares_its_options():
    class Sign(optim.Optimizer):
        """p ← p − lr·scale·sign(g)."""

        scale = optim.Number(above=0)

        def __init__(self, params, lr=0.1, scale=1.0):
            super().__init__(params, lr, scale=scale)

        def update(self, p, g, state):
            return self.lr * self.scale * np.sign(g)

    a, b = parameters(2)
    optimizer = Sign([{"params": [a]}, {"params": [b], "scale": 2.0}])
    a.grad = b.grad = np.array([3.0, -1.0])
    optimizer.step()
    assert (a.tolist(), b.tolist()) == ([0.9, 1.1], [0.8, 1.2])
    with pytest.raises(tg.OptionError, match="Sign: scale=0 is out of range"):
        Sign([a], scale=0)
    with pytest.raises(tg.OptionError, match="Sign: there is no option 'scal'"):
        Sign([{"params": [a], "scal": 1.0}])


def test_an_optimiser_of_ones_own_that_hands_on_what_it_does_not_declare_is_told():
    class Wrong(optim.Optimizer):
        def __init__(self, params):
            super().__init__(params, 0.1, beta=0.9)

    with pytest.raises(tg.OptionError, match="Wrong: there is no option 'beta'"):
        Wrong(parameters(1))
