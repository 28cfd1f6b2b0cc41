"""The slope of the smooth pieces, and NumPy's signs of what is left over."""

import numpy as np
import pytest

import tinygrad_rnn as tg

STEPS = [tg.floor, tg.ceil, tg.trunc, tg.round]


@pytest.mark.parametrize("f", STEPS)
def test_a_step_has_no_slope_and_keeps_numpys_values(f):
    x = np.array([-2.5, -1.5, -0.5, -0.0, 0.5, 1.5, 2.5, 7.0, np.inf, -np.inf, np.nan])
    y, dy = tg.jvp(f, (x,), (np.ones_like(x),))
    np.testing.assert_array_equal(y.data, getattr(np, f.__name__)(x))
    assert np.signbit(y.data).tolist() == np.signbit(getattr(np, f.__name__)(x)).tolist()
    assert dy.tolist() == tg.vjp(f, x)[1](np.ones_like(x))[0].tolist() == [0] * len(x)


@pytest.mark.parametrize("b", [3.0, -3.0])
def test_what_is_left_over_has_the_sign_of_the_divisor(b):
    a = np.array([7.5, -7.5, 6.0, 0.0])
    quotient, rest = tg.divmod(tg.tensor(a), b)
    np.testing.assert_array_equal(rest.data, a - b * np.floor(a / b))
    np.testing.assert_array_equal(quotient.data, np.floor(a / b))


def test_the_slopes_of_what_is_left_over():
    """a − ⌊a/b⌋·b, with ⌊a/b⌋ constant between its jumps; of the second order nothing is left."""
    a, b = np.array([7.5, -7.5]), np.array([2.0, 2.0])
    ga, gb = tg.grad(lambda a, b: tg.sum(tg.remainder(a, b)), (0, 1))(a, b)
    assert (ga.tolist(), gb.tolist()) == ([1, 1], [-3, 4])
    assert tg.grad(lambda b: tg.sum(tg.grad(lambda b: tg.sum(tg.remainder(a, b)))(b)))(b).tolist() == [0, 0]


def test_nothing_flows_through_the_whole_part():
    a = tg.tensor([7.5], requires_grad=True)
    quotient, rest = tg.divmod(a, 2.0)
    (quotient + rest).sum().backward()
    assert a.grad.tolist() == [1]


def test_integers_stay_integers():
    for f in (tg.floor_divide, tg.remainder):
        y = f(tg.tensor([7, -7]), 2)
        assert y.dtype == np.int64
        assert y.tolist() == f(np.array([7, -7]), 2).tolist()


def test_round_keeps_so_many_decimals():
    assert tg.round(tg.tensor([1.255, 12.0]), 1).tolist() == [1.3, 12.0]
    assert tg.round([1234.0], decimals=-2).tolist() == [1200.0]


@pytest.mark.parametrize("b", [3.0, -3.0])
def test_what_fmod_leaves_over_has_the_sign_of_the_dividend(b):
    a = np.array([7.5, -7.5, 6.0, 0.0])
    np.testing.assert_array_equal(np.fmod(tg.tensor(a), b).data, a - b * np.trunc(a / b))


def test_the_slopes_of_fmod_count_how_often_b_goes_into_a():
    a, b = np.array([7.5, -7.5, np.nextafter(9.0, 0)]), np.array([2.0, 2.0, 3.0])
    ga, gb = tg.grad(lambda a, b: tg.sum(tg.fmod(a, b)), (0, 1))(a, b)
    assert (ga.tolist(), gb.tolist()) == ([1, 1, 1], [-3, 3, -2])  # just below 3·3, although a/b rounds to 3
