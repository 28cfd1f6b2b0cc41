import math

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.train import ClipStatistics, clip_grad_norm_, clip_grad_value_


def with_gradient(*gradients):
    found = []
    for g in gradients:
        p = tg.tensor(np.zeros(np.shape(g), np.asarray(g).dtype), requires_grad=True)
        p.grad = g
        found.append(p)
    return found


def test_one_joint_norm_over_all_parameters():
    a, b = with_gradient(np.array([3.0]), np.array([[4.0]]))
    assert clip_grad_norm_((p for p in (a, b, a)), 1.0) == 5.0
    assert a.grad.item() == pytest.approx(0.6, rel=1e-6)
    assert b.grad.item() == pytest.approx(0.8, rel=1e-6)


def test_a_smaller_norm_is_left_alone_to_the_bit():
    (p,) = with_gradient(np.array([0.1, 0.2]))
    before = p.grad
    clip_grad_norm_([p], 1.0)
    assert p.grad is before


def test_missing_gradients_are_skipped_and_one_tensor_is_enough():
    (p,) = with_gradient(np.array([30.0]))
    assert clip_grad_norm_([tg.tensor([1.0], requires_grad=True)], 1.0) == 0.0
    assert clip_grad_norm_(p, 3.0) == 30.0
    assert p.grad.item() == pytest.approx(3.0)


def test_float32_of_1e20_does_not_overflow_and_stays_float32():
    (p,) = with_gradient(np.array([3e20, 4e20], np.float32))
    assert clip_grad_norm_([p], 1.0) == pytest.approx(5e20, rel=1e-6)
    assert p.grad.dtype == np.float32
    assert p.grad.tolist() == pytest.approx([0.6, 0.8], rel=1e-6)
    (q,) = with_gradient(np.array([3e200, 4e200]))
    assert clip_grad_norm_([q], 1.0) == pytest.approx(5e200)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_norm_that_is_not_finite_scales_nothing_or_raises(bad):
    a, b = with_gradient(np.array([1.0]), np.array([bad]))
    assert not math.isfinite(clip_grad_norm_([a, b], 0.5))
    assert a.grad.item() == 1.0
    with pytest.raises(tg.GradientError, match="norm is"):
        clip_grad_norm_([a, b], 0.5, error_if_nonfinite=True)


@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan])
def test_a_bound_that_is_not_positive_is_refused(bad):
    with pytest.raises(ValueError, match="positive"):
        clip_grad_norm_([], bad)
    with pytest.raises(ValueError, match="positive"):
        clip_grad_value_([], bad)
    with pytest.raises(tg.OptionError, match="ClipStatistics: max_norm="):
        ClipStatistics(bad)


def test_a_bound_that_is_not_a_number_is_refused():
    with pytest.raises(tg.OptionError, match=r"clip_grad_norm_: max_norm='5' is out of range"):
        clip_grad_norm_([], "5")


def test_values_are_cut_off():
    (p,) = with_gradient(np.array([-9.0, 0.5, 9.0]))
    clip_grad_value_([p], 5.0)
    assert p.grad.tolist() == [-5.0, 0.5, 5.0]


def test_a_bound_of_numpys_leaves_float32_as_it_is():
    (p,) = with_gradient(np.array([3.0, 4.0], np.float32))
    clip_grad_norm_([p], np.float64(1))
    assert p.grad.dtype == np.float32
    clip_grad_value_([p], np.float64(0.1))
    assert p.grad.dtype == np.float32


def test_statistics_count_what_was_clipped_and_what_was_no_number():
    (p,) = with_gradient(np.array([3.0, 4.0]))
    seen = ClipStatistics(2.0)
    assert seen.share == 0.0
    for g in ([3.0, 4.0], [0.6, 0.8], [math.nan, 0.0], [0.0, 2.0]):
        p.grad = g
        seen.add(clip_grad_norm_(p, seen.max_norm))
    assert (seen.steps, seen.clipped, seen.nonfinite, seen.share) == (4, 1, 1, 0.25)
    assert seen.mean == pytest.approx((5 + 1 + 2) / 3)
    assert seen.largest == 5.0
