"""Exchange: weights and models to and from other libraries.

    torch   ⇄  save_weights, load_weights      a safetensors file: the same names, the same bits
    Keras   →  from_keras                      get_weights(): transposed, other gate orders
    ONNX    ←  export_onnx, rule               the whole model, for other runtimes

gates      how the rows of the gates are stacked, there and here
arrays     arrays in one file
"""

from tinygrad_rnn.exchange.keras_weights import from_keras
from tinygrad_rnn.exchange.onnx_export import export_onnx
from tinygrad_rnn.exchange.onnx_rules import rule
from tinygrad_rnn.exchange.torch_weights import load_weights, save_weights

__all__ = ["export_onnx", "from_keras", "load_weights", "rule", "save_weights"]
