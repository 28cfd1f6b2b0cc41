"""Cells of one's own through time, as ONNX: ten drawn from a grammar of steps, and those that people write."""

import numpy as np
import pytest

from tests.exchange.oracles import random_states
from tests.exchange.steps import drawn_layer
from tests.exchange.test_onnx_export import assert_equal, exported
from tinygrad_rnn import nn
from tinygrad_rnn.ops import sigmoid, tanh


class Leaky(nn.Cell):
    """h′ = 0.9 h + 0.1 tanh(W x + U h)."""

    def step(self, x, state):
        (h,) = state
        return (0.9 * h + 0.1 * tanh(self.project_input(x) + self.project_state(h)),)


class LeakyNet(nn.Recurrent):
    cell_type = Leaky


class MGUCell(nn.Cell):
    """The minimal gated unit: one gate. Source: Zhou et al. 2016, arXiv:1603.09420."""

    gates = 2

    def step(self, x, state):
        (h,) = state
        H = self.hidden_size
        projected = self.project_input(x)
        f = sigmoid(projected[..., :H] + self.project_state(h, slice(H)))
        return ((1 - f) * h + f * tanh(projected[..., H:] + self.project_state(f * h, slice(H, None))),)


class MGU(nn.Recurrent):
    cell_type = MGUCell


def check(layer, path, seed, lengths, with_state=True):
    """One file, at three T and B, one of them a single step."""
    exported(layer, path, lengths=lengths, initial_state=with_state)
    rng = np.random.default_rng(seed)
    for T, B in ((6, 3), (1, 2), (9, 1)):
        rows = rng.integers(0, T + 1, B) if lengths else None
        x = rng.standard_normal((B, T, 3) if layer.batch_first else (T, B, 3)).astype(np.float32)
        assert_equal(layer, path, x, random_states(rng, layer, B) if with_state else None, rows)


@pytest.mark.parametrize("seed", range(10))
def test_ten_cells_drawn_from_a_grammar_of_steps(seed, tmp_path):
    net, source = drawn_layer(seed)
    rng = np.random.default_rng(seed)
    options = {name: bool(rng.integers(2)) for name in ("bidirectional", "batch_first", "bias", "learn_initial")}
    layer = net(3, 4, int(rng.integers(1, 3)), rng=seed, **options)
    try:
        check(layer, tmp_path / "drawn.onnx", seed, lengths=bool(rng.integers(2)), with_state=bool(rng.integers(4)))
    except Exception as error:
        error.add_note(f"{source}\n\n{options}")
        raise


@pytest.mark.parametrize("lengths", [False, True], ids=["whole", "lengths"])
@pytest.mark.parametrize("bidirectional", [False, True], ids=["forward", "both"])
@pytest.mark.parametrize("net", [LeakyNet, MGU])
def test_cells_that_people_write(net, bidirectional, lengths, tmp_path):
    check(net(3, 4, 2, bidirectional=bidirectional, rng=0), tmp_path / "own.onnx", 1, lengths)


@pytest.mark.parametrize("net", [nn.RNN, nn.LSTM, nn.GRU])
def test_layer_norm_which_onnx_has_no_operator_for(net, tmp_path):
    check(net(3, 4, 2, layer_norm=True, rng=0), tmp_path / "norm.onnx", 2, True)
