"""Python's operators and NumPy's methods of Tensor: which op each of them is."""

from __future__ import annotations

from typing import Any

from tinygrad_rnn.engine.tensor import define
from tinygrad_rnn.ops import arithmetic, indexing, linalg, products, reduce, shape

OPERATORS: dict[str, Any] = {
    "add": arithmetic.add,
    "sub": arithmetic.subtract,
    "mul": arithmetic.multiply,
    "truediv": arithmetic.divide,
    "pow": arithmetic.power,
    "matmul": linalg.matmul,
}
COMPARISONS: dict[str, Any] = {
    "eq": arithmetic.equal,
    "ne": arithmetic.not_equal,
    "lt": arithmetic.less,
    "le": arithmetic.less_equal,
    "gt": arithmetic.greater,
    "ge": arithmetic.greater_equal,
}
METHODS: dict[str, Any] = {
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
    """Fill in the operators and methods that Tensor declares."""
    for name, op in OPERATORS.items():
        define(f"__{name}__", op)
        define(f"__r{name}__", _reflected(op), f"The same with the Tensor on the right: {op.__doc__}")
    for name, op in COMPARISONS.items():
        define(f"__{name}__", op)
    for name, op in METHODS.items():
        define(name, op)
    define("__neg__", arithmetic.negative)
    define("__abs__", arithmetic.abs_)
    define("__pos__", lambda self: self, "y = x.")
    define("__getitem__", indexing.getitem)
    define("reshape", lambda self, *sizes: shape.reshape(self, _sizes(sizes)), shape.reshape.__doc__)
    define("transpose", lambda self, *axes: shape.transpose(self, _sizes(axes) or None), shape.transpose.__doc__)
    for name in ("ravel", "flatten"):
        define(name, lambda self: shape.reshape(self, (-1,)), "y = the same numbers in the same order, along one axis.")
    define("T", shape.transpose, "y = x with its axes in reverse order: the transpose of a matrix.")
    define("mT", lambda self: shape.swapaxes(self, -1, -2), "y = x with its last two axes exchanged.")
