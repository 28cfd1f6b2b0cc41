"""Gate orders: a matrix holds a block of H rows for each gate, and libraries stack the blocks differently.

      ours, torch   ONNX      Keras
RNN   h             h         h
LSTM  i f g o       i o f g   i f g o
GRU   r z n         z r n     z r n
"""

from __future__ import annotations

import numpy as np

from tinygrad_rnn.engine.tensor import Array
from tinygrad_rnn.nn import Cell, GRUCell, LSTMCell, RNNCell

KINDS: dict[type[Cell], str] = {RNNCell: "RNN", LSTMCell: "LSTM", GRUCell: "GRU"}
OURS = {"RNN": "h", "LSTM": "ifgo", "GRU": "rzn"}
ONNX = {"RNN": "h", "LSTM": "iofg", "GRU": "zrn"}
KERAS = {"RNN": "h", "LSTM": "ifgo", "GRU": "zrn"}


def restacked(rows: Array, source: str, target: str) -> Array:
    """The blocks of rows in another order.

    Args:
        rows: (G·H, …), a block for each letter of `source`.
        source, target: the gates' letters, in the order that is and the order that is wanted.

    >>> restacked(np.array([1, 1, 2, 2, 3, 3, 4, 4]), "ifgo", "iofg").tolist()
    [1, 1, 4, 4, 2, 2, 3, 3]
    """
    blocks = np.split(rows, len(source))
    return np.concatenate([blocks[source.index(gate)] for gate in target])
