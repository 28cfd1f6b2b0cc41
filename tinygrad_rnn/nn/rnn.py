"""The vanilla recurrence: h′ = tanh(W_ih x + b_ih + W_hh h + b_hh)."""

from __future__ import annotations

from typing import Any

from tinygrad_rnn.engine.tensor import Tensor, label
from tinygrad_rnn.nn.cell import Cell, State
from tinygrad_rnn.nn.recurrent import Recurrent
from tinygrad_rnn.ops import relu, tanh

__all__ = ["RNN", "RNNCell"]


class RNNCell(Cell):
    """h′ = tanh(W_ih x + b_ih + W_hh h + b_hh).

    Args:
        nonlinearity: "tanh" or "relu".
        options: those of every cell; see Cell.
    Source: Elman 1990.

    >>> import numpy as np
    >>> RNNCell(3, 5, rng=0)(np.ones((2, 3), np.float32)).shape
    (2, 5)
    """

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, *, nonlinearity: str = "tanh", **options: Any
    ) -> None:
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"RNNCell: nonlinearity={nonlinearity!r}: expected 'tanh' or 'relu'")
        super().__init__(input_size, hidden_size, bias, **options)
        self.nonlinearity = nonlinearity

    def step(self, x: Tensor, state: State) -> State:
        (h,) = state
        squash = tanh if self.nonlinearity == "tanh" else relu
        return (label(squash(self.project_input(x) + self.project_state(h)), "hidden_state", "h"),)


class RNN(Recurrent):
    """The vanilla recurrent network; see Recurrent for the arguments and RNNCell for the formula.

    >>> import numpy as np
    >>> output, h_n = RNN(3, 5, num_layers=2, rng=0)(np.ones((7, 2, 3), np.float32))
    >>> output.shape, h_n.shape
    ((7, 2, 5), (2, 2, 5))
    """

    cell_type = RNNCell
