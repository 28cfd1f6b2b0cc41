"""The ops, named and called as in NumPy.

arithmetic   a ∘ b, choices, comparisons        shape      the same numbers, arranged anew
pointwise    f(x), smooth                       indexing   picking out, adding back, order
rounding     whole numbers, what is left over   logic      true and false
reduce       many to fewer                      linalg     sums of products
products     prod, cumprod                      softmaxes  softmax and its logarithms
options      NumPy's further options            operators  the operators and methods of Tensor
numpy_calls  NumPy's functions on Tensors
"""

from tinygrad_rnn.ops import numpy_calls, operators
from tinygrad_rnn.ops.arithmetic import abs_ as abs
from tinygrad_rnn.ops.arithmetic import (
    add,
    divide,
    equal,
    greater,
    greater_equal,
    less,
    less_equal,
    maximum,
    minimum,
    multiply,
    negative,
    not_equal,
    power,
    sign,
    square,
    subtract,
    where,
)
from tinygrad_rnn.ops.indexing import (
    argmax,
    argmin,
    diagonal,
    getitem,
    index_add,
    one_hot,
    take,
    take_along_axis,
)
from tinygrad_rnn.ops.linalg import dot, einsum, inner, matmul, outer, tensordot, trace
from tinygrad_rnn.ops.logic import (
    bitwise_and,
    bitwise_or,
    bitwise_xor,
    invert,
    isfinite,
    isinf,
    isnan,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
)
from tinygrad_rnn.ops.options import all_ as all
from tinygrad_rnn.ops.options import any_ as any
from tinygrad_rnn.ops.options import argsort, clip, cumprod, cumsum, mean, prod, sort, std, var
from tinygrad_rnn.ops.options import max_ as max
from tinygrad_rnn.ops.options import min_ as min
from tinygrad_rnn.ops.options import sum_ as sum
from tinygrad_rnn.ops.pointwise import (
    cos,
    exp,
    expm1,
    log,
    log1p,
    log_sigmoid,
    relu,
    sigmoid,
    sin,
    softplus,
    sqrt,
    tanh,
)
from tinygrad_rnn.ops.reduce import norm
from tinygrad_rnn.ops.rounding import ceil, floor, floor_divide, remainder, trunc
from tinygrad_rnn.ops.rounding import divmod_ as divmod
from tinygrad_rnn.ops.rounding import round_ as round
from tinygrad_rnn.ops.shape import (
    astype,
    broadcast_to,
    concatenate,
    expand_dims,
    flip,
    moveaxis,
    pad,
    repeat,
    reshape,
    split,
    squeeze,
    stack,
    swapaxes,
    tile,
    transpose,
)
from tinygrad_rnn.ops.softmaxes import log_softmax, logaddexp, logsumexp, softmax

__all__ = [
    "abs", "add", "all", "any", "argmax", "argmin", "argsort", "astype", "bitwise_and", "bitwise_or", "bitwise_xor",
    "broadcast_to", "ceil", "clip", "concatenate", "cos", "cumprod", "cumsum", "diagonal", "divide", "divmod", "dot",
    "einsum", "equal", "exp", "expand_dims", "expm1", "flip", "floor", "floor_divide", "getitem", "greater",
    "greater_equal", "index_add", "inner", "invert", "isfinite", "isinf", "isnan", "less", "less_equal", "log", "log1p",
    "log_sigmoid", "log_softmax", "logaddexp", "logical_and", "logical_not", "logical_or", "logical_xor", "logsumexp",
    "matmul", "max", "maximum", "mean", "min", "minimum", "moveaxis", "multiply", "negative", "norm", "not_equal",
    "one_hot", "outer", "pad", "power", "prod", "relu", "remainder", "repeat", "reshape", "round", "sigmoid", "sign",
    "sin", "softmax", "softplus", "sort", "split", "sqrt", "square", "squeeze", "stack", "std", "subtract", "sum",
    "swapaxes", "take", "take_along_axis", "tanh", "tensordot", "tile", "trace", "transpose", "trunc", "var", "where",
]  # fmt: skip

PUBLIC = {name: globals()[name] for name in __all__}
operators.bind(PUBLIC)
numpy_calls.bind(PUBLIC)
