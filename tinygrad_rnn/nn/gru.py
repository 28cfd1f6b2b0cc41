"""The gated recurrent unit: between the vanilla cell and the LSTM, with no state but h."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from tinygrad_rnn.engine.tensor import Tensor, label
from tinygrad_rnn.errors import check_flags
from tinygrad_rnn.nn.cell import Cell, CellOptions, State
from tinygrad_rnn.nn.recurrent import LayerOptions, Recurrent
from tinygrad_rnn.ops import sigmoid, split, tanh

__all__ = ["GRU", "GRUCell"]


class GRUCell(Cell):
    """h′ = (1 − z) ⊙ n + z ⊙ h.

        r, z = σ(W x + b_ih + U h + b_hh)
        n = tanh(W_in x + b_in + r ⊙ (W_hn h + b_hn)), rows in the order r, z, n

    Args:
        reset_after: False resets h before W_hn instead, as the paper does; see variants.ResetBeforeGRUCell.
        options: those of every cell; see Cell.
    Source: Cho et al. 2014, arXiv:1406.1078.

    >>> import numpy as np
    >>> GRUCell(3, 5, rng=0)(np.ones((2, 3), np.float32)).shape
    (2, 5)
    """

    gates = 3
    command = "gru"
    gate_order = {"here": "rzn", "keras": "zrn", "onnx": "zrn"}
    operator = "GRU"

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        *,
        reset_after: bool = True,
        **options: Unpack[CellOptions],
    ) -> None:
        check_flags(type(self).__name__, reset_after=reset_after)
        self.check_variant(reset_after=reset_after)
        super().__init__(input_size, hidden_size, bias, **options)
        self.reset_after = reset_after

    def step(self, x: Tensor, state: State) -> State:
        (h,) = state
        x_r, x_z, x_n = split(self.project_input(x), 3, axis=-1)
        h_r, h_z, h_n = split(self.project_state(h), 3, axis=-1)
        r = label(sigmoid(x_r + h_r), "gate", "r")
        z = label(sigmoid(x_z + h_z), "gate", "z")
        n = label(tanh(x_n + r * h_n), "gate", "n")
        h = (1 - z) * n + z * h
        return (h,)


class GRUOptions(LayerOptions, total=False):
    """What GRU takes by name."""

    reset_after: bool


class GRU(Recurrent):
    """The GRU network; see Recurrent for the arguments and GRUCell for the formula and `reset_after`.

    >>> import numpy as np
    >>> output, h_n = GRU(3, 5, rng=0)(np.ones((7, 2, 3), np.float32))
    >>> output.shape, h_n.shape
    ((7, 2, 5), (1, 2, 5))
    """

    cell_type = GRUCell

    if TYPE_CHECKING:  # Recurrent's own, with the names of what this cell takes

        def __init__(self, input_size: int, hidden_size: int, *more: Any, **options: Unpack[GRUOptions]) -> None: ...
