"""The fast ways of reverse mode give what the plain sums give, and what is borrowed stays as it was."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.autodiff.accumulate import AT_ONCE, Cotangents, Shortcuts
from tinygrad_rnn.autodiff.backprop import backprop
from tinygrad_rnn.engine.node import ancestors


def both_ways(loss):
    """∂loss/∂ every node, by the plain sums and by the shortcuts, in float64."""
    nodes, start = ancestors([loss.node], grad_only=True), [np.ones(loss.shape)]
    found = [backprop([loss.node], start, nodes, shortcuts=fast) for fast in (False, True)]
    assert found[0].keys() == found[1].keys()
    return [(found[0][node], found[1][node]) for node in found[0]]


def assert_equal(loss):
    for plain, fast in both_ways(loss):
        assert fast.dtype == plain.dtype
        np.testing.assert_allclose(fast, plain, rtol=1e-12, atol=1e-14)  # sums in another order round differently


@pytest.mark.parametrize("kind", [nn.RNN, nn.LSTM, nn.GRU])
@given(T=st.integers(1, AT_ONCE + 8), B=st.integers(1, 3))
def test_of_recurrent_layers(kind, T, B):
    x = np.random.default_rng(T).standard_normal((T, B, 3))
    output, _ = kind(3, 4, 2, rng=0, dtype=np.float64)(x)
    assert_equal((output * output).sum())


def slices(x, i):
    return (x[i:] * x[i:]).sum() + x[i].sum() + (x[[0, i, i]] ** 2).sum() + tg.take(x, [i, i, 0], axis=0).sum()


def products(x, i):
    W = tg.tanh(x)
    return tg.matmul(tg.inner(x, W), W).sum() + tg.inner(x[: i + 1], W).sum() + (x @ W.T).sum() + (W * W).sum()


def mixed(x, i):
    W, y = tg.sin(x), x
    for _ in range(i + 2):
        y = tg.tanh(tg.inner(y, W) @ W) + W
    return y.sum() + slices(W, i)


@pytest.mark.parametrize("f", [slices, products, mixed])
@given(n=st.integers(2, 5), seed=st.integers(0, 99))
def test_of_slices_and_shared_products(f, n, seed):
    x = tg.tensor(np.random.default_rng(seed).standard_normal((n, 3)), requires_grad=True)
    assert_equal(f(x, seed % n))


def test_the_shortcuts_are_taken_and_the_plain_way_is_plain(monkeypatch):
    x = tg.tensor(np.ones((2, 2)), requires_grad=True)
    loss = (tg.inner(x, x)[0] + tg.matmul(x, x)[1]).sum()
    used = []
    for name in ("buffer", "defer"):
        right = getattr(Shortcuts, name)
        monkeypatch.setattr(Shortcuts, name, lambda *a, n=name, r=right: used.append(n) or r(*a))
    both_ways(loss)
    assert {"buffer", "defer"} == set(used)
    used.clear()
    backprop([loss.node], [np.ones(())], shortcuts=False)
    assert not used


def test_what_arrives_once_is_borrowed_and_never_written_to():
    (node,) = ancestors([tg.tensor([1.0, 2.0], requires_grad=True).node])
    sums, first, second = Cotangents(), np.array([1.0, 1.0]), np.array([2.0, 3.0])
    for g in (first, second, second):
        sums.add(node, g)
    assert sums.pop(node).tolist() == [5.0, 7.0]
    assert (first.tolist(), second.tolist()) == ([1.0, 1.0], [2.0, 3.0])
    assert sums.pop(node) is None


def test_what_arrives_broadcast_or_in_another_dtype_is_brought_back():
    (node,) = ancestors([tg.tensor(np.ones((1, 2), "f4"), requires_grad=True).node])
    sums = Cotangents()
    sums.add(node, np.ones((5, 3, 2)))
    found = sums.pop(node)
    assert (found.dtype, found.tolist()) == (np.float32, [[15.0, 15.0]])
