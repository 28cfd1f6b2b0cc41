"""The training step: what it changes, in which order it tames, and that a bad number changes nothing."""

import math

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.optim import SGD, Adam
from tinygrad_rnn.train import training_step


def squares(p):
    """A loss whose gradient is p."""
    return (p * p).sum() / 2


def parameter(*values):
    return tg.tensor(values, requires_grad=True)


def test_a_step_goes_down_the_gradient_of_this_loss_alone():
    p = parameter(3.0, 4.0)
    p.grad = [100.0, 100.0]  # left over from somewhere
    assert training_step(squares(p), SGD([p], lr=0.5)) == (12.5, 5.0)
    assert p.tolist() == [1.5, 2.0]


def test_the_norm_that_is_returned_is_the_one_before_scaling():
    p = parameter(3.0, 4.0)
    assert training_step(squares(p), SGD([p], lr=1.0), max_norm=1.0) == (12.5, 5.0)
    assert p.tolist() == pytest.approx([3 - 0.6, 4 - 0.8], rel=1e-6)  # clip_grad_norm_ adds 1e-6 to the norm


def test_single_numbers_are_cut_off_before_the_norm_is_taken():
    p = parameter(3.0, -40.0)
    _, norm = training_step(squares(p), SGD([p], lr=1.0), max_value=4.0)
    assert norm == 5.0
    assert p.tolist() == [0.0, -36.0]


def infinite_slope(p):
    return tg.sqrt(p).sum()  # at 0: the value is finite, the slope is not


@pytest.mark.parametrize(
    ("loss", "said"),
    [
        (lambda p: squares(p) * math.nan, "the loss is nan at epoch 2, chunk 7"),
        (lambda p: squares(p) * math.inf, "the loss is inf at epoch 2, chunk 7"),
        (infinite_slope, "the gradient's norm is inf at epoch 2, chunk 7"),
    ],
)
def test_what_is_not_finite_is_an_error_that_leaves_the_parameters_and_the_memory_of_the_optimiser(loss, said):
    p = parameter(1.0, 0.0)
    optimizer = Adam([p])
    training_step(squares(p), optimizer)
    p.assign([1.0, 0.0])
    before = optimizer.state_dict()
    with np.errstate(all="ignore"), pytest.raises(tg.GradientError, match=said):
        training_step(loss(p), optimizer, max_norm=1.0, place="epoch 2, chunk 7")
    assert p.tolist() == [1.0, 0.0]
    for name, array in optimizer.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


def test_without_a_place_the_error_names_none():
    with pytest.raises(tg.GradientError) as caught:
        training_step(squares(parameter(math.nan)), SGD([parameter(1.0)]))
    assert str(caught.value).splitlines()[0] == "the loss is nan"
