"""A module's text is its tree."""

import numpy as np

from tinygrad_rnn import nn
from tinygrad_rnn.train import CharModel


def test_a_layer():
    assert repr(nn.LSTM(4, 8, num_layers=2, dropout=0.2)).splitlines() == [
        "LSTM(4, 8, num_layers=2, dropout=0.2)  1,024 parameters",
        "  weight_ih_l0  (32, 4)",
        "  weight_hh_l0  (32, 8)",
        "  bias_ih_l0    (32,)",
        "  bias_hh_l0    (32,)",
        "  weight_ih_l1  (32, 8)",
        "  weight_hh_l1  (32, 8)",
        "  bias_ih_l1    (32,)",
        "  bias_hh_l1    (32,)",
    ]


def test_what_the_cell_was_told_is_told_of_the_layer():
    first = [repr(layer).splitlines()[0] for layer in (
        nn.RNN(3, 5, nonlinearity="relu", bidirectional=True, bias=False),
        nn.GRU(3, 5, reset_after=False, learn_initial=True),
        nn.LSTM(3, 5, proj_size=2, recurrent_dropout=0.1),
    )]  # fmt: skip
    assert first == [
        "RNN(3, 5, nonlinearity='relu', bidirectional=True)  80 parameters",
        "GRU(3, 5, reset_after=False, learn_initial=True)  155 parameters",
        "LSTM(3, 5, recurrent_dropout=0.1, proj_size=2)  150 parameters",
    ]


def test_parts_stand_below_and_a_shared_parameter_counts_once():
    encoder = nn.Encoder(nn.RNN(4, 5), nn.Embedding(7, 4))
    decoder = nn.Decoder(nn.RNN(4, 5), nn.Embedding(7, 4))
    decoder.embedding.weight = encoder.embedding.weight
    lines = repr(nn.Seq2Seq(encoder, decoder, start=0, stop=1)).splitlines()
    assert lines[:4] == [
        "Seq2Seq(start=0, stop=1)  180 parameters",
        "  encoder: Encoder()  83 parameters",
        "    embedding: Embedding(7, 4)  28 parameters",
        "      weight  (7, 4)",
    ]
    assert "      weight  (7, 4)  is encoder.embedding.weight" in lines


def test_parts_without_parameters_and_parts_in_lists():
    class Many(nn.Module):
        def __init__(self):
            self.parts = [nn.Linear(2, 1, bias=False), nn.Dropout()]
            self.scale = nn.Parameter(np.ones(()))

    assert repr(Many()).splitlines() == [
        "Many()  3 parameters",
        "  scale  ()",
        "  parts.0: Linear(2, 1)  2 parameters",
        "    weight  (1, 2)",
        "  parts.1: Dropout(0.5)",
    ]
    assert repr(nn.Module()) == "Module()"
    assert repr(nn.Linear(0, 1)).startswith("Linear(0, 1)  1 parameter\n")


def test_a_model_and_one_half_made():
    assert repr(CharModel("gru", 28, hidden=8, layers=1)).splitlines()[3:5] == [
        "  rnn: GRU(8, 8)  432 parameters",
        "    weight_ih_l0  (24, 8)",
    ]
    assert repr(nn.GRU.__new__(nn.GRU)) == "GRU()"
