"""Where reductions are hard: zeros in a product, ties, norms of nothing, exponentials of 800."""

import itertools

import numpy as np
import pytest

import tinygrad_rnn as tg

both = pytest.mark.parametrize("dtype", [np.float32, np.float64])
ZEROS = [np.array(x, float) for x in ([2, 3, 5], [0, 3, 5], [0, 3, 0], [0, 0, 0], [1, 0, 2, 0], [0, 0, 0, 4])]
over_zeros = pytest.mark.parametrize("x", ZEROS, ids=str)


def derivative_of_product(x, places):
    """∂ᵏ Πx / ∂x[i]∂x[j]…: the product of the others, 0 where a place comes twice."""
    return 0.0 if len(set(places)) < len(places) else float(np.prod(np.delete(x, places)))


@over_zeros
def test_prod_to_third_order_with_zeros(x):
    n = len(x)
    first, second, third = tg.grad(tg.prod), tg.hessian(tg.prod), tg.jacobian(tg.hessian(tg.prod))
    for order, found in enumerate((first(x), second(x), third(x)), start=1):
        exact = [derivative_of_product(x, list(places)) for places in itertools.product(range(n), repeat=order)]
        assert found.data.ravel().tolist() == exact


@over_zeros
def test_cumprod_to_third_order_with_zeros(x):
    n = len(x)

    def exact(k, places):
        return 0.0 if max(places) > k else derivative_of_product(x[: k + 1], places)

    J = tg.jacobian(tg.cumprod)
    K = tg.jacobian(J)
    third = [tg.jacobian(K)] if n == 3 else []  # 4⁴ pullbacks of loops take seconds and show nothing more
    for order, found in enumerate([D(x) for D in (J, K, *third)], start=1):
        every = itertools.product(range(n), itertools.product(range(n), repeat=order))
        assert found.data.ravel().tolist() == [exact(k, list(places)) for k, places in every]


def test_hessian_of_prod_where_division_fails():
    assert tg.hessian(tg.prod)(np.array([0.0, 0.0, 3.0]))[0, 1].item() == 3


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


FAR = np.array([[-800.0, 0.0, 800.0], [800.0, 800.0, -800.0], [-800.0, -800.0, -800.0]])
HALF = [[0, 0, 1], [0.5, 0.5, 0], [1 / 3, 1 / 3, 1 / 3]]


@both
def test_softmax_family_far_out(dtype):
    """Values and slopes at ±800, where e⁸⁰⁰ is no number, to a few roundings of 800·eps."""
    x = tg.tensor(FAR, dtype=dtype, requires_grad=True)
    close = {"rtol": 2000 * np.finfo(dtype).eps, "atol": 1e-30}
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        lse, p, logp = tg.logsumexp(x, axis=-1), tg.softmax(x), tg.log_softmax(x)
        np.testing.assert_allclose(lse.data, [800, 800 + np.log(2), -800 + np.log(3)], **close)
        np.testing.assert_allclose(p.data, HALF, **close)
        np.testing.assert_allclose(logp.data, FAR - np.array([[800], [800 + np.log(2)], [-800 + np.log(3)]]), **close)
        lse.sum().backward()
        np.testing.assert_allclose(x.grad.data, HALF, **close)
        x.grad = None
        (-logp[:, 0].sum()).backward()  # a cross entropy: p − onehot
        np.testing.assert_allclose(x.grad.data, np.array(HALF) - [1, 0, 0], **close)
        x.grad = None
        p[:, 0].sum().backward()
        np.testing.assert_allclose(x.grad.data, [[0, 0, 0], [0.25, -0.25, 0], [2 / 9, -1 / 9, -1 / 9]], **close)


def test_masked_logits_pass_nothing():
    x = tg.tensor([1.0, -np.inf, 2.0], requires_grad=True)
    for f in (tg.softmax, tg.log_softmax):
        x.grad = None
        f(x)[0].backward()
        assert x.grad.data[1] == 0
        assert np.isfinite(x.grad.data).all()


def test_logsumexp_of_nothing_but_minus_infinity():
    assert tg.logsumexp(np.full(3, -np.inf)) == -np.inf


def test_softmax_of_integers():
    np.testing.assert_allclose(tg.softmax([1, 1]), [0.5, 0.5], rtol=1e-15)  # one rounding
    assert tg.logsumexp([0, 0]) == pytest.approx(np.log(2), rel=1e-15)  # one rounding
    assert tg.logsumexp([False, False]) == pytest.approx(np.log(2), rel=1e-15)  # one rounding


def test_norms_of_matrices_are_refused_rather_than_mistaken():
    with pytest.raises(tg.ShapeError, match="2 axes"):
        tg.norm(np.ones((2, 2)), 2)


def test_log_softmax_over_no_classes_is_empty():
    assert tg.grad(lambda x: tg.log_softmax(x, axis=0).sum())(np.zeros((0, 3))).shape == (0, 3)


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
