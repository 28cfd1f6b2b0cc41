"""Trial configs: gates that begin by remembering, and the network that reads where it is asked."""

import numpy as np
import pytest

from tinygrad_rnn.nn import GRU, LSTM, RNN
from tinygrad_rnn.tasks import TASKS, Reader, TrialConfig, at_the_end, remember
from tinygrad_rnn.tasks.config import scatter


@pytest.mark.parametrize("kind", [LSTM, GRU])
def test_gates_begin_by_remembering_for_1_to_t_steps(kind):
    layer, before = kind(3, 400, rng=0), kind(3, 400, rng=0)
    remember(layer, 100, np.random.default_rng(1))
    added = layer.bias_ih_l0.data - before.bias_ih_l0.data
    blocks = added.reshape(-1, 400)
    tau = np.exp(blocks[1])  # f of an LSTM, z of a GRU
    assert tau.min() >= 1 - 1e-5  # float32 of exp(log τ)
    assert 95 < tau.max() < 99 + 1e-3
    assert tau.mean() == pytest.approx(50, abs=4 * 28.3 / 400**0.5)  # U[1, 99]: four times the spread of the mean
    if kind is LSTM:
        np.testing.assert_allclose(blocks[0], -blocks[1], atol=1e-6)  # each rounded beside a bias of its own
    assert not blocks[2:].any()


def test_an_rnn_has_no_gates_to_set():
    layer, before = RNN(3, 4, rng=0), RNN(3, 4, rng=0)
    remember(layer, 100, np.random.default_rng(1))
    assert np.array_equal(layer.bias_ih_l0.data, before.bias_ih_l0.data)


def test_scatter_draws_every_matrix_and_clears_every_bias():
    network = Reader("rnn", 6, 50, 4, rng=np.random.default_rng(0))
    scatter(network, 0.1, np.random.default_rng(1))
    for p in network.parameters():
        if p.ndim == 1:
            assert not p.data.any()
        else:
            assert p.data.std() == pytest.approx(0.1, abs=4 * 0.1 / (2 * p.size) ** 0.5)  # four times its own spread


def test_a_network_begins_as_its_config_says():
    rng = np.random.default_rng
    plain = TrialConfig("gru", 6).network(2, 3, rng(0))
    scattered = TrialConfig("gru", 6, spread=0.5).network(2, 3, rng(0))
    remembering = TrialConfig("gru", 6, memory=50).network(2, 3, rng(0))
    assert plain.rnn.bias_ih_l0.data.all()
    assert not any(p.data.any() for p in scattered.parameters() if p.ndim == 1)
    changed = remembering.rnn.bias_ih_l0.data != plain.rnn.bias_ih_l0.data
    assert changed.reshape(3, 6).all(axis=1).tolist() == [False, True, False]
    assert np.array_equal(remembering.head.weight.data, plain.head.weight.data)


def test_each_answer_is_read_at_its_own_step():
    network = Reader("gru", 2, 5, 3, rng=np.random.default_rng(0))
    x = np.random.default_rng(1).standard_normal((7, 3, 2)).astype("float32")
    lengths = np.array([7, 2, 5])
    y = network(at_the_end(x, lengths, np.zeros(3))).data
    for row, length in enumerate(lengths):
        alone = network.head(network.rnn(x[:length, row])[0][-1]).data
        # float32: a product of one row may add up in another order than that of three
        np.testing.assert_allclose(y[row], alone, rtol=1e-5, atol=1e-6)


def test_what_stands_behind_the_end_of_a_row_changes_nothing():
    network = Reader("lstm", 2, 5, 3, rng=np.random.default_rng(0))
    x = np.random.default_rng(1).standard_normal((7, 2, 2)).astype("float32")
    lengths, other = np.array([7, 4]), x.copy()
    other[4:, 1] = 9.0
    first, second = (network(at_the_end(z, lengths, np.zeros(2))) for z in (x, other))
    assert np.array_equal(first.data, second.data)
    grads = []
    for y in (first, second):
        network.zero_grad()
        (y * y).sum().backward()
        grads.append([p.grad.data for p in network.parameters()])
    for a, b in zip(*grads, strict=True):
        assert np.array_equal(a, b)  # a zero cotangent times anything finite is zero


def test_a_recipe_says_everything_that_was_chosen():
    said = str(TrialConfig("rnn", 50, "sgd", batch=20, clip_norm=None, spread=0.1, options={"momentum": 0.9}))
    assert said == "RNN, H = 50, SGD 0.01, momentum 0.9, batch 20, not clipped, W ~ N(0, 0.1²)"
    assert len({str(r) for task in TASKS.values() for r in task.configs.values()}) >= len(TASKS)
