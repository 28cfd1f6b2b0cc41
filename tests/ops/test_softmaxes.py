"""softmax and its logarithms far out, masked, of integers and of nothing."""

import numpy as np
import pytest

import tinygrad_rnn as tg

both = pytest.mark.parametrize("dtype", [np.float32, np.float64])
FAR = np.array([[-800.0, 0.0, 800.0], [800.0, 800.0, -800.0], [-800.0, -800.0, -800.0]])
HALF = [[0, 0, 1], [0.5, 0.5, 0], [1 / 3, 1 / 3, 1 / 3]]


@both
def test_softmax_family_far_out(dtype):
    """Values and slopes at ±800, where e⁸⁰⁰ is no number, to a few roundings of 800·eps."""
    x = tg.tensor(FAR, dtype=dtype, requires_grad=True)
    close = {"rtol": 2000 * np.finfo(dtype).eps, "atol": 1e-30}
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        lse, p, logp = tg.logsumexp(x, axis=-1), tg.softmax(x), tg.log_softmax(x)
        np.testing.assert_allclose(lse.data, [800, 800 + np.log(2), -800 + np.log(3)], **close)
        np.testing.assert_allclose(p.data, HALF, **close)
        np.testing.assert_allclose(logp.data, FAR - np.array([[800], [800 + np.log(2)], [-800 + np.log(3)]]), **close)
        lse.sum().backward()
        np.testing.assert_allclose(x.grad.data, HALF, **close)
        x.grad = None
        (-logp[:, 0].sum()).backward()  # a cross entropy: p − onehot
        np.testing.assert_allclose(x.grad.data, np.array(HALF) - [1, 0, 0], **close)
        x.grad = None
        p[:, 0].sum().backward()
        np.testing.assert_allclose(x.grad.data, [[0, 0, 0], [0.25, -0.25, 0], [2 / 9, -1 / 9, -1 / 9]], **close)


def test_masked_logits_pass_nothing():
    x = tg.tensor([1.0, -np.inf, 2.0], requires_grad=True)
    for f in (tg.softmax, tg.log_softmax):
        x.grad = None
        f(x)[0].backward()
        assert x.grad.data[1] == 0
        assert np.isfinite(x.grad.data).all()


def test_logsumexp_of_nothing_but_minus_infinity():
    assert tg.logsumexp(np.full(3, -np.inf)) == -np.inf


def test_softmax_of_integers():
    np.testing.assert_allclose(tg.softmax([1, 1]), [0.5, 0.5], rtol=1e-15)  # one rounding
    assert tg.logsumexp([0, 0]) == pytest.approx(np.log(2), rel=1e-15)  # one rounding
    assert tg.logsumexp([False, False]) == pytest.approx(np.log(2), rel=1e-15)  # one rounding


def test_log_softmax_over_no_classes_is_empty():
    assert tg.grad(lambda x: tg.log_softmax(x, axis=0).sum())(np.zeros((0, 3))).shape == (0, 3)
