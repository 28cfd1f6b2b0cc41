"""check_module passes right modules and catches wrong ones, by inputs and by parameters."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.engine.op import REGISTRY
from tinygrad_rnn.testing import GradMismatch, check_module

RNG = np.random.default_rng(0)
X = RNG.standard_normal((4, 3))


class Mixed(nn.Module):
    """A nest goes in and comes out, a parameter is shared, one is unused, and an argument is no array."""

    def __init__(self):
        self.first, self.second = nn.Linear(3, 3, rng=0), nn.Linear(3, 3, rng=1)
        self.second.weight = self.first.weight
        self.idle = nn.Parameter(np.ones(2, np.float32))

    def forward(self, parts, power=2, *, scale=1.0):
        h = tg.tanh(self.first(parts["a"])) ** power
        return {"y": self.second(h) * scale, "rest": [parts["b"] * h]}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("make", "inputs"),
    [
        (lambda **o: nn.Linear(3, 2, rng=0, **o), (X,)),
        (lambda **o: nn.Embedding(5, 3, rng=0, **o), (np.array([[0, 2], [2, 4]]),)),
        (lambda **o: nn.LSTMCell(3, 2, rng=0, **o), (X,)),
        (lambda **o: nn.LSTM(3, 2, 2, rng=0, **o), (X, (np.ones((2, 2)), np.zeros((2, 2))))),
        (lambda **o: nn.GRU(3, 2, batch_first=True, rng=0, **o), (RNG.standard_normal((2, 4, 3)),)),
    ],
)
def test_the_librarys_modules(make, inputs, dtype):
    report = check_module(make(dtype=dtype), *inputs)
    assert report.passed
    assert report.directions > 10
    assert report.worst < 1e-12


def test_nests_shared_unused_and_other_arguments():
    report = check_module(Mixed(), {"a": X, "b": X}, 3)
    assert report.passed
    assert report.directions >= 16


def test_forward_may_call_an_argument_parameters():
    class Named(nn.Module):
        def forward(self, parameters, /):
            return tg.tanh(parameters)

    assert check_module(Named(), X).passed


def test_second_order():
    assert check_module(nn.GRUCell(3, 2, rng=0), X, order=2).order == 2


def test_the_module_is_left_as_it_was():
    module = Mixed()
    before = module.state_dict()
    check_module(module, {"a": X, "b": X})
    assert all(np.array_equal(before[name], value) for name, value in module.state_dict().items())
    assert all(p.grad is None and p.dtype == np.float32 for p in module.parameters())


# wrong modules


class Detached(nn.Linear):
    def forward(self, x):
        return tg.inner(x, self.weight.detach()) + self.bias


class Halved(nn.Linear):
    """The bias's gradient is half of what it is, its value the same."""

    def forward(self, x):
        return tg.inner(x, self.weight) + 0.5 * self.bias + 0.5 * self.bias.detach()


class CutInput(nn.Linear):
    def forward(self, x):
        return super().forward(x.detach() if isinstance(x, tg.Tensor) else x)


@pytest.mark.parametrize(
    ("module", "names"),
    [(Detached, "parameters['weight']["), (Halved, "parameters['bias']["), (CutInput, "argument  x[")],
)
def test_a_gradient_that_does_not_arrive_names_its_parameter(module, names):
    with pytest.raises(GradMismatch) as raised:
        check_module(module(3, 2, rng=0), X)
    assert str(raised.value).startswith(f"{module.__name__}: ")
    assert names in str(raised.value)


def test_a_wrong_jvp_is_caught_too(monkeypatch):
    monkeypatch.setattr(REGISTRY["tanh"], "jvps", [lambda g, y, x: g])
    with pytest.raises(GradMismatch, match="jvp"):
        check_module(nn.RNNCell(3, 2, rng=0), X)


def test_a_float32_gradient_that_is_not_the_float64_one():
    class Coarse(nn.Linear):
        def forward(self, x):
            return super().forward(x) * (1.01 if self.weight.dtype == np.float32 else 1.0)

    with pytest.raises(GradMismatch):
        check_module(Coarse(3, 2, rng=0), X)
    assert check_module(Coarse(3, 2, rng=0, dtype=np.float64), X).passed


def test_a_module_that_draws_is_told_to_eval():
    class Noisy(nn.Module):
        def __init__(self):
            self.layer, self.dropout = nn.Linear(3, 2, rng=0), nn.Dropout(0.5, rng=0)

        def forward(self, x):
            return self.dropout(self.layer(x))

    with pytest.raises(tg.GraphError, match=r"eval\(\)"):
        check_module(Noisy(), X)
    assert check_module(Noisy().eval(), X).passed


# options


def plain_linear(parameters, x):
    return x @ parameters["weight"].T + parameters["bias"]


def test_a_reference_gets_the_parameters_by_name():
    assert check_module(nn.Linear(3, 2, rng=0, dtype=np.float64), X, reference=plain_linear).passed
    assert check_module(nn.Linear(3, 2, rng=0), X.astype(np.float32), reference=plain_linear).passed


class Copied(nn.Linear):
    """Its weight is copied when it is made: right until the weight moves."""

    def __init__(self, *sizes, **options):
        super().__init__(*sizes, **options)
        self._copy = self.weight.data.copy()

    def forward(self, x):
        return tg.inner(x, self._copy + (self.weight - self.weight.detach())) + self.bias


def test_a_reference_is_compared_at_other_parameters_too():
    module = Copied(3, 2, rng=0, dtype=np.float64)
    assert check_module(nn.Linear(3, 2, rng=0, dtype=np.float64), X, reference=plain_linear).passed
    with pytest.raises(GradMismatch, match="Copied: the values are not the reference's"):
        check_module(module, X, reference=plain_linear)


def test_tolerances_reach_both_modes(monkeypatch):
    module = nn.Linear(3, 2, rng=0, dtype=np.float64)
    assert check_module(module, X, rtol=1e-3, atol=1e-3, step=1e-3).passed
    with pytest.raises(tg.OptionError, match="check_vjp: step=0"):
        check_module(module, X, step=0)
    monkeypatch.setattr(REGISTRY["tanh"], "jvps", [lambda g, y, x: 1.001 * g * (1 - y * y)])
    with pytest.raises(GradMismatch, match="jvp"):
        check_module(nn.RNNCell(3, 2, rng=0), X)
    assert check_module(nn.RNNCell(3, 2, rng=0), X, rtol=2e-3).passed
