"""functional_call: a module with other values, and nothing of it left behind."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.nn import functional_call

X = np.random.default_rng(0).standard_normal((5, 2, 3))


class Everywhere(nn.Module):
    """Parameters as an attribute, shared, in a list, in a dict, and in a hidden cell."""

    def __init__(self):
        rng = np.random.default_rng(0)
        self.first = nn.Linear(3, 3, rng=rng)
        self.again = nn.Linear(3, 3, rng=rng)
        self.again.weight = self.first.weight
        self.listed = [nn.Parameter(np.float32([2.0])), nn.Linear(3, 3, rng=rng)]
        self.named = {"gain": nn.Parameter(np.float32([3.0]))}
        self.layer = nn.GRU(3, 2, rng=rng)

    def forward(self, x):
        x = self.listed[1](self.again(self.first(x)) * self.listed[0]) * self.named["gain"]
        return self.layer(x)[0]


def wide(module):
    return {name: value.astype(np.float64) for name, value in module.state_dict().items()}


def test_its_own_values_give_what_the_module_gives():
    module = Everywhere()
    mine = module(X.astype(np.float32))
    assert np.array_equal(functional_call(module, module.state_dict(), X.astype(np.float32)).data, mine.data)
    assert np.array_equal(functional_call(module, {}, X.astype(np.float32)).data, mine.data)


def test_float64_values_run_a_float32_module_in_float64():
    module = Everywhere()
    y = functional_call(module, wide(module), X)
    assert y.dtype == np.float64
    np.testing.assert_allclose(y.data, module(X.astype(np.float32)).data, rtol=0, atol=1e-5)  # what float32 rounds


def test_gradients_are_those_of_a_module_with_these_values():
    module, other = Everywhere(), Everywhere()
    values = {name: value + 0.1 for name, value in module.state_dict().items()}
    other.load_state_dict(values)
    other(X.astype(np.float32)).sum().backward()
    given = {name: tg.tensor(value, requires_grad=True) for name, value in values.items()}
    functional_call(module, given, X.astype(np.float32)).sum().backward()
    for name, parameter in other.named_parameters():
        assert np.array_equal(given[name].grad.data, parameter.grad.data), name
    assert all(parameter.grad is None for parameter in module.parameters())


def test_a_subset_leaves_the_others_to_learn():
    layer = nn.Linear(3, 2, rng=0)
    weight = tg.tensor(np.ones((2, 3), np.float32), requires_grad=True)
    functional_call(layer, {"weight": weight}, np.ones((1, 3), np.float32)).sum().backward()
    assert np.array_equal(weight.grad.data, np.ones((2, 3)))
    assert layer.weight.grad is None
    assert np.array_equal(layer.bias.grad.data, [1, 1])


def test_arrays_are_constants():
    y = functional_call(nn.Linear(3, 2), {"weight": np.ones((2, 3)), "bias": np.zeros(2)}, X)
    assert not y.requires_grad


def test_after_an_error_too_the_parameters_are_the_modules_own():
    module = Everywhere()
    before = {name: (p.data.copy(), p.node) for name, p in module.named_parameters()}
    with pytest.raises(tg.ShapeError):
        functional_call(module, {name: 2 * value for name, value in module.state_dict().items()}, np.ones((5, 2, 4)))
    for name, p in module.named_parameters():
        assert np.array_equal(p.data, before[name][0])
        assert p.node is before[name][1]
        assert p.requires_grad


def test_calls_nest():
    layer = nn.Linear(1, 1, bias=False, dtype=np.float64)

    class Outer(nn.Module):
        def __init__(self):
            self.layer = layer

        def forward(self, x):
            return self.layer(x) + functional_call(self.layer, {"weight": [[10.0]]}, x)

    assert functional_call(Outer(), {"layer.weight": [[1.0]]}, [[1.0]]).item() == 11


def test_grad_jvp_and_vjp_agree():
    module = nn.LSTM(3, 2, rng=0)
    f = lambda values: (functional_call(module, values, X)[0] ** 2).sum()  # noqa: E731
    values = wide(module)
    rng = np.random.default_rng(1)
    along = {name: rng.standard_normal(value.shape) for name, value in values.items()}
    g = tg.grad(f)(values)
    slope = tg.jvp(f, (values,), (along,))[1].item()
    assert slope == pytest.approx(sum((g[name].data * along[name]).sum() for name in g), rel=1e-12)  # float64 sums
    (pulled,) = tg.vjp(f, values)[1](1.0)
    assert all(np.array_equal(pulled[name].data, g[name].data) for name in g)


def test_the_hessian_of_least_squares():
    layer = nn.Linear(3, 1, bias=False, dtype=np.float64)
    x = X[:, 0]
    H = tg.hessian(lambda W: (functional_call(layer, {"weight": W}, x) ** 2).sum())(np.ones((1, 3)))
    np.testing.assert_allclose(H.data.reshape(3, 3), 2 * x.T @ x, rtol=1e-12)  # three products of five terms


def test_a_checkpoint_around_the_call():
    module = nn.GRU(3, 2, rng=0)
    values = wide(module)
    plain = lambda values: functional_call(module, values, X)[0].sum()  # noqa: E731
    g, again = tg.grad(plain)(values), tg.grad(tg.checkpoint(plain))(values)
    assert all(np.array_equal(g[name].data, again[name].data) for name in values)


def test_names_that_are_not_there():
    with pytest.raises(tg.GraphError) as raised:
        functional_call(nn.Linear(3, 2), {"weight": np.ones((2, 3)), "wieght": 1, "b": 2}, X)
    assert "Linear has no parameter 'wieght', 'b'" in str(raised.value)
    assert "expected  weight, bias" in str(raised.value)


def test_values_of_another_shape():
    with pytest.raises(tg.ShapeError) as raised:
        functional_call(nn.Linear(3, 2), {"weight": np.ones((3, 2))}, X)
    assert "expected  weight (2, 3)" in str(raised.value)
    assert "got       weight (3, 2)" in str(raised.value)
