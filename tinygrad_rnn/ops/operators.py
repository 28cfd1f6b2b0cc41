"""Python's operators and NumPy's methods of Tensor: which op each of them is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tinygrad_rnn.engine.apply import apply_two
from tinygrad_rnn.engine.context import CONTEXT
from tinygrad_rnn.engine.tensor import Tensor, define
from tinygrad_rnn.errors import GraphError
from tinygrad_rnn.ops import arithmetic, indexing, linalg, logic, rounding, shape

OPERATORS: dict[str, Any] = {
    "add": ("+", arithmetic.add),
    "sub": ("-", arithmetic.subtract),
    "mul": ("*", arithmetic.multiply),
    "truediv": ("/", arithmetic.divide),
    "pow": ("**", arithmetic.power),
    "matmul": ("@", linalg.matmul),
    "floordiv": ("//", rounding.floor_divide),
    "mod": ("%", rounding.remainder),
    "and": ("&", logic.bitwise_and),
    "or": ("|", logic.bitwise_or),
    "xor": ("^", logic.bitwise_xor),
}
COMPARISONS: dict[str, Any] = {
    "eq": arithmetic.equal,
    "ne": arithmetic.not_equal,
    "lt": arithmetic.less,
    "le": arithmetic.less_equal,
    "gt": arithmetic.greater,
    "ge": arithmetic.greater_equal,
}


def _reflected(operator: Any) -> Any:
    return lambda self, other: operator(other, self)


def _in_place(operator: Any, sign: str) -> Any:
    """p ∘= x: of a leaf that requires grad a write, as an optimiser does it; elsewhere p = p ∘ x, a new Tensor."""

    def write(self: Tensor, other: Any) -> Any:
        if not (self.is_leaf and self.requires_grad):
            return operator(self, other)
        if CONTEXT.get().recording:
            raise GraphError(
                f"{sign}=: a leaf that requires grad is not written to while ops are recorded",
                expected="with tg.no_grad(): around the update of a parameter",
                got=repr(self.node.title),
                help=f"y = x {sign} … makes a new Tensor",
            )
        y = operator(self, other)
        return y if y is NotImplemented else self.assign(y)

    return write


def _sizes(args: tuple[Any, ...]) -> Any:
    """reshape(2, 3) and reshape((2, 3)) mean the same, as in NumPy."""
    return args[0] if len(args) == 1 and (args[0] is None or isinstance(args[0], tuple | list)) else args


def bind(ops: Mapping[str, Any]) -> None:
    """Fill in the operators that Tensor declares, and the methods: each is the op of its name."""
    for name in ops.keys() & vars(Tensor).keys():
        define(name, ops[name])
    for name, (sign, op) in OPERATORS.items():
        operator = apply_two(op.op, op.op.forward, defers=True)
        define(f"__{name}__", operator, op.__doc__)
        define(f"__r{name}__", _reflected(operator), f"The same with the Tensor on the right: {op.__doc__}")
        define(f"__i{name}__", _in_place(operator, sign), f"The same, in place under no_grad: {op.__doc__}")
    for name, op in COMPARISONS.items():
        define(f"__{name}__", apply_two(op.op, op.op.forward, defers=True), op.__doc__)
    define("__divmod__", rounding.divmod_, "(⌊self/other⌋, what is left over).")
    define("__rdivmod__", _reflected(rounding.divmod_), "The same with the Tensor on the right.")
    define("__round__", lambda self, ndigits=None: rounding.round_(self, ndigits or 0), rounding.round_.__doc__)
    define("__invert__", logic.invert)
    define("__neg__", arithmetic.negative)
    define("__abs__", arithmetic.abs_)
    define("__pos__", lambda self: self, "y = x.")
    define("__getitem__", indexing.getitem)
    define("reshape", lambda self, *sizes: shape.reshape(self, _sizes(sizes)), shape.reshape.__doc__)
    define(
        "transpose", lambda self, *axes: shape.transpose(self, _sizes(axes) if axes else None), shape.transpose.__doc__
    )
    for name in ("ravel", "flatten"):
        define(name, lambda self: shape.reshape(self, (-1,)), "y = the same numbers in the same order, along one axis.")
    define("T", shape.transpose, "y = x with its axes in reverse order: the transpose of a matrix.")
    define("mT", lambda self: shape.swapaxes(self, -1, -2), "y = x with its last two axes exchanged.")
