"""Recurrent layers written out by hand, so that one line of each can be wrong: Elman, LSTM, GRU, with lengths.

x (T, B, I), hx (1, B, H) or (h, c)  →  output (T, B, H), h_n like hx
"""

from typing import Any, ClassVar

import numpy as np

import tinygrad_rnn as tg
from tests.seeded import fused
from tinygrad_rnn.nn import Module, Parameter


class Layer(Module):
    """The time loop; every step of it is a method, for a subclass to get wrong."""

    parts: ClassVar[int] = 1
    gates: ClassVar[int] = 1
    affine: ClassVar[Any] = staticmethod(fused.affine())

    def __init__(self, input_size: int, hidden_size: int, rng: Any = None) -> None:
        rng = np.random.default_rng(rng)
        self.input_size, self.hidden_size = input_size, hidden_size
        rows = self.gates * hidden_size
        self.weight_ih = Parameter(0.7 * rng.standard_normal((rows, input_size)))
        self.weight_hh = Parameter(0.7 * rng.standard_normal((rows, hidden_size)))
        self.bias = Parameter(0.5 * rng.standard_normal(rows))

    def forward(self, x: Any, hx: Any = None, *, lengths: Any = None) -> Any:
        x = x if isinstance(x, tg.Tensor) else tg.tensor(x)
        state = self.start(x, hx)
        outputs = []
        for t in self.times(len(x)):
            live = None if lengths is None else self.live(t, np.asarray(lengths))[:, None]
            after = self.step(t, self.read(x, t, live), state)
            state = after if live is None else tuple(self.kept(live, a, b) for a, b in zip(after, state, strict=True))
            outputs.append(self.shown(live, state))
            state = self.carried(t, state)
        return tg.stack(outputs), self.handed_back(state)

    def start(self, x: Any, hx: Any) -> tuple[Any, ...]:
        if hx is None:
            return (np.zeros((x.shape[1], self.hidden_size)),) * self.parts
        return tuple(part[0] for part in (hx if isinstance(hx, tuple | list) else (hx,)))

    def times(self, T: int) -> Any:
        return range(T)

    def live(self, t: int, lengths: Any) -> Any:
        return t < lengths

    def read(self, x: Any, t: int, live: Any) -> Any:
        return x[t] if live is None else tg.where(live, x[t], 0.0)

    def kept(self, live: Any, after: Any, before: Any) -> Any:
        return tg.where(live, after, before)

    def shown(self, live: Any, state: tuple[Any, ...]) -> Any:
        return state[0] if live is None else tg.where(live, state[0], 0.0)

    def carried(self, t: int, state: tuple[Any, ...]) -> tuple[Any, ...]:
        return state

    def handed_back(self, state: tuple[Any, ...]) -> Any:
        last = tuple(tg.expand_dims(part, 0) for part in state)
        return last[0] if len(last) == 1 else last

    def inputs(self, x: Any, h: Any) -> Any:
        """W x + U h + b."""
        return self.affine(x, self.weight_ih, self.bias) + h @ self.weight_hh.T

    def step(self, t: int, x: Any, state: tuple[Any, ...]) -> tuple[Any, ...]:
        return (tg.tanh(self.inputs(x, state[0])),)


class LSTM(Layer):
    """c′ = f·c + i·g, h′ = o·tanh c′, in one op."""

    parts = 2
    gates = 4
    cell: ClassVar[Any] = staticmethod(fused.lstm_step())

    def step(self, t: int, x: Any, state: tuple[Any, ...]) -> tuple[Any, ...]:
        h, c = state
        return tuple(tg.split(self.cell(self.inputs(x, h), c), 2, axis=-1))


class GRU(Layer):
    """h′ = (1 − z)·n + z·h, the last line in one op."""

    gates = 3
    mix: ClassVar[Any] = staticmethod(fused.gru_mix())

    def step(self, t: int, x: Any, state: tuple[Any, ...]) -> tuple[Any, ...]:
        (h,) = state
        x_r, x_z, x_n = tg.split(self.affine(x, self.weight_ih, self.bias), 3, axis=-1)
        h_r, h_z, h_n = tg.split(h @ self.weight_hh.T, 3, axis=-1)
        n = tg.tanh(x_n + tg.sigmoid(x_r + h_r) * h_n)
        return (self.mix(tg.sigmoid(x_z + h_z), n, h),)


RIGHT = (Layer, LSTM, GRU)
