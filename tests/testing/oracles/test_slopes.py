"""The oracles themselves, on functions whose derivatives are known by heart."""

import numpy as np
import pytest

from tinygrad_rnn.testing import Kink
from tinygrad_rnn.testing.oracles.slopes import ORACLES, RTOL, slope

UNIT = [np.array([1.0])]
SMOOTH = {
    "tanh": (np.tanh, lambda x: 1 / np.cosh(x) ** 2),
    "exp": (np.exp, np.exp),
    "cube": (lambda x: x**3, lambda x: 3 * x**2),
    "sin(20x)": (lambda x: np.sin(20 * x), lambda x: 20 * np.cos(20 * x)),
    "1e8 + x": (lambda x: 1e8 + x, np.ones_like),
    "constant": (lambda x: 0 * x + 3, np.zeros_like),
}


def along(f, x, oracle="auto"):
    point = np.array([float(x)])
    return slope(lambda xs: f(xs[0]), [point], UNIT, f(point), oracle)


@pytest.mark.parametrize("oracle", ORACLES)
@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("x", [-1.3, -0.01, 0.0, 0.4, 2.0])
def test_smooth_functions(name, x, oracle):
    f, exact = SMOOTH[name]
    found = along(f, x, oracle)
    error = np.abs(found.values - exact(np.array([x])))
    # what checks.py allows: rtol of S, and the rounding that the slope says it carries
    assert np.all(error <= RTOL[found.oracle] * np.abs(exact(np.array([x]))) + found.doubt + 1e-15)


def test_auto_prefers_the_complex_step_and_falls_back():
    assert along(np.tanh, 0.3).oracle == "complex step"
    assert along(lambda x: np.copysign(x, 1.0), 0.3).oracle == "Richardson"  # refuses complex numbers
    assert along(lambda x: np.abs(x) * x, 0.3).oracle == "Richardson"  # loses a term without refusing
    np.testing.assert_allclose(along(lambda x: np.abs(x) * x, 0.3).values, 0.6, rtol=1e-10)  # Richardson, see RTOL


@pytest.mark.parametrize(
    "f",
    [
        np.abs,
        lambda x: np.maximum(x, 0),
        lambda x: np.maximum(x, 0) * 1e-3 + x,
        lambda x: np.where(x > 0, x, 3 * x),
        np.sign,
        np.floor,
        lambda x: np.sqrt(np.abs(x)),
        lambda x: 1 / x,
        np.log,
        lambda x: np.abs(x) + np.sin(7 * x),
    ],
)
def test_no_derivative_at_zero(f):
    with np.errstate(all="ignore"), pytest.raises(Kink):
        along(f, 0.0)


@pytest.mark.parametrize("distance", [2e-3, 3e-4, 7e-5, 2e-5])
@pytest.mark.parametrize("side", [-1, 1])
def test_a_kink_close_by_is_stepped_around(distance, side):
    """h goes down to 1e-5; on its side of the kink the function is as smooth as any."""
    found = along(lambda x: np.where(x > 0, 3 * x, -x), side * distance, "Richardson")
    np.testing.assert_allclose(found.values, 3 if side > 0 else -1, rtol=1e-9)  # exact for a line but for rounding


def test_a_kink_in_one_output_of_many_is_found():
    with pytest.raises(Kink, match="the slopes to the left and to the right differ: -1 and 1"):
        slope(lambda xs: np.array([np.sin(xs[0][0]), np.abs(xs[0][0])]), [np.zeros(1)], UNIT, np.zeros(2))


def test_refusals():
    with pytest.raises(ValueError, match=r"oracle='guess' is not an option\n  expected  'auto', 'complex step'"):
        along(np.sin, 0.0, "guess")
    with pytest.raises(ValueError, match="does not take complex"):
        along(lambda x: np.copysign(x, 1.0), 0.5, "complex step")
