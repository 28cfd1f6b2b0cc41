import math

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.oracles import require_torch
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


@pytest.mark.parametrize("norm_type", [0.5, 1, 1.5, 2, 3, 10.0, math.inf])
@pytest.mark.parametrize("max_norm", [0.1, 1.0, 100.0])
def test_every_norm_is_torchs(norm_type, max_norm):
    torch, rng = require_torch(), np.random.default_rng(0)
    gradients = [rng.standard_normal(shape) for shape in ((3, 4), (), (5,), (0,))]
    ours, theirs = with_gradient(*gradients), [torch.nn.Parameter(torch.zeros(g.shape).double()) for g in gradients]
    for q, g in zip(theirs, gradients, strict=True):
        q.grad = torch.tensor(g)
    norm = clip_grad_norm_(ours, max_norm, norm_type)
    theirs, ours = theirs[:3], ours[:3]  # of none it has no largest number
    assert norm == pytest.approx(float(torch.nn.utils.clip_grad_norm_(theirs, max_norm, norm_type)), rel=1e-12)
    for p, q in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(p.grad.data, q.grad, rtol=1e-12)


@pytest.mark.parametrize("norm_type", [1, 3.0, math.inf])
def test_a_norm_of_another_kind_does_not_overflow_and_tells_what_is_no_number(norm_type):
    (p,) = with_gradient(np.array([3e30, 3e30], np.float32))
    assert clip_grad_norm_([p], 1.0, norm_type) == pytest.approx(3e30 * 2 ** (1 / norm_type), rel=1e-6)
    assert p.grad.dtype == np.float32
    for bad in (math.nan, math.inf):
        (q,) = with_gradient(np.array([1.0, bad]))
        assert not math.isfinite(clip_grad_norm_([q], 0.5, norm_type))
        assert q.grad.tolist()[0] == 1.0
    assert clip_grad_norm_([], 1.0, norm_type) == 0.0
    assert clip_grad_norm_(with_gradient(np.zeros(2)), 1.0, norm_type) == 0.0
    assert clip_grad_norm_(with_gradient(np.array([1.0, -3.0])), 1.0, "inf") == 3.0
    for wrong in (0, -1, math.nan, "max", None):
        with pytest.raises(tg.OptionError, match="clip_grad_norm_: norm_type="):
            clip_grad_norm_([p], 1.0, wrong)


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
