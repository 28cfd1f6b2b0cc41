"""Which keywords a class takes, and what is said of a wrong one."""

import inspect

import numpy as np
import pytest

from tinygrad_rnn import nn
from tinygrad_rnn.errors import OptionError

EVERY_CELL = {"bias", "recurrent_init", "layer_norm", "learn_initial", "dtype", "rng"}
EVERY_LAYER = EVERY_CELL | {
    "num_layers", "batch_first", "dropout", "bidirectional", "variational", "recurrent_dropout",
}  # fmt: skip
OWN = {
    nn.RNNCell: {"nonlinearity"},
    nn.LSTMCell: {"forget_bias", "proj_size", "peepholes"},
    nn.GRUCell: {"reset_after"},
}


class Leaky(nn.Cell):
    """h′ = a h + (1 − a) (W_ih x + W_hh h), a fixed."""

    def __init__(self, *sizes, leak=0.9, **options):
        super().__init__(*sizes, **options)
        self.leak = leak

    def step(self, x, state):
        (h,) = state
        return (self.leak * h + (1 - self.leak) * (self.project_input(x) + self.project_state(h)),)


class LeakyNet(nn.Recurrent):
    cell_type = Leaky


class Popping(nn.Cell):
    """It takes its option out of those that it hands on, unnamed."""

    def __init__(self, *sizes, **options):
        self.hidden = options.pop("hidden", 1)
        super().__init__(*sizes, **options)

    def step(self, x, state):
        return state


class PoppingNet(nn.Recurrent):
    cell_type = Popping


def names(kind):
    return set(inspect.signature(kind).parameters) - {"input_size", "hidden_size"}


def test_a_signature_shows_every_option():
    for cell, own in OWN.items():
        assert names(cell) == EVERY_CELL | own
        layer = getattr(nn, cell.__name__.removesuffix("Cell"))
        assert names(layer) == EVERY_LAYER | own
    assert names(Leaky) == EVERY_CELL | {"leak"}
    assert names(LeakyNet) == EVERY_LAYER | {"leak"}
    assert list(inspect.signature(nn.LSTM).parameters)[:4] == ["input_size", "hidden_size", "num_layers", "bias"]
    assert inspect.signature(nn.LSTM).parameters["forget_bias"].default == 0.0
    assert "hidden_size" not in inspect.signature(nn.LSTM(2, 3)).parameters  # calling it is something else


@pytest.mark.parametrize(
    ("make", "owner", "wrong", "nearest"),
    [
        (nn.LSTM, "LSTM", "forget_bas", "forget_bias"),
        (nn.LSTMCell, "LSTMCell", "forget_bas", "forget_bias"),
        (nn.RNN, "RNN", "non_linearity", "nonlinearity"),
        (nn.GRU, "GRU", "batchfirst", "batch_first"),
        (nn.GRU, "GRU", "layernorm", "layer_norm"),
        (LeakyNet, "LeakyNet", "leek", "leak"),
        (Leaky, "Leaky", "leek", "leak"),
    ],
)
def test_an_option_that_there_is_not(make, owner, wrong, nearest):
    with pytest.raises(OptionError) as raised:
        make(3, 4, **{wrong: 1})
    said = str(raised.value)
    assert said.startswith(f"{owner}: there is no option '{wrong}'\n")
    assert f"did you mean '{nearest}'?" in said


def test_an_option_that_a_cell_takes_unnamed_reaches_it():
    assert PoppingNet(3, 4, hidden=2).cells["l0"].hidden == 2
    with pytest.raises(OptionError, match="PoppingNet: there is no option 'hiden'"):
        PoppingNet(3, 4, hiden=2)


def test_what_a_cell_itself_refuses_stays_what_it_says():
    class Strict(Leaky):
        def __init__(self, *sizes, leak=0.9, **options):
            if leak > 1:
                raise TypeError("leak: too much")
            super().__init__(*sizes, leak=leak, **options)

    class StrictNet(nn.Recurrent):
        cell_type = Strict

    with pytest.raises(TypeError, match="leak: too much"):
        StrictNet(3, 4, leak=2)
    assert StrictNet(3, 4)(np.ones((2, 3)))[0].shape == (2, 4)
