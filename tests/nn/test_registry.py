"""What the library knows of a cell stands in its class, and the rest of the library finds it there."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.exchange.onnx.cells import OPERATORS
from tinygrad_rnn.nn.recurrent import LAYERS
from tinygrad_rnn.train import CharModel
from tinygrad_rnn.train.charmodel import KINDS


@pytest.fixture
def leaky():
    """A layer of a cell that the command line is to know, while the test runs."""

    class Leaky(nn.Cell):
        command = "leaky"

        def step(self, x, state):
            return (0.9 * state[0] + 0.1 * self.project_input(x),)

    class LeakyNet(nn.Recurrent):
        cell_type = Leaky

    yield LeakyNet
    del LAYERS["leaky"]


def test_layers_are_found_by_their_command():
    assert LAYERS.items() >= {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}.items()
    assert KINDS is LAYERS


def test_a_new_layer_enters_itself(leaky):
    assert LAYERS["leaky"] is leaky
    assert isinstance(CharModel("leaky", 5, hidden=4, layers=1).rnn, leaky)


def test_a_layer_that_is_defined_again_takes_its_place(leaky):
    again = type("LeakyNet", (nn.Recurrent,), {"cell_type": leaky.cell_type, "__qualname__": leaky.__qualname__})
    assert LAYERS["leaky"] is again


def test_another_layer_of_a_known_cell_is_not_the_command_lines():
    class Mine(nn.LSTM):
        """A layer with ideas of its own."""

    class Peculiar(nn.Recurrent):
        cell_type = nn.LSTMCell

    class Inheriting(nn.Recurrent):
        cell_type = type("Another", (nn.GRUCell,), {})

    class RNN(nn.Recurrent):
        cell_type = nn.RNNCell

    assert {Mine, Peculiar, Inheriting, RNN}.isdisjoint(LAYERS.values())


@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
def test_gate_orders_have_each_gate_once(layer):
    cell = layer.cell_type
    for order in cell.gate_order.values():
        assert len(order) == cell.gates
        assert sorted(order) == sorted(cell.gate_order["here"])


@pytest.mark.parametrize("layer", [layer for layer in LAYERS.values() if len(layer.cell_type.gate_order["here"]) > 1])
def test_the_gates_here_stand_in_the_order_of_their_rows(layer):
    """A bias of 50 on a gate's rows takes that gate, and no other, to 1."""
    cell = layer.cell_type(2, 3, rng=0, dtype=np.float64)
    for k, letter in enumerate(cell.gate_order["here"]):
        cell.bias_ih.assign(np.where(np.arange(3 * cell.gates) // 3 == k, 50.0, 0.0))
        parts = cell(np.ones(2), tuple(np.zeros(3) for _ in cell.states))
        after = parts[0] if isinstance(parts, tuple) else parts
        gates = [node for node in tg.graph(after, values=True).nodes if node.role == "gate"]
        assert [node.name for node in gates if node.value.min > 0.999] == [letter]


def test_onnx_has_the_three_operators():
    assert OPERATORS == {nn.RNN: "RNN", nn.LSTM: "LSTM", nn.GRU: "GRU"}
