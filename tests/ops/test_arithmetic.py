"""Where the derivative does not exist, and powers at 0."""

import numpy as np
import pytest

import tinygrad_rnn as tg


def gradient(f, *xs):
    """∂ Σf / ∂ each argument."""
    found = tg.grad(lambda *xs: tg.sum(f(*xs)), tuple(range(len(xs))))(*(np.array(x, float) for x in xs))
    return [g.tolist() for g in found]


def test_abs_and_sign_at_zero():
    assert gradient(tg.abs, [-1, 0, 2]) == [[-1, 0, 1]]
    assert gradient(tg.sign, [-1, 0, 2]) == [[0, 0, 0]]


@pytest.mark.parametrize("exponent", [0, 0.0, np.zeros(3), np.zeros(3, int)])
def test_power_zero_has_slope_zero_everywhere(exponent):
    assert gradient(lambda x: x**exponent, [-1, 0, 2]) == [[0, 0, 0]]
    second = tg.grad(tg.grad(lambda x: tg.sum(x**exponent)))
    assert second(0.0).item() == 0


def test_zero_to_a_power():
    assert gradient(tg.power, [0, 0], [1, 2]) == [[1, 0], [0, 0]]
    assert gradient(lambda y: 0.0**y, [2.0, 3.0]) == [[0, 0]]


def test_negative_base_with_a_whole_exponent():
    assert gradient(lambda x: x**3, [-2.0]) == [[12]]
    assert gradient(lambda x: x ** np.array([3.0]), [-2.0]) == [[12]]


def test_comparisons_give_plain_tensors():
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    for y in (x == 1, x != 1, x < 2, x <= 1, x > 1, x >= 2, x > 1):
        assert not y.requires_grad
        assert y.dtype == bool


def test_a_reciprocal_as_a_power():
    assert gradient(lambda x: x**-1, [2.0, -4.0]) == [[-0.25, -0.0625]]


def test_zero_to_a_negative_power_is_infinitely_steep():
    with np.errstate(divide="ignore"):
        assert gradient(lambda x: x ** np.array([-1.0]), [0.0]) == [[-np.inf]]


def test_zero_to_the_zero_has_no_slope():
    assert gradient(tg.power, [0.0], [0.0]) == [[0], [0]]


def test_a_negative_base_has_no_slope_in_its_exponent():
    with np.errstate(invalid="ignore"):
        assert np.isnan(gradient(lambda y: (-2.0) ** y, [2.0])).all()


def test_the_exponent_zero_is_an_ordinary_one_to_second_order():
    """∂²(aᵇ)/∂a∂b = aᵇ⁻¹(1 + b·log a), which is 1/a at b = 0, in either order."""
    a, b = np.array([2.0]), np.array([0.0])
    slope_in_a = tg.grad(lambda b: tg.sum(tg.grad(lambda a: tg.sum(a**b))(a)))
    slope_in_b = tg.grad(lambda a: tg.sum(tg.grad(lambda b: tg.sum(a**b))(b)))
    assert slope_in_a(b).tolist() == slope_in_b(a).tolist() == [0.5]


def test_the_length_of_a_point_at_its_origin_and_far_out():
    assert gradient(tg.hypot, [0, 3], [0, 4]) == [[0, 0.6], [0, 0.8]]
    with np.errstate(all="raise"):  # the squares would overflow, or be 0
        found = gradient(tg.hypot, [3e200, 3e-200], [4e200, 4e-200])
    np.testing.assert_allclose(found, [[0.6, 0.6], [0.8, 0.8]], rtol=1e-15)


def test_positive_is_x():
    x = tg.tensor([1.0, -2.0], requires_grad=True)
    assert (tg.positive(x).tolist(), gradient(tg.positive, [3.0])) == ([1, -2], [[1]])
    with pytest.raises(tg.DTypeError, match="positive"):
        tg.positive(np.array([True]))
