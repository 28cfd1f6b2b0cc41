"""A module, a cell and a layer that use the op."""

import numpy as np

import tinygrad_rnn as tg
from gated_decay.op import decay


class Decay(tg.nn.Module):
    """y = x·exp(−max(w·t + b, 0)) for x (…, H) and the time t (…, 1) since it was seen."""

    def __init__(self, size, *, dtype=np.float32, rng=None):
        rng = np.random.default_rng(rng)
        self.weight = tg.nn.Parameter(rng.uniform(0.2, 1.0, size), dtype=dtype)
        self.bias = tg.nn.Parameter(rng.uniform(0.0, 0.2, size), dtype=dtype)

    def forward(self, x, t):
        return decay(x, self.weight * t + self.bias)


class DecayCell(tg.nn.Cell):
    """h′ = tanh(W_ih x + b_ih + W_hh decay(h, rate) + b_hh), a rate for each hidden feature."""

    def __init__(self, input_size, hidden_size, bias=True, *, dtype=np.float32, rng=None, **options):
        rng = np.random.default_rng(rng)
        super().__init__(input_size, hidden_size, bias, dtype=dtype, rng=rng, **options)
        self.rate = tg.nn.Parameter(rng.uniform(0.1, 0.5, hidden_size), dtype=dtype)

    def step(self, x, state):
        (h,) = state
        remembered = decay(h, self.rate)
        return (tg.label(tg.tanh(self.project_input(x) + self.project_state(remembered)), "hidden_state", "h"),)


class DecayRNN(tg.nn.Recurrent):
    """Layers of DecayCell over a sequence; arguments and shapes are those of tg.nn.RNN."""

    cell_type = DecayCell
