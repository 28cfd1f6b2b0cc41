"""Choices where the derivative does not exist, powers at 0, and branches that pass nothing."""

import numpy as np
import pytest

import tinygrad_rnn as tg


def gradient(f, *xs):
    """∂ Σf / ∂ each argument."""
    found = tg.grad(lambda *xs: tg.sum(f(*xs)), tuple(range(len(xs))))(*(np.array(x, float) for x in xs))
    return [g.tolist() for g in found]


@pytest.mark.parametrize("f", [tg.maximum, tg.minimum])
def test_a_tie_gives_half_to_each(f):
    assert gradient(f, [1, 2], [1, 2]) == [[0.5, 0.5], [0.5, 0.5]]


def test_maximum_of_one_tensor_with_itself_has_slope_one():
    assert gradient(lambda x: tg.maximum(x, x), [3.0]) == [[1.0]]


def test_abs_and_sign_at_zero():
    assert gradient(tg.abs, [-1, 0, 2]) == [[-1, 0, 1]]
    assert gradient(tg.sign, [-1, 0, 2]) == [[0, 0, 0]]


def test_clip_on_a_bound_has_slope_zero():
    assert gradient(lambda x: tg.clip(x, 0.0, 1.0), [-1, 0, 0.5, 1, 2]) == [[0, 0, 1, 0, 0]]


def test_clip_gives_the_gradient_to_the_bound_that_holds():
    assert gradient(tg.clip, [-1, 0.5, 2], [0, 0, 0], [1, 1, 1]) == [[0, 1, 0], [1, 0, 0], [0, 0, 1]]


def test_a_bound_gets_nothing_where_x_or_the_other_bound_lies_on_it():
    assert gradient(tg.clip, [0.0, 1.0], [0, 0], [1, 1]) == [[0, 0], [0, 0], [0, 0]]
    assert gradient(tg.clip, [0.0, 3.0], [1, 2], [1, 2]) == [[0, 0], [0, 0], [0, 1]]


def test_clip_with_one_bound():
    assert gradient(tg.clip, [-1, 2], [0, 0]) == [[0, 1], [1, 0]]
    assert gradient(lambda x, high: tg.clip(x, None, high), [-1, 2], [0, 0]) == [[1, 0], [0, 1]]


def test_clip_with_crossed_bounds_is_the_upper_one():
    assert gradient(tg.clip, [0.0, 5.0], [2, 2], [1, 1]) == [[0, 0], [0, 0], [1, 1]]


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


def test_where_passes_exactly_nothing_to_the_branch_not_taken():
    x = tg.tensor([-1.0, 4.0], requires_grad=True)
    with np.errstate(invalid="ignore"):
        tg.where(x > 0, tg.sqrt(x), 0.0).sum().backward()
    assert np.isnan(x.grad.data[0])  # sqrt itself was asked for at −1: 0·NaN is NaN, which is why…
    safe = tg.where(x > 0, x, 1.0)
    x.grad = None
    tg.where(x > 0, tg.sqrt(safe), 0.0).sum().backward()
    assert x.grad.tolist() == [0, 0.25]  # …the argument is chosen as well


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_where_stops_a_cotangent_that_is_not_finite(bad):
    a, b = (tg.tensor([1.0, 2.0], requires_grad=True) for _ in range(2))
    tg.where(np.array([True, False]), a, b).backward(np.array([3.0, bad]))
    assert a.grad.tolist() == [3, 0]
    a.grad = b.grad = None
    tg.where(np.array([False, True]), a, b).backward(np.array([bad, 3.0]))
    assert a.grad.tolist() == [0, 3]


def test_where_ignores_the_value_of_the_branch_not_taken():
    a = tg.tensor([np.nan, 1.0], requires_grad=True)
    b = tg.tensor([5.0, np.inf], requires_grad=True)
    tg.where(np.array([False, True]), a, b).sum().backward()
    assert (a.grad.tolist(), b.grad.tolist()) == ([0, 1], [1, 0])


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
