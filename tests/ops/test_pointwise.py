"""Where the smooth functions are hard: far tails, high orders, and the corner of relu."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.engine.op import REGISTRY

both = pytest.mark.parametrize("dtype", [np.float32, np.float64])
FAR = np.array([-800.0, -100.0, 0.0, 100.0, 800.0])


def logistic_slope(x):
    """σ′ = 1/(2 + 2 cosh x), in long double, whose exponents reach past 800."""
    return 1 / (2 + 2 * np.cosh(x.astype(np.longdouble)))


EXACT = {
    "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), logistic_slope),
    "softplus": (lambda x: np.maximum(x, 0) + np.log1p(np.exp(-abs(x))), lambda x: 1 / (1 + np.exp(-x))),
    "log_sigmoid": (lambda x: np.minimum(x, 0) - np.log1p(np.exp(-abs(x))), lambda x: 1 / (1 + np.exp(x))),
    "tanh": (np.tanh, lambda x: 4 * logistic_slope(2 * x)),
    "logistic_slope": (logistic_slope, lambda x: -logistic_slope(x) * np.tanh(x / 2)),
}


@both
@pytest.mark.parametrize("name", EXACT)
def test_far_out_nothing_overflows(name, dtype):
    value, slope = EXACT[name]
    x = tg.tensor(FAR, dtype=dtype, requires_grad=True)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        y = REGISTRY[name].public(x)
        y.sum().backward()
    # a few roundings of an exponential of up to 800: eps·800, and nothing below the smallest number
    tolerance = {"rtol": 1000 * np.finfo(dtype).eps, "atol": 2 * np.finfo(dtype).smallest_normal}
    wide = FAR.astype(np.longdouble)
    np.testing.assert_allclose(y.data, value(wide).astype(dtype), **tolerance)
    np.testing.assert_allclose(x.grad.data, slope(wide).astype(dtype), **tolerance)


@both
@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
@pytest.mark.parametrize("at", [-20.0, -9.0, 9.0, 20.0])
def test_saturated_slopes_are_small_and_not_zero(name, at, dtype):
    """1 − y² is 0 in float32 from 9 on, and all its digits are wrong before; 1e-6 asks for the true slope."""
    slope = float(tg.grad(getattr(tg, name))(dtype(at)))
    exact = EXACT[name][1](np.array(at))
    assert slope > 0
    assert abs(slope - exact) <= 1e-6 * exact


def test_tanh_at_zero_order_by_order():
    f = tg.tanh
    found = []
    for _ in range(6):
        found.append(float(f(tg.tensor(0.0))))
        f = tg.grad(f)
    # tanh x = x − x³/3 + 2x⁵/15 − …; exact but for the roundings of 16·8 in the last
    np.testing.assert_allclose(found, [0, 1, 0, -2, 0, 16], atol=1e-13)


@pytest.mark.parametrize("name", ["sigmoid", "softplus", "log_sigmoid", "tanh", "sin", "cos", "exp", "expm1"])
def test_third_order_agrees_with_differences_of_the_second(name):
    second = tg.grad(tg.grad(getattr(tg, name)))
    for at in (-2.0, 0.3, 1.7):
        h = 1e-4
        slope = (float(second(at + h)) - float(second(at - h))) / (2 * h)
        # truncation h²·f⁽⁵⁾/6, rounding eps/h: both about 1e-8 at most
        assert float(tg.grad(second)(at)) == pytest.approx(slope, rel=1e-6, abs=1e-7)


def test_relu_at_its_corner_has_slope_zero():
    assert tg.grad(tg.relu)(0.0).item() == 0
    assert tg.grad(tg.relu)(-0.0).item() == 0


def test_expm1_and_log1p_are_exact_near_zero():
    for f, at in ((tg.expm1, 1e-20), (tg.log1p, 1e-20)):
        assert f(tg.tensor(at)).item() == at
        assert tg.grad(f)(at).item() == 1
