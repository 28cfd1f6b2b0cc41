"""Products with zeros among the factors, to the third order."""

import itertools

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
