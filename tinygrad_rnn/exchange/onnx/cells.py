"""What ONNX's recurrent operators take of a cell: which operator it is, its options, its weights in the right order.

    W = W_ih    R = W_hh    B = [b_ih, b_hh]    P = [p_i, p_o, p_f]    gates LSTM i o f g, GRU z r n

There is no projection: with h = W_hr s, s the state that ONNX knows, R = W_hh W_hr reads from s what W_hh reads from h.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.engine.tensor import Array
from tinygrad_rnn.exchange.gates import restacked
from tinygrad_rnn.nn import Cell, GRUCell, RNNCell
from tinygrad_rnn.nn.recurrent import LAYERS, Recurrent
from tinygrad_rnn.nn.variants import ExtendedLSTMCell

OPERATORS: dict[type[Recurrent], str] = {
    layer: layer.cell_type.operator for layer in LAYERS.values() if layer.cell_type.operator
}


def kind_of(cell: Cell) -> str:
    """The operator for a cell; empty where there is none, as these operators are closed."""
    operator: str = vars(type(cell)).get("operator", "")  # not an inherited one: a subclass may have another step
    return "" if cell.gain_ih is not None else operator


def options(cell: Cell, directions: int) -> dict[str, Any]:
    """The operator's attributes for a layer of such cells."""
    found: dict[str, Any] = {"hidden_size": cell.hidden_size, "direction": ["forward", "bidirectional"][directions - 1]}
    if isinstance(cell, RNNCell):
        found["activations"] = [cell.nonlinearity.capitalize()] * directions
    if isinstance(cell, GRUCell):
        found["linear_before_reset"] = int(cell.reset_after)
    return found


def weight_input(cell: Cell) -> Array:
    """W (G·H, I)."""
    return _rows(cell, cell.weight_ih.data)


def weight_state(cell: Cell) -> Array:
    """R (G·H, H)."""
    return _rows(cell, cell.weight_hh.data @ projection(cell) if projects(cell) else cell.weight_hh.data)


def biases(cell: Any) -> Array:
    """B (2·G·H)."""
    return np.concatenate([_rows(cell, cell.bias_ih.data), _rows(cell, cell.bias_hh.data)])


def peepholes(cell: Any) -> Array:
    """P (3·H)."""
    return restacked(cell.peephole.data.ravel(), "ifo", "iof")


def peeps(cell: Cell) -> bool:
    """Whether the cell has peepholes."""
    return isinstance(cell, ExtendedLSTMCell) and cell.peephole is not None


def projects(cell: Cell) -> bool:
    """Whether the cell hands on W_hr s instead of s."""
    return isinstance(cell, ExtendedLSTMCell) and cell.weight_hr is not None


def projection(cell: Any) -> Array:
    """W_hr (P, H)."""
    return cell.weight_hr.data.astype(np.float64)


def _rows(cell: Cell, weight: Array) -> Array:
    return restacked(weight, cell.gate_order["here"], cell.gate_order["onnx"])
