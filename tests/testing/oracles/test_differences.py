"""Slopes by differences: how far off they say they may be, beside how far off they are."""

import numpy as np
import pytest

from tinygrad_rnn.testing.oracles.differences import by_differences
from tinygrad_rnn.testing.oracles.limits import EPS, Limits

FUNCTIONS = {
    "joint": (lambda x: np.where(x < 1, 0.5 * x * x, x - 0.5), 1.0, 1.0),
    "joint beside": (lambda x: np.where(x < 1, 0.5 * x * x, x - 0.5), 1 - 2e-6, 1 - 2e-6),
    "x|x|": (lambda x: x * np.abs(x), 0.0, 0.0),
    "sin 1000x": (lambda x: np.sin(1000 * x), 0.3, 1000 * np.cos(300)),
    "1/x": (lambda x: 1 / x, 1e-5, -1e10),
    "log": (np.log, 1e-6, 1e6),
    "grains": (lambda x: (x + 1e9) - 1e9, 0.3, 1.0),
    "stands still": (lambda x: np.sqrt(x * x + 1e12) - 1e6, 0.01, 1e-8),
    "float32": (lambda x: np.tanh(x.astype(np.float32)).astype(np.float64), 0.7, 1 - np.tanh(0.7) ** 2),
    "smooth": (np.tanh, 0.7, 1 - np.tanh(0.7) ** 2),
    "line": (lambda x: 3 * x, 0.7, 3.0),
}


def along(f, x, closely, **limits):
    x = np.array([x])
    with np.errstate(all="ignore"):
        return by_differences(lambda xs: f(xs[0]), [x], [np.ones(1)], f(x), limits=Limits(**limits), closely=closely)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_doubt_covers_the_error(name):
    f, x, exact = FUNCTIONS[name]
    found = along(f, x, closely=True, eps=1.2e-7 if name == "float32" else EPS)
    assert abs(found.values[0] - exact) <= found.doubt[0] + 1e-9 * abs(exact)  # what is left of h⁴


@pytest.mark.parametrize(
    ("name", "share"),
    [("smooth", 1e-6), ("line", 1e-8), ("joint", 1e-4), ("sin 1000x", 1e-3), ("float32", 1e-2)],
)
def test_the_doubt_is_small_where_a_step_can_tell(name, share):
    f, x, exact = FUNCTIONS[name]
    found = along(f, x, closely=True, eps=1.2e-7 if name == "float32" else EPS)
    assert found.doubt[0] <= share * abs(exact)
    assert not found.kink


@pytest.mark.parametrize("closely", [False, True])
@pytest.mark.parametrize(
    "f",
    [np.abs, np.sign, lambda x: np.sqrt(np.abs(x)), lambda x: np.maximum(x, 0) * 1e-2 + x, lambda x: 1 / x],
    ids=["abs", "sign", "root", "a hundredth", "pole"],
)
def test_a_kink_is_one_however_closely_it_is_looked_at(f, closely):
    assert along(f, 0.0, closely).kink


def test_each_output_has_a_step_of_its_own():
    def f(x):
        return np.concatenate([np.sin(1000 * x), 1e8 + x, np.tanh(x)])

    found = along(f, 0.3, closely=True)
    exact = np.array([1000 * np.cos(300), 1, 1 - np.tanh(0.3) ** 2])
    assert np.all(np.abs(found.values - exact) <= found.doubt + 1e-9 * np.abs(exact))
    assert np.all(found.doubt <= 1e-3 * np.abs(exact))


def test_values_of_another_shape_are_no_values():
    assert (
        along(lambda x: x[x > 0.3 - 1e-12], 0.3, closely=False).kink == "the function is not finite around this point"
    )
