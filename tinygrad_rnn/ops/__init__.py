"""The ops, named and called as in NumPy.

arithmetic     a ∘ b, comparisons              choices    one of two values
pointwise      f(x), smooth                    rounding   whole numbers, what is left over
bases          2ˣ, log₂ x, ∛x                  trigonometric angles
hyperbolic     sinh and its like
activations    gelu and its like               logic      true and false
reduce         many to fewer                   ranking    the median, quantiles, the k largest
products       prod, cumprod                   softmaxes  softmax and its logarithms
shape          the same numbers, arranged anew indexing   picking out, adding back, order
stacking       arrays put together             splitting  an array taken apart
linalg         sums of products                matrices   triangles and diagonals
options        NumPy's further options         aliases    NumPy's second names
operators      the operators and methods of Tensor
numpy_calls    NumPy's functions on Tensors
"""

from tinygrad_rnn.ops import numpy_calls, operators
from tinygrad_rnn.ops.activations import elu, gelu, leaky_relu, silu
from tinygrad_rnn.ops.aliases import (
    absolute,
    acos,
    acosh,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    concat,
    degrees,
    mod,
    pow,
    radians,
    true_divide,
)
from tinygrad_rnn.ops.arithmetic import abs_ as abs
from tinygrad_rnn.ops.arithmetic import (
    add,
    divide,
    equal,
    greater,
    greater_equal,
    hypot,
    less,
    less_equal,
    multiply,
    negative,
    not_equal,
    positive,
    power,
    sign,
    square,
    subtract,
)
from tinygrad_rnn.ops.bases import cbrt, exp2, log2, log10
from tinygrad_rnn.ops.choices import fmax, fmin, maximum, minimum, nan_to_num, where
from tinygrad_rnn.ops.hyperbolic import arccosh, arcsinh, arctanh, cosh, sinh
from tinygrad_rnn.ops.indexing import (
    argmax,
    argmin,
    diagonal,
    gather,
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
from tinygrad_rnn.ops.matrices import diag, tril, triu
from tinygrad_rnn.ops.options import all_ as all
from tinygrad_rnn.ops.options import any_ as any
from tinygrad_rnn.ops.options import argsort, clip, cumprod, cumsum, mean, prod, sort, std, var
from tinygrad_rnn.ops.options import max_ as max
from tinygrad_rnn.ops.options import min_ as min
from tinygrad_rnn.ops.options import sum_ as sum
from tinygrad_rnn.ops.pointwise import (
    exp,
    expm1,
    log,
    log1p,
    log_sigmoid,
    relu,
    sigmoid,
    softplus,
    sqrt,
    tanh,
)
from tinygrad_rnn.ops.ranking import median, percentile, quantile, topk
from tinygrad_rnn.ops.reduce import norm
from tinygrad_rnn.ops.rounding import ceil, floor, floor_divide, fmod, remainder, trunc
from tinygrad_rnn.ops.rounding import divmod_ as divmod
from tinygrad_rnn.ops.rounding import round_ as round
from tinygrad_rnn.ops.shape import (
    astype,
    atleast_1d,
    atleast_2d,
    atleast_3d,
    broadcast_to,
    expand_dims,
    flip,
    moveaxis,
    pad,
    repeat,
    reshape,
    roll,
    squeeze,
    swapaxes,
    tile,
    transpose,
)
from tinygrad_rnn.ops.softmaxes import log_softmax, logaddexp, logsumexp, softmax
from tinygrad_rnn.ops.splitting import array_split, dsplit, hsplit, split, vsplit
from tinygrad_rnn.ops.stacking import append, column_stack, concatenate, dstack, hstack, stack, vstack
from tinygrad_rnn.ops.trigonometric import arccos, arcsin, arctan, arctan2, cos, deg2rad, rad2deg, sin, sinc, tan

__all__ = [
    "abs", "absolute", "acos", "acosh", "add", "all", "any", "append", "arccos", "arccosh", "arcsin", "arcsinh",
    "arctan", "arctan2", "arctanh", "argmax", "argmin", "argsort", "array_split", "asin", "asinh", "astype", "atan",
    "atan2", "atanh", "atleast_1d", "atleast_2d", "atleast_3d", "bitwise_and", "bitwise_or", "bitwise_xor",
    "broadcast_to", "cbrt", "ceil", "clip", "column_stack", "concat", "concatenate", "cos", "cosh", "cumprod", "cumsum",
    "deg2rad", "degrees", "diag", "diagonal", "divide", "divmod", "dot", "dsplit", "dstack", "einsum", "elu", "equal",
    "exp", "exp2", "expand_dims", "expm1", "flip", "floor", "floor_divide", "fmax", "fmin", "fmod", "gather", "gelu",
    "getitem", "greater", "greater_equal", "hsplit", "hstack", "hypot", "index_add", "inner", "invert", "isfinite",
    "isinf", "isnan", "leaky_relu", "less", "less_equal", "log", "log1p", "log2", "log10", "log_sigmoid", "log_softmax",
    "logaddexp", "logical_and", "logical_not", "logical_or", "logical_xor", "logsumexp", "matmul", "max", "maximum",
    "mean", "median", "min", "minimum", "mod", "moveaxis", "multiply", "nan_to_num", "negative", "norm", "not_equal",
    "one_hot", "outer", "pad", "percentile", "positive", "pow", "power", "prod", "quantile", "rad2deg", "radians",
    "relu", "remainder", "repeat", "reshape", "roll", "round", "sigmoid", "sign", "silu", "sin", "sinc", "sinh",
    "softmax", "softplus", "sort", "split", "sqrt", "square", "squeeze", "stack", "std", "subtract", "sum", "swapaxes",
    "take", "take_along_axis", "tan", "tanh", "tensordot", "tile", "topk", "trace", "transpose", "tril", "triu",
    "true_divide", "trunc", "var", "vsplit", "vstack", "where",
]  # fmt: skip

PUBLIC = {name: globals()[name] for name in __all__}
operators.bind(PUBLIC)
numpy_calls.bind(PUBLIC)
