"""minimize: SciPy's methods on a model, against SciPy on the same function written with NumPy."""

import builtins
import math
import os

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn, optim

if not os.environ.get("CI"):
    pytest.importorskip("scipy", reason="it is what is called here: pip install tinygrad-rnn[scipy]")
from scipy.optimize import minimize, rosen, rosen_der, rosen_hess_prod

START = np.array([[-1.2, 1.0], [0.5, -0.7]])
GRADIENTS = ["L-BFGS-B", "BFGS", "CG", "TNC", "SLSQP"]
CURVATURES = ["Newton-CG", "trust-ncg", "trust-krylov", "trust-constr"]
VALUES = ["Nelder-Mead", "Powell"]


def rosenbrock():
    """Rosenbrock's valley, in two parameters and a frozen one; and the loss."""
    a, b = (tg.tensor(row, requires_grad=True) for row in START)
    frozen = tg.tensor([7.0])

    def loss():
        x = tg.concatenate([a, b])
        return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum() + 0 * frozen.sum()

    return loss, [a, frozen, b]


@pytest.mark.parametrize("method", GRADIENTS + CURVATURES + VALUES)
def test_it_is_what_scipy_does_with_the_same_function(method):
    loss, params = rosenbrock()
    options = {"maxfun": 5000} if method == "TNC" else {}
    found = optim.minimize(loss, params, method, **options)
    rules = {} if method in VALUES else {"jac": rosen_der}
    rules |= {"hessp": rosen_hess_prod} if method in CURVATURES else {}
    expected = minimize(rosen, START.ravel(), method=method, options=options, **rules)
    # the same path to rounding, which these methods carry on and on; where they stop is as good a minimum
    assert found.fun == pytest.approx(expected.fun, abs=1e-7)
    np.testing.assert_allclose(found.x, expected.x, atol=1e-4)
    assert np.array_equal(np.concatenate([params[0].data, params[2].data]), found.x)
    assert params[1].tolist() == [7.0]
    assert float(loss().item()) == pytest.approx(found.fun, abs=1e-15)


def test_least_squares_end_at_the_solution_of_the_normal_equations():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((30, 4)), rng.standard_normal((30, 2))
    layer = nn.Linear(4, 2, dtype=np.float64, rng=0)
    found = optim.minimize(lambda: nn.mse_loss(layer(x), y), layer.parameters(), maxiter=500, gtol=1e-10, ftol=1e-15)
    solution = np.linalg.lstsq(np.column_stack([x, np.ones(30)]), y, rcond=None)[0]
    assert found.success
    np.testing.assert_allclose(layer.weight.data, solution[:4].T, atol=1e-6)
    np.testing.assert_allclose(layer.bias.data, solution[4], atol=1e-6)


def test_an_LSTM_in_float32_keeps_its_dtype_and_its_loss_falls():
    with nn.seeded(0):
        layer, head = nn.LSTM(1, 6), nn.Linear(6, 1)
    x = np.sin(np.arange(20, dtype=np.float32) / 3).reshape(20, 1, 1)

    def loss():
        return nn.mse_loss(head(layer(x[:-1])[0]), x[1:])

    before, seen = loss().item(), []
    params = [*layer.parameters(), *head.parameters()]
    found = optim.minimize(loss, params, maxiter=30, callback=lambda: seen.append(loss().item()))
    assert found.fun < before / 20
    assert len(seen) == found.nit
    assert seen[-1] == pytest.approx(found.fun, rel=1e-5)  # float32
    assert all(p.dtype == np.float32 for p in params)


def test_a_closure_may_call_backward_itself_as_torchs_does():
    (one, first), (other, second) = rosenbrock(), rosenbrock()

    def closure():
        for p in second:
            p.grad = None
        loss = other()
        loss.backward()
        return loss

    assert optim.minimize(closure, second).nfev == optim.minimize(one, first).nfev
    assert [p.tolist() for p in first] == [p.tolist() for p in second]
    with pytest.raises(tg.OptionError, match="does not call backward"):
        optim.minimize(closure, second, "Newton-CG")


def test_a_parameter_that_the_loss_does_not_use_stays():
    loss, params = rosenbrock()
    spare = tg.tensor([3.0, 4.0], requires_grad=True)
    assert optim.minimize(loss, [spare, *params]).success
    assert spare.tolist() == [3.0, 4.0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"method": "L-BFGS"}, "minimize: SciPy refuses method='L-BFGS'"),
        ({"maxitr": 3}, "minimize: SciPy refuses method='L-BFGS-B' with these options"),
        ({"method": "dogleg"}, "minimize: SciPy refuses method='dogleg'"),
        ({"tol": "small"}, "minimize: SciPy refuses"),
        ({"method": 3}, "minimize: method=3 is not the name of a method"),
        ({"closure": 3.0}, "minimize: closure=3.0 is not a function"),
        ({"closure": lambda: 3.0}, "minimize: closure() is not a loss"),
        ({"closure": lambda: tg.tensor([1.0, 2.0], requires_grad=True) * 2}, "minimize: closure() is not a loss"),
        ({"parameters": []}, "minimize: none of the 0 parameters requires grad"),
        ({"parameters": [1.0]}, "minimize: a parameter is not a leaf Tensor"),
        ({"callback": 3}, "minimize: callback=3 is not a function"),
    ],
)
def test_what_it_cannot_do_is_refused_and_the_parameters_stay(change, said):
    loss, params = rosenbrock()
    before = [p.tolist() for p in params]
    with pytest.raises(tg.OptionError) as caught:
        optim.minimize(**{"closure": loss, "parameters": params} | change)
    assert str(caught.value).startswith(said)
    assert [p.tolist() for p in params] == before


def test_after_an_error_the_parameters_are_the_best_that_were_seen():
    loss, params = rosenbrock()
    seen = []

    def failing():
        if len(seen) == 12:
            raise ArithmeticError("from the closure")
        value = loss()
        seen.append((value.item(), params[0].tolist(), params[2].tolist()))
        return value

    with pytest.raises(ArithmeticError, match="from the closure"):
        optim.minimize(failing, params)
    assert (params[0].tolist(), params[2].tolist()) == min(seen)[1:]
    assert min(seen)[0] < seen[0][0]


def test_an_error_of_the_closures_own_passes_through():
    _, params = rosenbrock()

    def closure():
        raise ValueError("mine")

    with pytest.raises(ValueError, match=r"^mine$"):
        optim.minimize(closure, params)


@pytest.mark.parametrize(("bad", "said"), [(math.nan, "the loss is NaN"), (0.0, "the gradient is NaN")])
def test_a_loss_that_is_no_number_is_told(bad, said):
    p = tg.tensor([1.0, 0.0], requires_grad=True)
    factor = tg.tensor([1.0, bad])
    with np.errstate(all="ignore"), pytest.raises(tg.GradientError, match=said):
        optim.minimize(lambda: tg.sum(factor * p + tg.sqrt(p * 0) * 0), [p])
    assert p.tolist() == [1.0, 0.0]


def test_without_scipy_it_says_what_to_install(monkeypatch):
    real = builtins.__import__

    def missing(name, *rest):
        if name.split(".")[0] == "scipy":
            raise ImportError("No module named 'scipy'")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", missing)
    loss, params = rosenbrock()
    with pytest.raises(tg.DataError, match=r"pip install 'tinygrad-rnn\[scipy\]'"):
        optim.minimize(loss, params)
