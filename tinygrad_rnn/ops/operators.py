"""Python's operators and NumPy's methods of Tensor: which op each of them is."""

from __future__ import annotations

from typing import Any

from tinygrad_rnn.engine.tensor import Tensor
from tinygrad_rnn.ops import arithmetic, indexing, linalg, products, reduce, shape

OPERATORS = {
    "add": arithmetic.add,
    "sub": arithmetic.subtract,
    "mul": arithmetic.multiply,
    "truediv": arithmetic.divide,
    "pow": arithmetic.power,
    "matmul": linalg.matmul,
}
COMPARISONS = {
    "eq": arithmetic.equal,
    "ne": arithmetic.not_equal,
    "lt": arithmetic.less,
    "le": arithmetic.less_equal,
    "gt": arithmetic.greater,
    "ge": arithmetic.greater_equal,
}
METHODS = {
    "sum": reduce.sum_,
    "mean": reduce.mean,
    "prod": products.prod,
    "max": reduce.max_,
    "min": reduce.min_,
    "var": reduce.var,
    "std": reduce.std,
    "cumsum": reduce.cumsum,
    "cumprod": products.cumprod,
    "clip": arithmetic.clip,
    "dot": linalg.dot,
    "trace": linalg.trace,
    "diagonal": indexing.diagonal,
    "take": indexing.take,
    "repeat": shape.repeat,
    "squeeze": shape.squeeze,
    "swapaxes": shape.swapaxes,
    "astype": shape.astype,
    "sort": indexing.sort,
    "argsort": indexing.argsort,
    "argmax": indexing.argmax,
    "argmin": indexing.argmin,
}


def _reflected(op: Any) -> Any:
    return lambda self, other: op(other, self)


def _sizes(args: tuple[Any, ...]) -> Any:
    """reshape(2, 3) and reshape((2, 3)) mean the same, as in NumPy."""
    return args[0] if len(args) == 1 and (args[0] is None or isinstance(args[0], tuple | list)) else args


def bind() -> None:
    """Give Tensor its operators and methods."""
    methods: dict[str, Any] = dict(METHODS)
    for name, op in OPERATORS.items():
        methods[f"__{name}__"] = op
        methods[f"__r{name}__"] = _reflected(op)
    for name, op in COMPARISONS.items():
        methods[f"__{name}__"] = op
    methods["__neg__"] = arithmetic.negative
    methods["__abs__"] = arithmetic.abs_
    methods["__pos__"] = lambda self: self
    methods["__getitem__"] = lambda self, index: indexing.getitem(self, index=index)
    methods["reshape"] = lambda self, *sizes: shape.reshape(self, shape=_sizes(sizes))
    methods["transpose"] = lambda self, *axes: shape.transpose(self, axes=_sizes(axes) or None)
    methods["ravel"] = methods["flatten"] = lambda self: shape.reshape(self, shape=(-1,))
    methods["T"] = property(shape.transpose)
    methods["mT"] = property(lambda self: shape.swapaxes(self, -1, -2))
    for name, method in methods.items():
        setattr(Tensor, name, method)
