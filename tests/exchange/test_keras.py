"""With Keras's weights a layer computes what it computes there; and in NumPy, from Keras's documented formulas."""

import os

import numpy as np
import pytest

from tests.exchange.oracles import require
from tests.oracles import require_torch
from tinygrad_rnn import CheckpointError, nn
from tinygrad_rnn.exchange import from_keras

# float32 with sums of at most 10 products of size 1, over 6 steps and 2 layers: measured below 1e-6
CLOSE = {"rtol": 1e-5, "atol": 1e-5}
# Keras's variables on torch, whose __array__ has no `copy` yet
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")
VARIANTS = {
    "SimpleRNN": (nn.RNN, {}, {}),
    "SimpleRNN relu": (nn.RNN, {"activation": "relu"}, {"nonlinearity": "relu"}),
    "LSTM": (nn.LSTM, {}, {}),
    "GRU": (nn.GRU, {}, {}),
    "GRU before": (nn.GRU, {"reset_after": False}, {"reset_after": False}),
}
RNG = 0


@pytest.fixture
def keras(tmp_path_factory, monkeypatch):
    """Keras on torch, which keeps its settings out of the home directory."""
    require_torch()
    monkeypatch.setitem(os.environ, "KERAS_BACKEND", "torch")
    monkeypatch.setitem(os.environ, "KERAS_HOME", str(tmp_path_factory.getbasetemp() / "keras"))
    return require("keras")


def filled(model, x):
    """The model's weights, built for x, all of them random: Keras begins with biases of 0."""
    model(x)
    rng = np.random.default_rng(RNG)
    weights = [rng.uniform(-1, 1, array.shape).astype(np.float32) for array in model.get_weights()]
    model.set_weights(weights)
    return weights


def numpy(y):
    return y.detach().numpy()


