"""Gate orders: a matrix holds a block of H rows for each gate, and libraries stack the blocks differently.

LSTM    here and in torch  i f g o      in ONNX  i o f g        each cell's class says it: `gate_order`
"""

from __future__ import annotations

import numpy as np

from tinygrad_rnn.engine.tensor import Array


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
