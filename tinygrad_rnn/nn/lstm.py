"""Long short-term memory: a cell state that is only gated and added to, never multiplied by W."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.engine.tensor import Tensor, label
from tinygrad_rnn.errors import ShapeError
from tinygrad_rnn.nn.cell import Cell, State
from tinygrad_rnn.nn.init import Rng
from tinygrad_rnn.nn.layernorm import normalised
from tinygrad_rnn.nn.module import Parameter
from tinygrad_rnn.nn.recurrent import Recurrent
from tinygrad_rnn.ops import inner, sigmoid, split, tanh

__all__ = ["LSTM", "LSTMCell"]


class LSTMCell(Cell):
    """c′ = f ⊙ c + i ⊙ g,  h′ = o ⊙ tanh(c′).

        i, f, o = σ(W x + b_ih + U h + b_hh),  g = tanh(…), rows in the order i, f, g, o

    Along c the gradient meets only f: no W, no tanh. That is a road, not a guarantee: f < 1 still shrinks it.

    Args:
        forget_bias: added to the forget rows of bias_ih at first, so that the cell begins by remembering.
        proj_size: P > 0 hands on h′ = W_hr (o ⊙ tanh(c′)) of P < H features, W_hr (P, H); W_hh is (4H, P) then.
        peepholes: the gates see the cell state too: i and f get p_i ⊙ c and p_f ⊙ c, o gets p_o ⊙ c′; `peephole`
            (3, H) has the rows i, f, o, U(±1/√H) at first.
        options: those of every cell; see Cell. With layer_norm, h′ = o ⊙ tanh(γ ⊙ LN(c′) + β), `gain_c` and `bias_c`.
    Source: Hochreiter & Schmidhuber 1997; the forget gate is Gers et al. 2000, peepholes are Gers & Schmidhuber 2000,
        projections Sak et al. 2014, arXiv:1402.1128.

    >>> h, c = LSTMCell(3, 5, rng=0)(np.ones((2, 3), np.float32))
    >>> h.shape, c.shape
    ((2, 5), (2, 5))
    """

    gates = 4
    states = ("h", "c")

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        *,
        forget_bias: float = 0.0,
        proj_size: int = 0,
        peepholes: bool = False,
        layer_norm: bool = False,
        dtype: Any = np.float32,
        rng: Rng = None,
        **options: Any,
    ) -> None:
        if proj_size and not 0 < proj_size < hidden_size:
            raise ShapeError(f"LSTMCell: proj_size={proj_size}", expected=f"0 (none) … {hidden_size - 1}: below H")
        rng = np.random.default_rng(rng)
        self.proj_size = proj_size
        super().__init__(input_size, hidden_size, bias, layer_norm=layer_norm, dtype=dtype, rng=rng, **options)
        self.weight_hr = self._uniform((proj_size, hidden_size), rng, dtype) if proj_size else None
        self.peephole = self._uniform((3, hidden_size), rng, dtype) if peepholes else None
        self.gain_c = Parameter(np.ones(hidden_size, dtype)) if layer_norm else None
        self.bias_c = Parameter(np.zeros(hidden_size, dtype)) if layer_norm else None
        if forget_bias:
            self._raise_forget_bias(forget_bias)

    def _raise_forget_bias(self, by: float) -> None:
        if self.bias_ih is None:
            raise ValueError("LSTMCell: forget_bias needs bias=True")
        values = self.bias_ih.numpy()
        values[self.hidden_size : 2 * self.hidden_size] += by
        self.bias_ih.assign(values)

    @property
    def state_sizes(self) -> tuple[int, ...]:
        return self.proj_size or self.hidden_size, self.hidden_size

    def step(self, x: Tensor, state: State) -> State:
        h, c = state
        i, f, g, o = split(self.project_input(x) + self.project_state(h), 4, axis=-1)
        i = label(sigmoid(self._peep(i, 0, c)), "gate", "i")
        f = label(sigmoid(self._peep(f, 1, c)), "gate", "f")
        g = label(tanh(g), "gate", "g")
        c = label(f * c + i * g, "cell_state", "c")
        o = label(sigmoid(self._peep(o, 2, c)), "gate", "o")
        h = o * tanh(self._normalised(c))
        return label(h if self.weight_hr is None else inner(h, self.weight_hr), "hidden_state", "h"), c

    def _peep(self, gate: Tensor, row: int, c: Tensor) -> Tensor:
        return gate if self.peephole is None else gate + self.peephole[row] * c

    def _normalised(self, c: Tensor) -> Tensor:
        return c if self.gain_c is None or self.bias_c is None else normalised(c) * self.gain_c + self.bias_c


class LSTM(Recurrent):
    """The LSTM network; see Recurrent for the arguments and LSTMCell for the formula and `forget_bias`.

    >>> output, (h_n, c_n) = LSTM(3, 5, rng=0, forget_bias=1.0)(np.ones((7, 2, 3), np.float32))
    >>> output.shape, h_n.shape, c_n.shape
    ((7, 2, 5), (1, 2, 5), (1, 2, 5))
    """

    cell_type = LSTMCell
