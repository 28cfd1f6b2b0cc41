"""Products with zeros among the factors, to the third order."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest

import tinygrad_rnn as tg

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


# where products on the way are too large or too small to be written down


def product(factors):
    return math.prod(map(Fraction, factors))


def close(found, terms):
    """Whether the sum of exact `terms` was found, up to a few roundings of them, where they fit into float32."""
    size = sum(map(abs, terms))
    if size > Fraction(float(np.finfo(np.float32).max)):
        return True
    return abs(Fraction(float(found)) - sum(terms)) <= size / 10**5 + Fraction(2) ** -149  # the smallest number


@pytest.mark.parametrize("seed", range(60))
def test_a_slope_that_can_be_written_down_is_right(seed):
    """In float32, from 1e-38 to 1e38, with zeros: against fractions, in both modes."""
    rng = np.random.default_rng(seed)
    n = rng.integers(1, 9)
    x, g = ((rng.choice([-1, 1], n) * 10.0 ** rng.uniform(-size, size, n) * (rng.random(n) > 0.15)).astype(np.float32)
            for size in (38, 5))  # fmt: skip
    X, G = (list(map(Fraction, v.tolist())) for v in (x, g))
    others = [[product(X[:i] + X[i + 1 : j + 1]) if i <= j else 0 for i in range(n)] for j in range(n)]
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        of_prod = tg.vjp(tg.prod, x)[1](np.float32(1))[0].data
        back = tg.vjp(tg.cumprod, x)[1](g)[0].data
        ahead = tg.jvp(tg.cumprod, (x,), (g,))[1].data
    assert all(close(of_prod[i], [others[-1][i]]) for i in range(n))
    assert all(close(back[i], [G[j] * others[j][i] for j in range(n)]) for i in range(n))
    assert all(close(ahead[j], [G[i] * others[j][i] for i in range(n)]) for j in range(n))


@pytest.mark.parametrize("f", [tg.prod, lambda x: tg.cumprod(x)[-1]])
def test_the_second_order_of_large_and_small(f):
    x = np.array([1e30, 1e20, 1e-30, 1e-25], np.float32)
    places = itertools.product(range(4), repeat=2)
    exact = np.reshape([0.0 if i == j else np.prod(np.delete(x.astype(float), [i, j])) for i, j in places], (4, 4))
    with np.errstate(over="ignore", under="ignore"):  # 1e50 is ∞
        H = tg.hessian(f)(x).data
        np.testing.assert_allclose(H, exact.astype(np.float32), rtol=1e-5, atol=1e-44)  # a few roundings


def test_a_prefix_that_is_not_used_may_overflow():
    x = np.full(4, 1e13, np.float32)
    with np.errstate(over="ignore", invalid="ignore"):  # of the values themselves, which are NumPy's
        gx = tg.grad(lambda x: tg.cumprod(x)[0])(x)
        triangle = tg.vjp(lambda x: tg.prod(x, axis=1), np.tril(np.full((4, 4), 1e13, np.float32), -1))[1](np.ones(4))[
            0
        ]
    assert gx.tolist() == [1, 0, 0, 0]
    assert np.flatnonzero(triangle.data).tolist() == [15]
    assert np.isinf(triangle.data[3, 3])  # 1e39, which is true
