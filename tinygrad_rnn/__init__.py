"""tinygrad_rnn: an autograd engine and the recurrent networks built on it, to see how they learn.

    errors → engine → ops → autodiff → compiler → diagnostics → nn → optim, data, saving, exchange → train → … → cli
             what is  NumPy's how it is  how it is  where the     RNN,                               the loop
             recorded names   derived    run fast   gradient went LSTM, GRU

Each room imports only what stands to its left; `viz`, beside them, draws what was recorded. `vocabulary` and
`signposts` answer for names that are not here.
"""

import sys
from types import ModuleType

from tinygrad_rnn import data, exchange, nn, ops, optim, signposts, testing, train
from tinygrad_rnn.autodiff.forward import jvp
from tinygrad_rnn.autodiff.higher import hessian, hvp, jacobian
from tinygrad_rnn.autodiff.observed import graph
from tinygrad_rnn.autodiff.remat import checkpoint
from tinygrad_rnn.autodiff.reverse import grad, value_and_grad, vjp
from tinygrad_rnn.compiler.compiled import compile_ as compile
from tinygrad_rnn.diagnostics.flow import gradient_flow
from tinygrad_rnn.diagnostics.jacobians import spectral_radius, state_influence, step_jacobians
from tinygrad_rnn.diagnostics.ledger import gradient_ledger
from tinygrad_rnn.diagnostics.recorded import labelled
from tinygrad_rnn.engine.context import detect_anomaly, enable_grad, no_grad, scope, step, tracing
from tinygrad_rnn.engine.declare import elementwise, linear, nondifferentiable, primitive
from tinygrad_rnn.engine.snapshot import Graph, GraphNode
from tinygrad_rnn.engine.tensor import Tensor, label, tensor
from tinygrad_rnn.errors import (
    AnomalyError,
    CheckpointError,
    CompileError,
    DataError,
    DTypeError,
    GradientError,
    GraphError,
    OptionError,
    ShadowedError,
    ShapeError,
    TinygradError,
    UnknownNameError,
)
from tinygrad_rnn.ops import *  # noqa: F403
from tinygrad_rnn.pictures import draw

__version__ = "0.1.0"

__all__ = [  # noqa: PLE0604
    "AnomalyError", "CheckpointError", "CompileError", "DTypeError", "DataError", "GradientError", "Graph",
    "GraphError", "GraphNode", "OptionError", "ShadowedError", "ShapeError", "Tensor", "TinygradError",
    "UnknownNameError", "checkpoint", "compile", "data", "detect_anomaly", "draw", "elementwise", "enable_grad",
    "exchange", "grad", "gradient_flow", "gradient_ledger", "graph", "hessian", "hvp", "jacobian", "jvp", "label",
    "labelled", "linear", "nn", "no_grad", "nondifferentiable", "optim", "primitive", "scope", "spectral_radius",
    "state_influence", "step", "step_jacobians", "tensor", "testing", "tracing", "train", "value_and_grad", "vjp",
    *ops.__all__,
]  # fmt: skip

signposts.at_classes({"Tensor": Tensor, "Module": nn.Module, "Optimizer": optim.Optimizer})
signposts.at_modules(
    {"tg": sys.modules[__name__], "tg.nn": nn, "tg.optim": optim, "tg.train": train, "tg.data": data,
     "tg.exchange": exchange}
    | {f"tg.nn.{name}": file for name, file in vars(nn).items() if isinstance(file, ModuleType)}
)  # fmt: skip
