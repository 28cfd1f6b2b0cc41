"""Long short-term memory: a cell state that is only gated and added to, never multiplied by W."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from tinygrad_rnn.engine.tensor import Tensor, label
from tinygrad_rnn.errors import OptionError, is_number
from tinygrad_rnn.nn.cell import Cell, CellOptions, State
from tinygrad_rnn.nn.recurrent import LayerOptions, Recurrent
from tinygrad_rnn.ops import sigmoid, split, tanh

__all__ = ["LSTM", "LSTMCell"]


class LSTMCell(Cell):
    """c′ = f ⊙ c + i ⊙ g,  h′ = o ⊙ tanh(c′).

        i, f, o = σ(W x + b_ih + U h + b_hh),  g = tanh(…), rows in the order i, f, g, o

    Along c the gradient meets only f: no W, no tanh. That is a road, not a guarantee: f < 1 still shrinks it.

    Args:
        forget_bias: added to the forget rows of bias_ih at first, so that the cell begins by remembering.
        proj_size, peepholes: a projection of h, and gates that see c; see variants.ExtendedLSTMCell.
        options: those of every cell; see Cell. With layer_norm, c′ is normalised too on its way into h′.
    Source: Hochreiter & Schmidhuber 1997; the forget gate is Gers et al. 2000.

    >>> import numpy as np
    >>> h, c = LSTMCell(3, 5, rng=0)(np.ones((2, 3), np.float32))
    >>> h.shape, c.shape
    ((2, 5), (2, 5))
    """

    gates = 4
    states = ("h", "c")
    command = "lstm"
    gate_order = {"here": "ifgo", "keras": "ifgo", "onnx": "iofg"}
    operator = "LSTM"

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        *,
        forget_bias: float = 0.0,
        proj_size: int = 0,
        peepholes: bool = False,
        **options: Unpack[CellOptions],
    ) -> None:
        name, layer_norm = type(self).__name__, options.get("layer_norm", False)
        self.check_variant(proj_size=proj_size, peepholes=peepholes, layer_norm=layer_norm)
        if not is_number(forget_bias):
            raise OptionError(
                f"{name}: forget_bias={forget_bias!r:.60} is not a number", expected="a number, such as 1.0"
            )
        super().__init__(input_size, hidden_size, bias, **options)
        if forget_bias:
            if self.bias_ih is None:
                raise OptionError(f"{name}: forget_bias needs bias=True", got=f"forget_bias={forget_bias}, bias=False")
            values = self.bias_ih.numpy()
            values[self.hidden_size : 2 * self.hidden_size] += forget_bias
            self.bias_ih.assign(values)

    def step(self, x: Tensor, state: State) -> State:
        h, c = state
        i, f, g, o = split(self.project_input(x) + self.project_state(h), 4, axis=-1)
        i = label(sigmoid(i), "gate", "i")
        f = label(sigmoid(f), "gate", "f")
        g = label(tanh(g), "gate", "g")
        o = label(sigmoid(o), "gate", "o")
        c = f * c + i * g
        h = o * tanh(c)
        return h, c


class LSTMOptions(LayerOptions, total=False):
    """What LSTM takes by name."""

    forget_bias: float
    proj_size: int
    peepholes: bool


class LSTM(Recurrent):
    """The LSTM network; see Recurrent for the arguments and LSTMCell for the formula and `forget_bias`.

    >>> import numpy as np
    >>> output, (h_n, c_n) = LSTM(3, 5, rng=0, forget_bias=1.0)(np.ones((7, 2, 3), np.float32))
    >>> output.shape, h_n.shape, c_n.shape
    ((7, 2, 5), (1, 2, 5), (1, 2, 5))
    """

    cell_type = LSTMCell

    if TYPE_CHECKING:  # Recurrent's own, with the names of what this cell takes

        def __init__(self, input_size: int, hidden_size: int, *more: Any, **options: Unpack[LSTMOptions]) -> None: ...
