"""Recurrent layers of the tests' own, right ones: each method is a place where a wrong one may differ.

layer(x, hx=None, *, lengths=None) → (output, h_n)      x (T, B, I), output (T, B, H), each part of the state (B, H)
"""

import numpy as np

import tinygrad_rnn as tg
from tinygrad_rnn import nn


class Recurrent(nn.Module):
    """h′ = step(x, h) over the sequence, in primitives of the library. `parts` is how many tensors the state has."""

    gates = 1
    parts = 1

    def __init__(self, input_size=2, hidden_size=3, rng=0, dtype=np.float64):
        rng = np.random.default_rng(rng)
        rows = self.gates * hidden_size
        self.hidden_size = hidden_size
        self.weight_ih = nn.Parameter(0.5 * rng.standard_normal((rows, input_size)), dtype=dtype)
        self.weight_hh = nn.Parameter(0.5 * rng.standard_normal((rows, hidden_size)), dtype=dtype)
        self.bias = nn.Parameter(0.5 * rng.standard_normal(rows), dtype=dtype)

    def forward(self, x, hx=None, *, lengths=None):
        outputs, state = [], self.start(x, hx)
        for t in self.times(len(x)):
            with tg.step(t + 1, of=len(x)):
                alive = None if lengths is None else self.alive(t, np.asarray(lengths))
                new = self.step(self.read(x, t, alive), state)
                state = self.carried(alive, new, state)
                outputs.append(self.emitted(alive, new))
        return tg.stack(outputs), self.handed_back(state)

    def start(self, x, hx):
        """The state before the first step, as a tuple."""
        if hx is None:
            zeros = np.zeros((*x.shape[1:-1], self.hidden_size), self.bias.dtype)
            return tuple(tg.tensor(zeros) for _ in range(self.parts))
        return hx if isinstance(hx, tuple) else (hx,)

    def times(self, T):
        """The steps in the order in which they are taken."""
        return range(T)

    def alive(self, t, lengths):
        """(B, 1): which rows have a step t."""
        return (t < lengths)[:, None]

    def read(self, x, t, alive):
        """x_t; 0 in the pads, since a derivative times NaN would be NaN even where it is then not taken."""
        return x[t] if alive is None else tg.where(alive, x[t], 0.0)

    def carried(self, alive, new, old):
        """The state to go on with: a row that has ended keeps its own."""
        return new if alive is None else tuple(tg.where(alive, n, o) for n, o in zip(new, old, strict=True))

    def emitted(self, alive, new):
        """The output of a step; 0 in the pads."""
        return new[0] if alive is None else tg.where(alive, new[0], 0.0)

    def handed_back(self, state):
        return state[0] if self.parts == 1 else state

    def projected(self, x, h):
        """W x + U h + b."""
        return tg.inner(x, self.weight_ih) + tg.inner(h, self.weight_hh) + self.bias

    def step(self, x, state):
        """x (B, I) and the state to the next state, both tuples: abstract, every network below has its own."""
        raise NotImplementedError(f"{type(self).__name__} defines no step()")


class Vanilla(Recurrent):
    """h′ = tanh(W x + U h + b)."""

    def step(self, x, state):
        return (tg.tanh(self.projected(x, state[0])),)


class Memory(Recurrent):
    """The LSTM: c′ = f ⊙ c + i ⊙ g, h′ = o ⊙ tanh(c′); rows in the order i, f, g, o."""

    gates = 4
    parts = 2

    def step(self, x, state):
        h, c = state
        i, f, g, o = self.gated(self.projected(x, h))
        c = f * c + i * g
        return o * tg.tanh(c), c

    def gated(self, z):
        i, f, g, o = tg.split(z, 4, axis=-1)
        return tg.sigmoid(i), tg.sigmoid(f), tg.tanh(g), tg.sigmoid(o)


class Gated(Recurrent):
    """The GRU: n = tanh(W_n x + b_n + r ⊙ U_n h), h′ = (1 − z) ⊙ n + z ⊙ h; rows in the order r, z, n."""

    gates = 3

    def step(self, x, state):
        (h,) = state
        x_r, x_z, x_n = tg.split(tg.inner(x, self.weight_ih) + self.bias, 3, axis=-1)
        h_r, h_z, h_n = tg.split(tg.inner(h, self.weight_hh), 3, axis=-1)
        r, z = tg.sigmoid(x_r + h_r), tg.sigmoid(x_z + h_z)
        n = tg.tanh(x_n + r * h_n)
        return ((1 - z) * n + z * h,)


class BothWays(nn.Module):
    """Two layers, one of which reads each row from its last step to its first; their outputs side by side."""

    bidirectional = True

    def __init__(self, rng=0):
        self.ahead, self.back = Vanilla(rng=rng), Vanilla(rng=rng + 1)

    def forward(self, x, hx=None, *, lengths=None):
        h_a, h_b = (None, None) if hx is None else hx
        turned = self.turned(len(x), lengths)
        a, last_a = self.ahead(x, h_a, lengths=lengths)
        b, last_b = self.back(self.along(x, turned), h_b, lengths=lengths)
        return tg.concatenate([a, self.along(b, turned)], axis=-1), (last_a, last_b)

    def turned(self, T, lengths):
        """(T, B or 1): where step t of the reversed rows is read; pads stay where they are."""
        t = np.arange(T)[:, None]
        n = np.array([T]) if lengths is None else np.asarray(lengths)
        return np.where(t < n, n - 1 - t, t)

    def along(self, x, order):
        return x[order, np.arange(x.shape[1])] if x.ndim == 3 else x[order[:, 0]]


RIGHT = [Vanilla, Memory, Gated, BothWays]
