"""Rules for ops that act on each element alone: most are an operator of ONNX, some a formula of several."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from tinygrad_rnn.exchange.onnx.graph import OnnxBuilder
from tinygrad_rnn.exchange.onnx.operands import Operand, UnwrittenError, translates

B: TypeAlias = OnnxBuilder
X: TypeAlias = Operand

SAME = {  # operands and result are of one kind
    "abs": "Abs", "negative": "Neg", "sqrt": "Sqrt", "exp": "Exp", "log": "Log", "sin": "Sin", "cos": "Cos",
    "tanh": "Tanh", "sigmoid": "Sigmoid", "softplus": "Softplus", "sign": "Sign", "subtract": "Sub", "divide": "Div",
    "power": "Pow", "positive": "Identity", "tan": "Tan", "arcsin": "Asin", "arccos": "Acos", "arctan": "Atan",
    "sinh": "Sinh", "cosh": "Cosh", "arcsinh": "Asinh", "arccosh": "Acosh", "arctanh": "Atanh",
}  # fmt: skip
OF_MASKS = {"add": "Or", "multiply": "And", "maximum": "Or", "minimum": "And"}  # what these are, of booleans
ALSO_OF_MASKS = {"add": "Add", "multiply": "Mul", "maximum": "Max", "minimum": "Min"}
COMPARISONS = {
    "equal": "Equal", "less": "Less", "less_equal": "LessOrEqual", "greater": "Greater",
    "greater_equal": "GreaterOrEqual",
}  # fmt: skip
LOGICAL = {"logical_and": "And", "logical_or": "Or", "logical_xor": "Xor"}
BITWISE = {"bitwise_and": "And", "bitwise_or": "Or", "bitwise_xor": "Xor"}


def alone(op: str, operator: str) -> None:
    """Register an op that is one operator, of operands of the result's kind."""

    @translates(op)
    def rule(b: B, y: X, *xs: X) -> str:
        return b.value(operator, *(x.of(y.kind) for x in xs))


def either(op: str, operator: str, of_masks: str) -> None:
    """Register an op that is one operator of numbers, and another of booleans."""

    @translates(op)
    def rule(b: B, y: X, *xs: X) -> str:
        return b.value(of_masks if y.kind == "b" else operator, *(x.of(y.kind) for x in xs))


def compared(op: str, operator: str) -> None:
    """Register a comparison: its operands are of the wider kind of the two, and no order is known of booleans."""

    @translates(op)
    def rule(b: B, y: X, *xs: X) -> str:
        kind = _wider(*xs)
        return b.value(operator, *(x.of("i" if kind == "b" else kind) for x in xs))


def logical(op: str, operator: str) -> None:
    """Register an op of what is true: a number is unless it is 0."""

    @translates(op)
    def rule(b: B, y: X, *xs: X) -> str:
        return b.value(operator, *(x.of("b") for x in xs))


def bitwise(op: str, operator: str) -> None:
    """Register an op of bits, which ONNX has of booleans alone before opset 18."""

    @translates(op)
    def rule(b: B, y: X, *xs: X) -> str:
        if y.kind != "b":
            raise UnwrittenError("of integers, which ONNX has not before opset 18")
        return b.value(operator, *(x.of("b") for x in xs))


for name, operator in SAME.items():
    alone(name, operator)
for name, operator in ALSO_OF_MASKS.items():
    either(name, operator, OF_MASKS[name])
for name, operator in COMPARISONS.items():
    compared(name, operator)
for name, operator in LOGICAL.items():
    logical(name, operator)
for name, operator in BITWISE.items():
    bitwise(name, operator)


def _wider(*xs: X) -> str:
    return max((x.kind for x in xs), key="bif".index)


@translates("identity", "_within")
def identity(b: B, y: X, x: X, **static: Any) -> str:
    """x; what `within` checks a runtime checks where it reads a table."""
    return x.name


@translates("astype", "discretized")
def cast(b: B, y: X, x: X, *, dtype: Any) -> str:
    """x of another kind."""
    return x.of(y.kind)


@translates("square")
def square(b: B, y: X, x: X) -> str:
    """x · x."""
    return b.value("And" if y.kind == "b" else "Mul", x.name, x.name)


@translates("relu")
def relu(b: B, y: X, x: X) -> str:
    """max(x, 0): of integers too."""
    return b.value("Relu", x.name) if y.kind == "f" else b.value("Max", x.of("i"), b.integers(0))


@translates("expm1")
def expm1(b: B, y: X, x: X) -> str:
    """tanh(x/2)·(eˣ + 1), in which nothing cancels near 0."""
    x_ = x.of("f")
    half = b.value("Tanh", b.value("Mul", x_, b.number(0.5)))
    return b.value("Mul", half, b.value("Add", b.value("Exp", x_), b.number(1)))


@translates("log1p")
def log1p(b: B, y: X, x: X) -> str:
    """2·artanh(x/(x + 2)), in which nothing cancels near 0, and log(1 + x) far from it."""
    x_ = x.of("f")
    near = b.value("Mul", b.value("Atanh", b.value("Div", x_, b.value("Add", x_, b.number(2)))), b.number(2))
    return b.value("Where", b.value("Less", x_, b.number(1)), near, b.value("Log", b.value("Add", x_, b.number(1))))


