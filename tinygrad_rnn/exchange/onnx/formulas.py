"""Rules for ops of which ONNX has no operator: each is a formula of several."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from tinygrad_rnn.exchange.onnx.graph import OnnxBuilder
from tinygrad_rnn.exchange.onnx.operands import Operand, UnwrittenError, translates

B: TypeAlias = OnnxBuilder
X: TypeAlias = Operand


def scaled(op: str, factor: float, of: str = "Identity") -> None:
    """Register an op that is a number times x, or times an operator of x."""

    @translates(op)
    def rule(b: B, y: X, x: X) -> str:
        return b.value("Mul", b.value(of, x.of("f")), b.number(factor))


scaled("log2", 1 / np.log(2), "Log")
scaled("log10", 1 / np.log(10), "Log")
scaled("deg2rad", np.pi / 180)
scaled("rad2deg", 180 / np.pi)


@translates("exp2")
def exp2(b: B, y: X, x: X) -> str:
    """2ˣ."""
    return b.value("Pow", b.number(2), x.of("f"))


@translates("cbrt")
def cbrt(b: B, y: X, x: X) -> str:
    """sign x · |x|^⅓."""
    x_ = x.of("f")
    return b.value("Mul", b.value("Sign", x_), b.value("Pow", b.value("Abs", x_), b.number(1 / 3)))


@translates("hypot")
def hypot(b: B, y: X, x: X, z: X) -> str:
    """m·√(1 + (n/m)²), of the larger and the smaller of |a| and |b|: no square overflows."""
    p, q = (b.value("Abs", each.of("f")) for each in (x, z))
    most, least = b.value("Max", p, q), b.value("Min", p, q)
    ratio = b.value("Div", least, b.value("Where", b.value("Equal", most, b.number(0)), b.number(1), most))
    root = b.value("Sqrt", b.value("Add", b.value("Mul", ratio, ratio), b.number(1)))
    infinite = b.value("Or", b.value("IsInf", p), b.value("IsInf", q))
    return b.value("Where", infinite, b.number(np.inf), b.value("Mul", most, root))


def beside_nan(op: str, operator: str) -> None:
    """Register a choice of two that takes the one that is a number beside NaN."""

    @translates(op)
    def rule(b: B, y: X, x: X, z: X) -> str:
        p, q = x.of(y.kind), z.of(y.kind)
        if y.kind != "f":
            return b.value({"Max": "Or", "Min": "And"}[operator] if y.kind == "b" else operator, p, q)
        chosen = b.value("Where", b.value("IsNaN", q), p, b.value(operator, p, q))
        return b.value("Where", b.value("IsNaN", p), q, chosen)


beside_nan("fmax", "Max")
beside_nan("fmin", "Min")


@translates("fmod")
def fmod(b: B, y: X, x: X, z: X) -> str:
    """What is left over, with the sign of a."""
    return b.value("Mod", x.of(y.kind), z.of(y.kind), fmod=1)


@translates("sinc")
def sinc(b: B, y: X, x: X) -> str:
    """sin(πx)/(πx), 1 at 0."""
    at = b.value("Mul", x.of("f"), b.number(np.pi))
    zero = b.value("Equal", at, b.number(0))
    return b.value(
        "Where", zero, b.number(1), b.value("Div", b.value("Sin", at), b.value("Where", zero, b.number(1), at))
    )


@translates("arctan2")
def arctan2(b: B, y: X, x: X, z: X) -> str:
    """arctan |a/b|, turned into the quarter that the signs tell; the sign of a zero counts."""
    p, q = x.of("f"), z.of("f")
    high, wide = b.value("Abs", p), b.value("Abs", q)
    alike = b.value("Equal", high, wide)  # both 0 or both infinite too, of which no quotient tells
    slope = b.value("Where", alike, b.number(1), b.value("Div", high, b.value("Where", alike, b.number(1), wide)))
    none = b.value("And", alike, b.value("Equal", high, b.number(0)))
    angle = b.value("Where", none, b.number(0), b.value("Atan", slope))
    angle = b.value("Where", _negative(b, q), b.value("Sub", b.number(np.pi), angle), angle)
    return b.value("Where", _negative(b, p), b.value("Neg", angle), angle)


def _negative(b: B, x: str) -> str:
    """Whether x is below 0, or −0: 1/x is, then."""
    zero = b.value("Equal", x, b.number(0))
    return b.value("Less", b.value("Where", zero, b.value("Reciprocal", x), x), b.number(0))


@translates("nan_to_num")
def nan_to_num(b: B, y: X, x: X, *, copy: bool, nan: Any, posinf: Any, neginf: Any) -> str:
    """Numbers in the place of NaN, ∞ and −∞."""
    if any(np.ndim(bound) for bound in (nan, posinf, neginf)):
        raise UnwrittenError("with arrays in the place of what is no number")
    if y.kind != "f":
        return x.of(y.kind)
    most = float(np.finfo(np.float32).max)
    high, low = most if posinf is None else posinf, -most if neginf is None else neginf
    x_, zero = x.of("f"), b.number(0)
    bound = b.value("Where", b.value("Greater", x_, zero), b.number(high), b.number(low))
    finite = b.value("Where", b.value("IsInf", x_), bound, x_)
    return b.value("Where", b.value("IsNaN", x_), b.number(nan), finite)


@translates("normal_cdf")
def normal_cdf(b: B, y: X, x: X) -> str:
    """(1 + erf(x/√2))/2: right to the digits of 1, as far as ONNX's operator goes."""
    erf = b.value("Erf", b.value("Mul", x.of("f"), b.number(0.5**0.5)))
    return b.value("Mul", b.value("Add", erf, b.number(1)), b.number(0.5))
