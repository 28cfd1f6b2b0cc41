"""The vanilla recurrence: h′ = tanh(W_ih x + b_ih + W_hh h + b_hh)."""

from __future__ import annotations

from typing import Unpack

from tinygrad_rnn.engine.tensor import Tensor
from tinygrad_rnn.errors import check_option
from tinygrad_rnn.nn.cell import Cell, CellOptions, State
from tinygrad_rnn.nn.recurrent import Recurrent, SequenceOptions
from tinygrad_rnn.ops import relu, tanh

__all__ = ["RNN", "RNNCell"]


class RNNCell(Cell):
    """h′ = tanh(W_ih x + b_ih + W_hh h + b_hh).

    Args:
        nonlinearity: "tanh", or "relu" in its place.
        options: those of every cell; see Cell.
    Source: Elman 1990.

    >>> import numpy as np
    >>> RNNCell(3, 5, rng=0)(np.ones((2, 3), np.float32)).shape
    (2, 5)
    """

    command = "rnn"
    gate_order = {"here": "h", "keras": "h", "onnx": "h"}
    operator = "RNN"

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        **options: Unpack[CellOptions],
    ) -> None:
        check_option(type(self).__name__, "nonlinearity", nonlinearity, ("tanh", "relu"))
        super().__init__(input_size, hidden_size, bias, **options)
        self.nonlinearity = nonlinearity

    def step(self, x: Tensor, state: State) -> State:
        (h,) = state
        squash = tanh if self.nonlinearity == "tanh" else relu
        h = squash(self.project_input(x) + self.project_state(h))
        return (h,)


class RNN(Recurrent):
    """The vanilla recurrent network; see Recurrent for the arguments and RNNCell for the formula and `nonlinearity`.

    >>> import numpy as np
    >>> output, h_n = RNN(3, 5, num_layers=2, rng=0)(np.ones((7, 2, 3), np.float32))
    >>> output.shape, h_n.shape
    ((7, 2, 5), (2, 2, 5))
    """

    cell_type = RNNCell

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        **options: Unpack[SequenceOptions],
    ) -> None:
        sizes = input_size, hidden_size, num_layers
        super().__init__(*sizes, bias, batch_first, dropout, bidirectional, nonlinearity=nonlinearity, **options)
