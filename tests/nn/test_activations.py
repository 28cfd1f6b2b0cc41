"""Activations: the ops themselves, as modules; and plain functions in Sequential."""

import copy
import pickle

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.oracles import require_torch
from tinygrad_rnn import nn
from tinygrad_rnn.nn import activations
from tinygrad_rnn.testing import check_module

X = np.random.default_rng(0).standard_normal((4, 3))
CLASSES = [kind for kind in vars(activations).values() if isinstance(kind, type) and vars(kind).get("op")]
each = pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)


@each
def test_a_class_of_torchs_name_is_the_op_and_computes_what_torchs_does(kind):
    torch = require_torch()
    theirs = getattr(torch.nn, kind.__name__)
    theirs = theirs(dim=-1) if "axis" in kind.options else theirs()
    x = torch.tensor(X, requires_grad=True)
    ours = tg.tensor(X, requires_grad=True)
    y, expected = kind()(ours), theirs(x)
    (y * X).sum().backward()
    (expected * torch.tensor(X)).sum().backward()
    np.testing.assert_allclose(y.data, expected.detach(), rtol=1e-9, atol=1e-12)  # torch's softplus is linear from 20
    np.testing.assert_allclose(ours.grad.data, x.grad, rtol=1e-9, atol=1e-12)
    assert np.array_equal(y.data, kind.op(X))


@each
def test_each_is_documented_public_checked_saved_and_compiled(kind):
    assert kind.__name__ in nn.__all__
    assert kind.__doc__.startswith("y ")
    module = kind()
    check_module(module, X + 0.05)
    assert module.state_dict() == {}
    planned = tg.compile(lambda x: module(x).sum())
    for x in (X, X + 1, X * 2):
        assert planned(x).item() == pytest.approx(module(x).sum().item(), rel=1e-14)
    for twin in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        assert np.array_equal(twin(X).data, module(X).data)
    assert isinstance(kind()([[1.0, 2.0]]), tg.Tensor)


def test_options_are_the_ops_and_are_checked_when_the_module_is_built():
    assert np.array_equal(nn.Softmax(axis=0)(X).data, tg.softmax(X, axis=0))
    assert np.array_equal(nn.Softmax(0)(X).data, tg.softmax(X, axis=0))
    softmax = nn.Softmax()
    softmax.axis = 0
    assert np.array_equal(softmax(X).data, tg.softmax(X, axis=0))
    assert [repr(m) for m in (nn.Softmax(0), nn.Softmax(), nn.ReLU())] == ["Softmax(0)", "Softmax(-1)", "ReLU()"]
    with pytest.raises(tg.OptionError, match=r"Softmax: there is no option 'axes'(.|\n)*did you mean 'axis'"):
        nn.Softmax(axes=0)
    with pytest.raises(tg.TinygradError, match="softmax"):
        nn.Softmax("0")
    with pytest.raises(tg.OptionError, match="ReLU: too many positional arguments"):
        nn.ReLU(True)
    with pytest.raises(tg.OptionError, match="ReLU: there is no option 'inplace'"):
        nn.ReLU(inplace=True)


def test_a_class_of_ones_own_is_a_line():
    class Sine(nn.Activation, op=tg.sin): ...

    class Louder(Sine):
        """y = 2 sin x."""

        def forward(self, x):
            return 2 * super().forward(x)

    assert Sine.__doc__.startswith("y = sin x")
    assert np.array_equal(Sine()(X).data, np.sin(X))
    assert np.array_equal(Louder()(X).data, 2 * np.sin(X))


def test_sequential_takes_plain_functions():
    net = nn.Sequential(nn.Linear(3, 4, rng=0, dtype=np.float64), tg.tanh, lambda y: y * 2, nn.Linear(4, 1, rng=1))
    h = np.tanh(net[0](X).data) * 2
    np.testing.assert_allclose(net(X).data, h @ net[3].weight.data.T + net[3].bias.data, rtol=1e-12)
    assert list(net.state_dict()) == ["0.weight", "0.bias", "3.weight", "3.bias"]
    assert "  1: Function('tanh')" in repr(net).splitlines()
    assert {node.scope for node in tg.graph(net(X).sum()).nodes if node.op == "tanh"} == {("Sequential", "1")}
    last = nn.Sequential(nn.GRU(3, 2, rng=0), lambda result: result[0][-1], nn.Linear(2, 1, rng=0))
    assert last(np.ones((5, 2, 3))).shape == (2, 1)
    planned = tg.compile(lambda x: net(x).sum())
    for x in (X, X + 1):
        assert planned(x).item() == pytest.approx(net(x).sum().item())
    with pytest.raises(tg.OptionError, match="Function: f=3 is not a function"):
        nn.Function(3)
