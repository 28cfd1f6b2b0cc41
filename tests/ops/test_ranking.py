"""The middle and its like: ties share, NaN is handed on, every method of NumPy's is taken."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_rnn as tg

X = np.random.default_rng(0).standard_normal((3, 7))
METHODS = [
    "inverted_cdf", "averaged_inverted_cdf", "closest_observation", "interpolated_inverted_cdf", "hazen", "weibull",
    "linear", "median_unbiased", "normal_unbiased", "lower", "higher", "midpoint", "nearest",
]  # fmt: skip


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("q", [0, 0.17, 0.5, 0.83, 1.0])
def test_every_method_of_numpys(method, q):
    found = tg.quantile(tg.tensor(X, requires_grad=True), q, axis=1, method=method)
    np.testing.assert_allclose(found.data, np.quantile(X, q, axis=1, method=method), rtol=1e-14)
    gx = tg.grad(lambda x: tg.sum(tg.quantile(x, q, axis=1, method=method)))(X).data
    np.testing.assert_allclose(gx.sum(axis=1), np.ones(3), rtol=1e-15)  # the weights of what it lies between
    np.testing.assert_allclose((gx * X).sum(axis=1), found.data, rtol=1e-14)  # it is linear, while the order stays


def test_equal_numbers_share_the_gradient_of_their_place():
    assert tg.grad(tg.median)(np.array([1.0, 2.0, 2.0, 2.0, 5.0])).tolist() == [0, 1 / 3, 1 / 3, 1 / 3, 0]
    assert tg.grad(tg.median)(np.array([3.0, 1.0, 3.0, 4.0])).tolist() == [0.5, 0, 0.5, 0]


@pytest.mark.parametrize(("q", "f"), [(0, tg.min), (1, tg.max), (0.5, tg.median)])
def test_the_ends_are_min_and_max_and_the_middle_the_median(q, f):
    x = np.array([2.0, 5.0, 1.0, 5.0, 1.0])
    assert tg.quantile(x, q) == f(x)
    assert tg.grad(lambda x: tg.quantile(x, q))(x).tolist() == tg.grad(f)(x).tolist()


@pytest.mark.parametrize("f", [tg.median, lambda x, **k: tg.quantile(x, 0.3, **k)])
def test_nan_is_handed_on_line_by_line(f):
    x = np.array([[1.0, np.nan, 2.0], [1.0, 3.0, 2.0]])
    assert np.isnan(f(tg.tensor(x), axis=1).data).tolist() == [True, False]
    assert np.isnan(f(x))


def test_several_shares_are_the_first_axes():
    shares = [[0.1, 0.5, 0.9]]
    x = tg.tensor(X, requires_grad=True)
    y = np.percentile(x, [[10, 50, 90]], axis=0, keepdims=True)
    np.testing.assert_allclose(y.data, np.quantile(X, shares, axis=0, keepdims=True), rtol=1e-14)
    assert y.shape == (1, 3, 1, 7)
    y.sum().backward()
    np.testing.assert_allclose(x.grad.data.sum(axis=0), np.full(7, 3.0), rtol=1e-14)


@pytest.mark.parametrize("f", [tg.median, lambda x: tg.quantile(x, 0.3), lambda x: tg.percentile(x, [30, 60])])
def test_float32_stays_float32_and_integers_become_floats(f):
    assert f(X.astype(np.float32)).dtype == np.float32
    assert f(np.arange(4)).dtype == float
    assert f(np.array([True, False, True])).dtype == float


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: tg.median([]), "median: nothing has no median"),
        (lambda: tg.quantile(X, 2.0), r"quantile: q or method is out of range(.|\n)*\[0, 1\]"),
        (lambda: tg.quantile(X, 0.5, method="linaer"), r"quantile: q or method(.|\n)*not a valid method"),
        (lambda: tg.percentile(X, 101), "percentile: q or method"),
        (lambda: tg.median(X, out=np.zeros(())), "median: no array is written to"),
        (lambda: tg.median(X, axis=2), "axis 2 is out of bounds"),
        (lambda: tg.quantile(X, tg.tensor(0.5, requires_grad=True)), "NumPy would lose the graph"),
        (lambda: tg.topk(X, 8), "topk: k=8 is out of range"),
        (lambda: tg.topk(X, 1, axis=2), "topk: there is no axis 2"),
    ],
)
def test_what_is_out_of_range_is_refused(call, says):
    with pytest.raises(tg.TinygradError, match=says):
        call()


def test_the_first_of_equals_stands_first_among_the_largest():
    x = tg.tensor([[2, 7, 7, 1], [5, 5, 5, 5]])
    values, places = tg.topk(x, 3)
    assert (values.tolist(), places.tolist()) == ([[7, 7, 2], [5, 5, 5]], [[1, 2, 0], [0, 1, 2]])
    values, places = x.topk(2, axis=0, largest=False)
    assert (values.tolist(), places.tolist()) == ([[2, 5, 5, 1], [5, 7, 7, 5]], [[0, 1, 1, 0], [1, 0, 0, 1]])


def test_each_of_the_largest_gets_its_own_gradient():
    x = tg.tensor([3.0, 1.0, 2.0], requires_grad=True)
    values, places = x.topk(2)
    assert not places.requires_grad
    values.backward(np.array([10.0, 20.0]))
    assert x.grad.tolist() == [10, 0, 20]


def test_nan_is_larger_than_any_number():
    assert tg.topk(np.array([1.0, np.nan, 3.0]), 2)[1].tolist() == [1, 2]


@given(x=st.lists(st.sampled_from([0.0, 1.0, 2.0]), min_size=1, max_size=5), q=st.floats(0, 1))
@settings(max_examples=10)
def test_the_gradient_at_ties_is_the_mean_of_those_around(x, q):
    """Of the points beside x at which all elements are different, in each of their orders: Clarke's centre."""
    slope = tg.grad(lambda x: tg.quantile(x, q))
    around = [slope(np.array(x) + 1e-6 * np.array(order)) for order in permutations(range(len(x)))]
    np.testing.assert_allclose(slope(np.array(x)).data, np.mean([g.data for g in around], axis=0), atol=1e-9)
