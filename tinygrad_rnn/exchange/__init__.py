"""Exchange: weights and models to and from other libraries.

    torch   ⇄  save_weights, load_weights      a safetensors file: the same names, the same bits
    Keras   →  from_keras                      get_weights(): transposed, other gate orders
    ONNX    ←  export_onnx, rule               the whole model, for other runtimes

gates      how the rows of the gates are stacked, there and here
"""

from tinygrad_rnn.exchange.keras import from_keras
from tinygrad_rnn.exchange.onnx.export import export_onnx
from tinygrad_rnn.exchange.onnx.rules import rule
from tinygrad_rnn.exchange.torch import load_weights, save_weights

__all__ = ["export_onnx", "from_keras", "load_weights", "rule", "save_weights"]
