"""The ops, named and called as in NumPy.

arithmetic   a ∘ b, choices, comparisons        shape      the same numbers, arranged anew
pointwise    f(x), smooth                       indexing   picking out, adding back, order
reduce       many to fewer                       linalg     sums of products
products     prod, cumprod                softmaxes  softmax and its logarithms
operators    the operators and methods of Tensor     numpy_calls   NumPy's functions on Tensors
"""

from tinygrad_rnn.ops import numpy_calls, operators
from tinygrad_rnn.ops.arithmetic import abs_ as abs
from tinygrad_rnn.ops.arithmetic import (
    add,
    clip,
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
    argsort,
    diagonal,
    getitem,
    index_add,
    one_hot,
    sort,
    take,
    take_along_axis,
)
from tinygrad_rnn.ops.linalg import dot, einsum, inner, matmul, outer, tensordot, trace
from tinygrad_rnn.ops.pointwise import (
    cos,
    exp,
    expm1,
    log,
    log1p,
    log_sigmoid,
    logaddexp,
    relu,
    sigmoid,
    sin,
    softplus,
    sqrt,
    tanh,
)
from tinygrad_rnn.ops.products import cumprod, prod
from tinygrad_rnn.ops.reduce import cumsum, mean, norm, std, var
from tinygrad_rnn.ops.reduce import max_ as max
from tinygrad_rnn.ops.reduce import min_ as min
from tinygrad_rnn.ops.reduce import sum_ as sum
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
from tinygrad_rnn.ops.softmaxes import log_softmax, logsumexp, softmax

__all__ = [
    "abs", "add", "argmax", "argmin", "argsort", "astype", "broadcast_to", "clip", "concatenate", "cos", "cumprod",
    "cumsum", "diagonal", "divide", "dot", "einsum", "equal", "exp", "expand_dims", "expm1", "flip", "getitem",
    "greater", "greater_equal", "index_add", "inner", "less", "less_equal", "log", "log1p", "log_sigmoid",
    "log_softmax", "logaddexp", "logsumexp", "matmul", "max", "maximum", "mean", "min", "minimum", "moveaxis",
    "multiply", "negative", "norm", "not_equal", "one_hot", "outer", "pad", "power", "prod", "relu", "repeat",
    "reshape", "sigmoid", "sign", "sin", "softmax", "softplus", "sort", "split", "sqrt", "square", "squeeze", "stack",
    "std", "subtract", "sum", "swapaxes", "take", "take_along_axis", "tanh", "tensordot", "tile", "trace", "transpose",
    "var", "where",
]  # fmt: skip

PUBLIC = {name: globals()[name] for name in __all__}
operators.bind(PUBLIC)
numpy_calls.bind(PUBLIC)
