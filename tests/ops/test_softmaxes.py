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


# −∞: what is masked

MASKED = np.array([[-np.inf, -np.inf, -np.inf], [-np.inf, 1.0, 2.0], [0.0, 1.0, 2.0]])
SHARES = np.array([[0, 0, 0], [0, 1 / (1 + np.e), np.e / (1 + np.e)], np.exp([0, 1, 2]) / np.exp([0, 1, 2]).sum()])
FAMILY = [
    tg.softmax,
    tg.log_softmax,
    lambda x: tg.logsumexp(x, axis=-1, keepdims=True),
    lambda x: tg.logaddexp(x[:, :1], x[:, 1:]),
]


def slopes(x):
    """∂y/∂x of each of the family, row by row, by the formulas, for y that are not masked."""
    p, alive = SHARES, np.isfinite(x)
    eye = np.eye(3) * alive[:, :, None]
    return {
        "softmax": p[:, :, None] * (np.eye(3) - p[:, None, :]),
        "log_softmax": np.where(alive[:, :, None], eye - p[:, None, :], 0),
        "logsumexp": p[:, None, :],
    }


@both
def test_the_values_of_masked_rows(dtype):
    x = MASKED.astype(dtype)
    with np.errstate(all="raise"):
        close = {"rtol": 4 * np.finfo(dtype).eps}  # a few roundings
        np.testing.assert_allclose(tg.softmax(x), SHARES.astype(dtype), **close)
        assert tg.log_softmax(x)[0].tolist() == [-np.inf] * 3
        np.testing.assert_allclose(np.exp(tg.log_softmax(x)), SHARES.astype(dtype), **close)
        assert tg.logsumexp(x, axis=-1)[0] == -np.inf
        assert tg.logaddexp(x[0], x[0]).tolist() == [-np.inf] * 3


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp"])
def test_the_slopes_of_masked_rows_in_both_modes(name):
    f = {"logsumexp": lambda x: tg.logsumexp(x, -1, True)}.get(name, getattr(tg, name))
    gy, dx = np.array([[3.0, -1.0, 2.0]] * 3), np.array([[1.0, 4.0, -2.0]] * 3)
    exact = slopes(MASKED)[name]
    gy = gy[:, : exact.shape[1]]
    with np.errstate(all="raise"):
        (gx,) = tg.vjp(f, MASKED)[1](gy)
        dy = tg.jvp(f, (MASKED,), (dx,))[1]
    np.testing.assert_allclose(gx.data, np.einsum("rj,rjk->rk", gy, exact), rtol=1e-14, atol=1e-15)  # sums of 3
    np.testing.assert_allclose(dy.data, np.einsum("rjk,rk->rj", exact, dx), rtol=1e-14, atol=1e-15)  # sums of 3


@pytest.mark.parametrize("f", FAMILY)
def test_what_is_masked_stays_out_at_every_order(f):
    """Second order is finite, and that of the rows without a mask is what it is without the others."""

    def energy(x):
        y = f(x)
        return tg.sum(tg.where(y == -np.inf, 0.0, y) ** 2)

    with np.errstate(all="raise"):
        whole = tg.hessian(energy)(MASKED).data
        forward = tg.jvp(tg.grad(energy), (MASKED,), (np.ones_like(MASKED),))[1].data
    assert np.isfinite(whole).all()
    assert not whole[0].any()
    assert not whole[:, :, 0].any()
    np.testing.assert_allclose(forward, whole.sum(axis=(2, 3)), rtol=1e-12, atol=1e-13)  # sums of 9
    np.testing.assert_allclose(whole[2, :, 2], tg.hessian(energy)(MASKED[2:]).data[0, :, 0], rtol=1e-13, atol=1e-14)


def test_plus_infinity_is_not_weighed():
    x = np.array([np.inf, 0.0])
    with np.errstate(invalid="ignore"):
        assert tg.logsumexp(x) == np.inf
        np.testing.assert_array_equal(tg.grad(tg.logsumexp)(x).data, [np.nan, 0])
        np.testing.assert_array_equal(tg.softmax(x), [np.nan, 0])


def test_a_masked_row_does_not_spoil_a_loss():
    """Its cross entropy is ∞, as no class has a chance; the weight that all rows share gets the others' gradient."""
    W = tg.tensor(np.eye(3), requires_grad=True)
    rows = np.array([[1.0, 2.0, 3.0], [3.0, 1.0, 2.0]])
    mask = np.array([[False, False, False], [True, True, True]])
    losses = tg.nn.cross_entropy(tg.where(mask, rows @ W, -np.inf), [0, 1], reduction="none")
    assert losses[0].item() == np.inf
    losses.sum().backward()
    expected = tg.grad(lambda W: tg.nn.cross_entropy(rows[1:] @ W, [1], reduction="sum"))(np.eye(3))
    np.testing.assert_allclose(W.grad.data, expected.data, rtol=1e-15)  # one rounding
