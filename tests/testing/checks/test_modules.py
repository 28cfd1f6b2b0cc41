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
    report = check_module(Mixed(), {"a": X, "b": X}, 3, unused=("idle",))
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
    check_module(module, {"a": X, "b": X}, unused=["idle"])
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


# the laws of modules: each of these has right slopes where it is called


class Projection(nn.Module):
    """y = x W + b; `product` is where a wrong one may differ."""

    def __init__(self):
        self.weight = nn.Parameter(RNG.standard_normal((3, 2)))
        self.bias = nn.Parameter(RNG.standard_normal(2))

    def forward(self, x):
        return self.product(x) + self.bias

    def product(self, x):
        return x @ self.weight


class ForgetsItsBias(Projection):
    def forward(self, x):
        return self.product(x)


class HidesAParameter(Projection):
    def __init__(self):
        super().__init__()
        self._gain = nn.Parameter(np.ones(2))

    def forward(self, x):
        return self.product(x) * self._gain + self.bias


class RowsMeet(Projection):
    def product(self, x):
        return (x - x.mean(axis=0)) @ self.weight


class RowsAndStepsMeet(Projection):
    def product(self, x):
        return (x - x.mean()) @ self.weight


class Float64Inside(nn.Module):
    def __init__(self):
        self.weight = nn.Parameter(np.ones((3, 2), np.float32))

    def forward(self, x):
        return x @ self.weight + np.arange(2.0)


class RemembersTheLast(Projection):
    """It adds what it was first called with."""

    _largest = 0.0

    def product(self, x):
        self._largest = max(self._largest, float(x.data.sum()))
        return x @ self.weight + self._largest


class RuleOfAHalf(Projection):
    def product(self, x):
        return half_at_zero(x) @ self.weight


@tg.elementwise(x=lambda y, x: tg.where(np.asarray(x.data if isinstance(x, tg.Tensor) else x) == 0, 2.0, 1.0))
def half_at_zero(x):
    """y = x, with a slope that is wrong at 0."""
    return x * 1.0


del REGISTRY["half_at_zero"]  # what is wrong here is not for the tests of every op


@pytest.mark.parametrize(
    ("law", "module", "words"),
    [
        ("parameters used", ForgetsItsBias, "argument  'bias'"),
        ("parameters used", HidesAParameter, "named_parameters\\(\\) does not find it"),
        ("float32 kept", Float64Inside, "y is float64"),
        ("stateless", RemembersTheLast, "something is kept from one call"),
        ("zeros", RuleOfAHalf, "where all inputs are 0"),
    ],
)
def test_each_law_catches_what_differences_do_not_see(law, module, words):
    with pytest.raises(GradMismatch, match=f"{module.__name__}: law '{law}' is broken: (.|\n)*{words}"):
        check_module(module(), X)


def test_rows_of_a_batch_that_meet():
    sequences = RNG.standard_normal((4, 2, 3))
    with pytest.raises(GradMismatch, match=r"law 'a batch' is broken(.|\n)*batched=None"):
        check_module(RowsAndStepsMeet(), sequences)
    assert check_module(RowsAndStepsMeet(), sequences, batched=None).passed
    assert check_module(RowsMeet(), X).passed  # of a matrix, they may be steps


def test_what_is_meant_is_allowed():
    assert check_module(ForgetsItsBias(), X, unused=("bias",)).passed
    assert "a batch" not in check_module(RowsMeet(), X, batched=None).laws
    with pytest.raises(GradMismatch, match="law 'batched' is broken"):
        check_module(RowsMeet(), X, batched=0)
    with pytest.raises(tg.TinygradError, match="unused='bias' is not a list or a tuple of names"):
        check_module(ForgetsItsBias(), X, unused="bias")
    with pytest.raises(tg.TinygradError, match="batched"):
        check_module(Projection(), X, batched="rows")


class ThroughTime(nn.Module):
    """Outputs alone, of a recurrence over the first axis: no row of it is a row of a batch."""

    def __init__(self):
        self.rnn = nn.RNN(3, 2, rng=0)

    def forward(self, x):
        return self.rnn(x)[0]


def test_steps_are_not_taken_for_rows():
    assert check_module(ThroughTime(), X).passed  # no batch at all
    assert check_module(ThroughTime(), RNG.standard_normal((4, 2, 3))).passed  # along the second axis
    assert check_module(Projection(), X, batched=0).laws[-1] == "batched"


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
    with pytest.raises(tg.OptionError, match="check_module: step=0"):
        check_module(module, X, step=0)
    monkeypatch.setattr(REGISTRY["tanh"], "jvps", [lambda g, y, x: 1.001 * g * (1 - y * y)])
    with pytest.raises(GradMismatch, match="jvp"):
        check_module(nn.RNNCell(3, 2, rng=0), X)
    assert check_module(nn.RNNCell(3, 2, rng=0), X, rtol=2e-3).passed
