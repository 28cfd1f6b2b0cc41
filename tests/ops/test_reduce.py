"""Where reductions are hard: ties, norms of nothing, squares that overflow."""

import numpy as np
import pytest

import tinygrad_rnn as tg

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
