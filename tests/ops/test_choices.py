"""Choices where two values are equal, NaN beside a number, and branches that pass nothing."""

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


@pytest.mark.parametrize("f", [tg.fmax, tg.fmin])
def test_beside_nan_the_number_is_taken_and_gets_all_of_the_gradient(f):
    a, b = [np.nan, 1.0, np.nan, 2.0], [3.0, np.nan, np.nan, 2.0]
    np.testing.assert_array_equal(f(np.array(a), np.array(b)), [3, 1, np.nan, 2])
    assert gradient(f, a, b) == [[0, 1, 0, 0.5], [1, 0, 0, 0.5]]


def test_what_is_no_number_becomes_one_and_passes_nothing():
    x = [np.nan, np.inf, -np.inf, 1.5]
    largest = np.finfo(float).max
    assert tg.nan_to_num(np.array(x)).tolist() == [0, largest, -largest, 1.5]
    assert tg.nan_to_num(tg.tensor(x), nan=7.0, posinf=8.0, neginf=-9.0).tolist() == [7, 8, -9, 1.5]
    assert gradient(tg.nan_to_num, x) == [[0, 0, 0, 1]]
    y = tg.tensor(x, requires_grad=True)
    tg.nan_to_num(y).backward(np.full(4, np.nan))
    assert y.grad.tolist()[:3] == [0, 0, 0]  # not 0·NaN
    assert tg.nan_to_num(np.array([np.inf], np.float32)).dtype == np.float32
    assert tg.nan_to_num(np.array([1, 2])).dtype == int


def test_no_array_is_healed_in_place():
    x = np.array([np.nan, 1.0])
    with pytest.raises(tg.OptionError, match="no array is written to"):
        tg.nan_to_num(x, copy=False)
    assert np.isnan(x[0])
    np.nan_to_num(tg.tensor(x), copy=True)