@pytest.mark.parametrize("use_bias", [True, False], ids=["bias", "no bias"])
@pytest.mark.parametrize("bidirectional", [False, True], ids=["forward", "both"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_every_kind_of_layer(variant, bidirectional, use_bias, keras):
    ours, there, here = VARIANTS[variant]
    x = np.random.default_rng(1).standard_normal((2, 6, 3)).astype(np.float32)
    theirs = getattr(keras.layers, variant.split()[0])(
        4, return_sequences=True, return_state=True, use_bias=use_bias, **there
    )
    theirs = keras.layers.Bidirectional(theirs) if bidirectional else theirs
    layer = ours(3, 4, bias=use_bias, batch_first=True, bidirectional=bidirectional, **here)
    assert from_keras(layer, filled(theirs, x)) is layer
    output, *ends = (numpy(y) for y in theirs(x))
    y, last = layer(x)
    np.testing.assert_allclose(y.data, output, **CLOSE)
    last = last if isinstance(last, tuple) else (last,)
    mine = [part.data[k] for k in range(1 + bidirectional) for part in last]  # Keras: h and c of one, then of the other
    np.testing.assert_allclose(mine, ends, **CLOSE)


def test_a_whole_model_from_ids_to_logits(keras):
    layers = keras.layers
    theirs = keras.Sequential(
        [
            layers.Embedding(7, 3),
            layers.Bidirectional(layers.LSTM(4, return_sequences=True, dropout=0.5)),
            layers.Bidirectional(layers.LSTM(4, return_sequences=True)),
            layers.LayerNormalization(epsilon=1e-5),
            layers.Dropout(0.5),
            layers.Dense(2),
        ]
    )

    class Ours(nn.Module):
        def __init__(self):
            self.embedding = nn.Embedding(7, 3)
            self.rnn = nn.LSTM(3, 4, 2, batch_first=True, bidirectional=True)
            self.head = nn.Sequential(nn.LayerNorm(8), nn.Dropout(0.5), nn.Linear(8, 2))

        def forward(self, ids):
            return self.head(self.rnn(self.embedding(ids))[0])

    ids = np.arange(10).reshape(2, 5) % 7
    ours = from_keras(Ours(), filled(theirs, ids)).eval()
    np.testing.assert_allclose(ours(ids).data, numpy(theirs(ids)), **CLOSE)


def test_a_file_of_weights_is_read_without_keras(keras, tmp_path):
    h5py = require("h5py")
    theirs = keras.Sequential([keras.layers.GRU(4), keras.layers.Dense(2)])
    weights = filled(theirs, np.zeros((1, 2, 3), np.float32))
    theirs.save_weights(tmp_path / "model.weights.h5")
    with h5py.File(tmp_path / "model.weights.h5") as file:
        layer = from_keras(nn.GRU(3, 4), [file["layers/gru/cell/vars"][k][:] for k in "012"])
    assert np.array_equal(layer.state_dict()["weight_hh_l0"], from_keras(nn.GRU(3, 4), weights[:3]).weight_hh_l0.data)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def keras_lstm(x, h, c, W, U, b):
    """keras.io/api/layers/recurrent_layers/lstm: the kernel's columns are i, f, c, o."""
    i, f, g, o = np.split(x @ W + h @ U + b, 4, axis=-1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def keras_gru(x, h, W, U, b):
    """keras.io/api/layers/recurrent_layers/gru, reset_after=True: the kernel's columns are z, r, h."""
    (x_z, x_r, x_h), (h_z, h_r, h_h) = np.split(x @ W + b[0], 3, axis=-1), np.split(h @ U + b[1], 3, axis=-1)
    z = sigmoid(x_z + h_z)
    return z * h + (1 - z) * np.tanh(x_h + sigmoid(x_r + h_r) * h_h)


def test_one_step_in_numpy():
    rng = np.random.default_rng(RNG)
    x, h, c, W, U, b = (rng.standard_normal(shape) for shape in [(2, 3), (2, 4), (2, 4), (3, 16), (4, 16), 16])
    mine = from_keras(nn.LSTMCell(3, 4, dtype=np.float64), [W, U, b])(x, (h, c))
    for a, expected in zip(mine, keras_lstm(x, h, c, W, U, b), strict=True):
        np.testing.assert_allclose(a.data, expected, rtol=1e-12)  # float64, sums of 8
    W, U, b = (rng.standard_normal(shape) for shape in [(3, 12), (4, 12), (2, 12)])
    mine = from_keras(nn.GRUCell(3, 4, dtype=np.float64), [W, U, b])(x, h)
    np.testing.assert_allclose(mine.data, keras_gru(x, h, W, U, b), rtol=1e-12)


def test_arrays_of_another_layer():
    layer = nn.GRU(3, 4, rng=0)
    before = layer.state_dict()
    arrays = [np.zeros((3, 12)), np.zeros((4, 12)), np.zeros(12)]  # those of reset_after=False
    with pytest.raises(CheckpointError, match=r"do not fit GRU\n.*bias \(2, 12\)\n.*\(4, 12\), \(12,\)$"):
        from_keras(layer, arrays)
    with pytest.raises(CheckpointError, match="got       none"):
        from_keras(layer, [])
    assert all(np.array_equal(array, before[name]) for name, array in layer.state_dict().items())


@pytest.mark.parametrize("dtype", [complex, str, object])
def test_arrays_that_are_no_numbers(dtype):
    layer = nn.RNN(3, 4, rng=0)
    before = layer.state_dict()
    with pytest.raises(CheckpointError, match="not real numbers"):
        from_keras(layer, [np.zeros((3, 4)), np.zeros((4, 4)), np.zeros(4).astype(dtype)])
    assert all(np.array_equal(array, before[name]) for name, array in layer.state_dict().items())


def test_a_shared_parameter_has_one_value():
    class Tied(nn.Module):
        def __init__(self):
            self.table, self.head = nn.Embedding(3, 4, rng=0), nn.Linear(4, 3, rng=1)
            self.head.weight = self.table.weight

    table = np.arange(12.0).reshape(3, 4)
    assert np.array_equal(from_keras(Tied(), [table, table.T, np.zeros(3)]).head.weight.data, table)
    with pytest.raises(CheckpointError, match=r"two of the arrays for weight differ(.|\n)*one parameter"):
        from_keras(Tied(), [table, table.T + 1, np.zeros(3)])


def test_parameters_that_keras_does_not_have():
    peeping = nn.LSTM(3, 4, peepholes=True)
    arrays = [np.zeros((3, 16)), np.zeros((4, 16)), np.zeros(16)]
    with pytest.raises(CheckpointError, match=r"has peephole_l0(.|\n)*build LSTM without"):
        from_keras(peeping, arrays)

    class Own(nn.Module):
        def __init__(self):
            self.scale, self.head = nn.Parameter(np.ones(1)), nn.Linear(2, 3)

    with pytest.raises(CheckpointError, match="has scale"):
        from_keras(Own(), [np.zeros((2, 3)), np.zeros(3)])