@translates("log_sigmoid")
def log_sigmoid(b: B, y: X, x: X) -> str:
    """−softplus(−x)."""
    return b.value("Neg", b.value("Softplus", b.value("Neg", x.of("f"))))


@translates("logistic_slope")
def logistic_slope(b: B, y: X, x: X) -> str:
    """σ(x)·σ(−x), exact in both tails."""
    x_ = x.of("f")
    return b.value("Mul", b.value("Sigmoid", x_), b.value("Sigmoid", b.value("Neg", x_)))


@translates("logaddexp")
def logaddexp(b: B, y: X, x: X, z: X) -> str:
    """max(a, b) + softplus(−|a − b|); of equals, of −∞ too, a + log 2."""
    p, q = x.of("f"), z.of("f")
    apart = b.value("Neg", b.value("Abs", b.value("Sub", p, q)))
    sum_ = b.value("Add", b.value("Max", p, q), b.value("Softplus", apart))
    return b.value("Where", b.value("Equal", p, q), b.value("Add", p, b.number(np.log(2))), sum_)


def rounding(op: str, operator: str) -> None:
    """Register a rounding, which leaves integers as they are."""

    @translates(op)
    def rule(b: B, y: X, x: X) -> str:
        return b.value(operator, x.of("f")) if y.kind == "f" else x.of(y.kind)


rounding("floor", "Floor")
rounding("ceil", "Ceil")


@translates("trunc")
def trunc(b: B, y: X, x: X) -> str:
    """sign x · ⌊|x|⌋."""
    return (
        b.value("Mul", b.value("Sign", x.name), b.value("Floor", b.value("Abs", x.name))) if y.kind == "f" else x.name
    )


@translates("round")
def round_(b: B, y: X, x: X, *, decimals: int) -> str:
    """x·10ᵈ to the nearest whole number, the even one of two, over 10ᵈ."""
    if y.kind != "f":
        if decimals < 0:
            raise UnwrittenError("of integers to tens")
        return x.of(y.kind)
    if not decimals:
        return b.value("Round", x.of("f"))
    scale, back = ("Mul", "Div") if decimals > 0 else ("Div", "Mul")
    power = b.number(10.0 ** abs(decimals))
    return b.value(back, b.value("Round", b.value(scale, x.of("f"), power)), power)


@translates("remainder")
def remainder(b: B, y: X, x: X, z: X) -> str:
    """What is left over, with the sign of the divisor."""
    p, q = x.of(y.kind), z.of(y.kind)
    if y.kind == "i":
        return b.value("Mod", p, q)
    rest = b.value("Mod", p, q, fmod=1)  # with the sign of p
    wrong = b.value("Less", b.value("Mul", b.value("Sign", rest), b.value("Sign", q)), b.number(0))
    return b.value("Where", wrong, b.value("Add", rest, q), rest)


@translates("floor_divide")
def floor_divide(b: B, y: X, x: X, z: X) -> str:
    """(a − what is left over) / b."""
    p, q = x.of(y.kind), z.of(y.kind)
    times = b.value("Div", b.value("Sub", p, remainder(b, y, x, z)), q)
    return times if y.kind == "i" else b.value("Round", times)


@translates("clip")
def clip(b: B, y: X, x: X, least: X | None, most: X | None) -> str:
    """min(max(x, least), most); None is no bound."""
    z = x.of(y.kind)
    if least is not None:
        z = b.value("Max", z, least.of(y.kind))
    return z if most is None else b.value("Min", z, most.of(y.kind))


@translates("where")
def where(b: B, y: X, condition: X, x: X, z: X) -> str:
    """x where the condition holds, else the other."""
    return b.value("Where", condition.of("b"), x.of(y.kind), z.of(y.kind))


@translates("not_equal")
def not_equal(b: B, y: X, x: X, z: X) -> str:
    """Not equal."""
    kind = _wider(x, z)
    return b.value("Not", b.value("Equal", x.of(kind), z.of(kind)))


@translates("logical_not")
def logical_not(b: B, y: X, x: X) -> str:
    """Whether it is 0."""
    return b.value("Not", x.of("b"))


@translates("invert")
def invert(b: B, y: X, x: X) -> str:
    """Not x; of an integer −x − 1."""
    return b.value("Not", x.name) if y.kind == "b" else b.value("Sub", b.value("Neg", x.name), b.integers(1))


@translates("isnan")
def isnan(b: B, y: X, x: X) -> str:
    """Whether it is NaN."""
    return b.value("IsNaN", x.of("f"))


@translates("isinf")
def isinf(b: B, y: X, x: X) -> str:
    """Whether it is ∞ or −∞."""
    return b.value("IsInf", x.of("f"))


@translates("isfinite")
def isfinite(b: B, y: X, x: X) -> str:
    """Neither NaN nor infinite: x − x is 0."""
    return b.value("Equal", b.value("Sub", x.of("f"), x.of("f")), b.number(0))
