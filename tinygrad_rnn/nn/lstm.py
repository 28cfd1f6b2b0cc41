"""Long short-term memory: a cell state that is only gated and added to, never multiplied by W."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.graph import label
from tinygrad_rnn.nn.cell import Cell, State
from tinygrad_rnn.nn.init import Rng
from tinygrad_rnn.nn.recurrent import Recurrent
from tinygrad_rnn.ops import sigmoid, split, tanh
from tinygrad_rnn.tensor import Tensor


class LSTMCell(Cell):
    """c′ = f ⊙ c + i ⊙ g,  h′ = o ⊙ tanh(c′).

        i, f, o = σ(W x + b_ih + U h + b_hh),  g = tanh(…), rows in the order i, f, g, o

    Along c the gradient meets only f: no W, no tanh. That is a road, not a guarantee: f < 1 still shrinks it.

    Args:
        forget_bias: added to the forget rows of bias_ih at first, so that the cell begins by remembering.
    Source: Hochreiter & Schmidhuber 1997; the forget gate is Gers et al. 2000.

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
        recurrent_init: str = "uniform",
        dtype: Any = np.float32,
        rng: Rng = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, recurrent_init=recurrent_init, dtype=dtype, rng=rng)
        if forget_bias:
            if self.bias_ih is None:
                raise ValueError("LSTMCell: forget_bias needs bias=True")
            values = self.bias_ih.numpy()
            values[hidden_size : 2 * hidden_size] += forget_bias
            self.bias_ih.assign(values)

    def step(self, x: Tensor, state: State) -> State:
        h, c = state
        i, f, g, o = split(self.project_input(x) + self.project_state(h), 4, axis=-1)
        i = label(sigmoid(i), "gate", "i")
        f = label(sigmoid(f), "gate", "f")
        g = label(tanh(g), "gate", "g")
        o = label(sigmoid(o), "gate", "o")
        c = label(f * c + i * g, "cell_state", "c")
        return label(o * tanh(c), "hidden_state", "h"), c


class LSTM(Recurrent):
    """The LSTM network; see Recurrent for the arguments and LSTMCell for the formula and `forget_bias`.

    >>> output, (h_n, c_n) = LSTM(3, 5, rng=0, forget_bias=1.0)(np.ones((7, 2, 3), np.float32))
    >>> output.shape, h_n.shape, c_n.shape
    ((7, 2, 5), (1, 2, 5), (1, 2, 5))
    """

    cell_type = LSTMCell
