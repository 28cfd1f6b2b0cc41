"""Masks: put together, asked about, and never differentiated."""

import numpy as np
import pytest

import tinygrad_rnn as tg

X = tg.tensor([-1.0, 0.5, 2.0, np.nan, np.inf], requires_grad=True)


def test_masks_are_put_together():
    inside = tg.logical_and(X > 0, X < 1)
    assert inside.tolist() == tg.bitwise_and(X > 0, X < 1).tolist() == [False, True, False, False, False]
    assert tg.logical_or(X < 0, X > 1).tolist() == tg.bitwise_or(X < 0, X > 1).tolist() == [1, 0, 1, 0, 1]
    assert tg.logical_xor(X > 0, X < 1).tolist() == tg.bitwise_xor(X > 0, X < 1).tolist() == [1, 0, 1, 0, 1]
    assert tg.logical_not(X > 0).tolist() == tg.invert(X > 0).tolist() == [1, 0, 0, 1, 0]
    assert tg.where(inside, X, 0.0)[:3].tolist() == [0, 0.5, 0]


@pytest.mark.parametrize("f", [tg.isnan, tg.isinf, tg.isfinite, tg.logical_not])
def test_a_question_about_a_number_gives_a_mask(f):
    y = f(X)
    assert y.dtype == bool
    assert not y.requires_grad
    assert y.tolist() == getattr(np, f.__name__)(X.data).tolist()


@pytest.mark.parametrize("f", [tg.bitwise_and, tg.bitwise_or, tg.bitwise_xor])
def test_floats_have_no_bits(f):
    with pytest.raises(
        tg.DTypeError, match=rf"^{f.__name__}: float64 and bool cannot be used\n  expected .*of booleans"
    ):
        f(X, X > 0)
    with pytest.raises(tg.DTypeError, match=r"^invert: float64 cannot be used\n  expected .*of booleans"):
        tg.invert(X)


def test_one_is_true_and_all_are():
    x = np.array([[0.0, 2.0], [3.0, np.nan]])
    assert tg.any(x, axis=0).tolist() == [True, True]
    assert tg.all(tg.tensor(x), axis=0, keepdims=True).tolist() == [[False, True]]
    assert tg.all(np.zeros((0, 2))).item() is True
    assert tg.any(np.zeros((0, 2)), 0).tolist() == [False, False]
