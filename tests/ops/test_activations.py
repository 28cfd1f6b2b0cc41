"""Activations against torch's, in both tails and at their corners."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.oracles import require_torch

torch = require_torch()
F = torch.nn.functional
AT = np.array([-8.0, -1.5, -0.25, -0.0, 0.0, 0.25, 1.5, 8.0])
PAIRS = {
    "gelu": (tg.gelu, F.gelu),
    "gelu, tanh": (lambda x: tg.gelu(x, approximate="tanh"), lambda x: F.gelu(x, approximate="tanh")),
    "silu": (tg.silu, F.silu),
    "elu": (tg.elu, F.elu),
    "elu, 0.3": (lambda x: tg.elu(x, alpha=0.3), lambda x: F.elu(x, alpha=0.3)),
    "leaky_relu": (tg.leaky_relu, F.leaky_relu),
    "leaky_relu, 0.2": (lambda x: tg.leaky_relu(x, 0.2), lambda x: F.leaky_relu(x, 0.2)),
}


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_values_and_slopes_are_torchs(name, dtype):
    ours, theirs = PAIRS[name]
    x, t = tg.tensor(AT, dtype=dtype, requires_grad=True), torch.tensor(AT.astype(dtype), requires_grad=True)
    y, z = ours(x), theirs(t)
    y.sum().backward()
    z.sum().backward()
    assert (y.dtype, x.grad.dtype) == (dtype, dtype)
    near = {"rtol": 30 * np.finfo(dtype).eps, "atol": 30 * np.finfo(dtype).eps}
    np.testing.assert_allclose(y.data, z.detach().numpy(), **near)
    np.testing.assert_allclose(x.grad.data, t.grad.numpy(), **near)


@pytest.mark.parametrize("name", PAIRS)
def test_far_out_nothing_overflows(name):
    f, _ = PAIRS[name]
    x = tg.tensor([-1e30, -800.0, 800.0, 1e30], requires_grad=True)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        y = f(x)
        y.sum().backward()
    assert y.tolist()[2:] == [800, 1e30]
    assert x.grad.tolist()[2:] == [1, 1]


def test_the_left_tail_of_gelu_is_small_and_not_zero():
    """x·Φ(x) ≈ −φ(x)·(1 − 1/x²): as ½(1 + erf) it would be 0 from −8.3 on."""
    x = -20.0
    density = np.exp(-x * x / 2) / np.sqrt(2 * np.pi)
    assert float(tg.gelu(x)) == pytest.approx(-density * (1 - 1 / x**2 + 3 / x**4), rel=1e-5)
    assert float(tg.grad(tg.gelu)(x)) == pytest.approx(x * density, rel=1e-2)


def test_integers_become_floats():
    assert tg.gelu(np.array([0, 1])).dtype == float
    assert tg.gelu([]).shape == (0,)
