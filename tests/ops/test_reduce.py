"""Where reductions are hard: ties, norms of nothing, squares that overflow."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.engine.op import REGISTRY
from tinygrad_rnn.testing import check_call
from tinygrad_rnn.testing.specs.library import LIBRARY

both = pytest.mark.parametrize("dtype", [np.float32, np.float64])


@pytest.mark.parametrize("f", [tg.max, tg.min])
def test_ties_share_equally(f):
    x = np.array([[2.0, 2.0, 2.0], [2.0, 2.0, 2.0]])
    assert tg.grad(f)(x).tolist() == [[1 / 6] * 3] * 2
    assert tg.grad(lambda x: f(x, axis=0).sum())(x).tolist() == [[0.5] * 3] * 2


@pytest.mark.parametrize("f", [tg.max, tg.min])
def test_nan_wins_and_takes_the_gradient(f):
    assert tg.grad(f)(np.array([1.0, np.nan, 3.0])).tolist() == [0, 1, 0]


@pytest.mark.parametrize("ord", [None, 2, 1, np.inf])
def test_norm_of_nothing_has_slope_zero(ord):
    assert tg.grad(lambda x: tg.norm(x, ord))(np.zeros(3)).tolist() == [0, 0, 0]


def test_std_of_a_constant_has_slope_zero():
    assert tg.grad(tg.std)(np.full(4, 0.1)).tolist() == [0, 0, 0, 0]
    assert tg.grad(tg.std)(np.array([3.0])).tolist() == [0]
    assert tg.grad(tg.var)(np.full(4, 2.0)).tolist() == [0, 0, 0, 0]


@both
def test_norm_does_not_overflow_where_squares_do(dtype):
    big = np.sqrt(np.finfo(dtype).max) * 10
    x = np.array([3 * big, 4 * big], dtype)
    # a handful of roundings
    assert float(tg.norm(x)) == pytest.approx(5 * float(big), rel=1e-6)
    np.testing.assert_allclose(tg.grad(tg.norm)(x).data, [0.6, 0.8], rtol=1e-6)


def test_norms_of_matrices_are_refused_rather_than_mistaken():
    with pytest.raises(tg.ShapeError, match="2 axes"):
        tg.norm(np.ones((2, 2)), 2)


def test_the_mean_of_nothing_passes_nothing_back():
    with pytest.warns(RuntimeWarning):
        _, pullback = tg.vjp(lambda x: tg.mean(x, axis=1), np.zeros((2, 0)))
    (gx,) = pullback(np.ones(2))  # without a warning of its own
    assert gx.shape == (2, 0)


def test_norm_does_not_vanish_where_squares_do():
    tiny = np.array([3e-200, 4e-200])
    assert float(tg.norm(tiny)) == pytest.approx(5e-200, rel=1e-15)  # one or two roundings
    np.testing.assert_allclose(tg.grad(tg.norm)(tiny).data, [0.6, 0.8], rtol=1e-15)


@pytest.mark.parametrize(("x", "length"), [([np.inf, 1.0], np.inf), ([np.nan, 1.0], np.nan), ([0.0, 0.0], 0), ([], 0)])
def test_norm_of_what_has_no_scale(x, length):
    np.testing.assert_equal(float(tg.norm(np.array(x))), length)


@pytest.mark.parametrize("ord", [0, 0.5, -1, 3, -np.inf])
def test_norms_that_are_not_built_are_refused(ord):
    with pytest.raises(tg.ShapeError, match=f"ord={ord!r} is not built\n  expected  None, 1, 2 or inf"):
        tg.norm(np.ones(2), ord)


@pytest.mark.parametrize("ord", [None, 1, 2, np.inf, float("inf")])
def test_the_norm_of_a_number_is_its_size(ord):
    assert tg.norm(np.array(-3.0), ord) == 3


# a number without axes


OVER_AXES = sorted(
    name for name, op in REGISTRY.items() if not op.variadic and op.params == ("x",) and "axis" in op.static
)


@pytest.mark.parametrize("name", OVER_AXES)
@pytest.mark.parametrize("axis", [None, 0, -1, (), (0,), 1])
def test_a_number_is_reduced_over_the_axes_that_numpy_lets_it(name, axis):
    """NumPy takes axis 0 and −1 of what has no axes, for some functions; where it does, the slopes are right too."""
    op, x = REGISTRY[name], np.array(0.7)
    reference = getattr(np, name, None) or LIBRARY[name].reference
    try:
        expected = reference(x, axis=axis)
    except (ValueError, TypeError):
        with pytest.raises(tg.TinygradError):
            op.public(tg.tensor(x, requires_grad=True), axis=axis)
        return
    got = op.public(tg.tensor(x, requires_grad=True), axis=axis)
    assert got.shape == np.shape(expected)
    np.testing.assert_allclose(got.data, expected, rtol=1e-15)  # one rounding of a formula
    if op.differentiable:
        check_call(lambda x: op.public(x, axis=axis), x)


def test_the_norm_of_a_number_is_its_size_over_any_axis_it_has_not():
    for axis in (None, 0, -1):
        assert tg.value_and_grad(lambda x: tg.norm(x, axis=axis))(-3.0) == (3.0, -1.0)  # noqa: B023
