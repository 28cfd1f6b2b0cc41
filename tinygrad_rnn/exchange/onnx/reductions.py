"""Rules for ops that make fewer numbers of many, and those that run along an axis."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from tinygrad_rnn.exchange.onnx.arrangement import flattened, reshaped
from tinygrad_rnn.exchange.onnx.graph import KINDS, OnnxBuilder
from tinygrad_rnn.exchange.onnx.operands import Operand, translates
from tinygrad_rnn.exchange.onnx.sizes import Dim, Kind, Size

B: TypeAlias = OnnxBuilder
X: TypeAlias = Operand


def axes_of(x: X, axis: Any) -> list[int]:
    """The axes that a reduction takes, counted from the front."""
    if axis is None or not x.ndim:
        return list(range(x.ndim))
    return [int(k) % x.ndim for k in (axis if isinstance(axis, tuple | list) else (axis,))]


def reduce(b: B, operator: str, x: str, axes: list[int], ndim: int, keepdims: bool) -> str:
    """x reduced over axes; over none, over one of size 1 that is put behind."""
    if not axes:
        x, axes, keepdims = b.value("Unsqueeze", x, b.integers([ndim])), [ndim], False
    if operator == "ReduceSum":  # the one whose axes are an input before opset 18
        return b.value(operator, x, b.integers(axes), keepdims=int(keepdims))
    return b.value(operator, x, axes=axes, keepdims=int(keepdims))


def reduced(op: str, operator: str) -> None:
    """Register a reduction that is one operator."""

    @translates(op)
    def rule(b: B, y: X, x: X, *, axis: Any, keepdims: bool) -> str:
        return reduce(b, operator, x.of(y.kind), axes_of(x, axis), x.ndim, keepdims)


for name, operator in {"sum": "ReduceSum", "mean": "ReduceMean", "prod": "ReduceProd"}.items():
    reduced(name, operator)


def extreme(op: str, operator: str) -> None:
    """Register the largest or the smallest, of booleans as of 0 and 1."""

    @translates(op)
    def rule(b: B, y: X, x: X, *, axis: Any, keepdims: bool) -> str:
        z = reduce(b, operator, x.of("i" if x.kind == "b" else x.kind), axes_of(x, axis), x.ndim, keepdims)
        return z if y.kind != "b" else b.value("Cast", z, to=b.kind(np.bool_))


for name, operator in {"max": "ReduceMax", "min": "ReduceMin"}.items():
    extreme(name, operator)


@translates("any")
def any_(b: B, y: X, x: X, *, axis: Any, keepdims: bool) -> str:
    """Whether more than none are true."""
    true = b.value("Cast", x.of("b"), to=b.kind(np.int64))
    return b.value("Greater", reduce(b, "ReduceSum", true, axes_of(x, axis), x.ndim, keepdims), b.integers(0))


@translates("all")
def all_(b: B, y: X, x: X, *, axis: Any, keepdims: bool) -> str:
    """Whether none is false."""
    false = b.value("Cast", b.value("Not", x.of("b")), to=b.kind(np.int64))
    return b.value("Equal", reduce(b, "ReduceSum", false, axes_of(x, axis), x.ndim, keepdims), b.integers(0))


@translates("var")
def var(b: B, y: X, x: X, *, axis: Any, ddof: float, keepdims: bool) -> str:
    """Σ (x − x̄)² / (n − ddof)."""
    axes, z = axes_of(x, axis), x.of("f")
    off = b.value("Sub", z, reduce(b, "ReduceMean", z, axes, x.ndim, True)) if axes else b.value("Sub", z, z)
    squares = b.value("Mul", off, off)
    if not ddof:
        return reduce(b, "ReduceMean", squares, axes, x.ndim, keepdims)
    n: list[Dim] = [x.shape[k] for k in axes] or [1]
    count = b.value("ReduceProd", b.value("Cast", b.shape(n), to=b.kind(np.float32)), keepdims=0)
    rest = b.value("Max", b.value("Sub", count, b.weight("ddof", ddof)), b.weight("zero", 0))
    return b.value("Div", reduce(b, "ReduceSum", squares, axes, x.ndim, keepdims), rest)


@translates("std")
def std(b: B, y: X, x: X, **static: Any) -> str:
    """√var."""
    return b.value("Sqrt", var(b, y, x, **static))


@translates("euclidean_norm")
def euclidean_norm(b: B, y: X, x: X, *, axis: Any, keepdims: bool) -> str:
    """√Σ x²."""
    return reduce(b, "ReduceL2", x.of("f"), axes_of(x, axis), x.ndim, keepdims)


def _shifted(b: B, x: str, axes: list[int], ndim: int) -> tuple[str, str]:
    """(x less its largest, the largest), 0 in the place of one that is not finite."""
    top = reduce(b, "ReduceMax", x, axes, ndim, True)
    finite = b.value("Equal", b.value("Sub", top, top), b.weight("zero", 0))
    top = b.value("Where", finite, top, b.weight("zero", 0))
    return b.value("Sub", x, top), top


def _total(b: B, e: str, axes: list[int], ndim: int) -> str:
    """Σ e, or 1 where every e is 0."""
    total = reduce(b, "ReduceSum", e, axes, ndim, True)
    nothing = b.value("Equal", total, b.weight("zero", 0))
    return b.value("Where", nothing, b.weight("one", 1), total)


@translates("softmax")
def softmax(b: B, y: X, x: X, *, axis: Any) -> str:
    """eˣ / Σ eˣ; all 0 where every x is −∞, of which ONNX's own operator makes NaN."""
    axes, ndim, z = _lines(b, x, axis)
    e = b.value("Exp", _shifted(b, z, axes, ndim)[0])
    return _back(b, b.value("Div", e, _total(b, e, axes, ndim)), x)


@translates("log_softmax")
def log_softmax(b: B, y: X, x: X, *, axis: Any) -> str:
    """x − log Σ eˣ."""
    axes, ndim, z = _lines(b, x, axis)
    off, _ = _shifted(b, z, axes, ndim)
    return _back(b, b.value("Sub", off, b.value("Log", _total(b, b.value("Exp", off), axes, ndim))), x)


@translates("logsumexp")
def logsumexp(b: B, y: X, x: X, *, axis: Any, keepdims: bool) -> str:
    """log Σ eˣ, −∞ where every x is."""
    axes, ndim, z = _lines(b, x, axis)
    off, top = _shifted(b, z, axes, ndim)
    whole = b.value("Add", b.value("Log", reduce(b, "ReduceSum", b.value("Exp", off), axes, ndim, True)), top)
    return reshaped(b, whole, y.shape) if ndim != x.ndim else whole if keepdims else b.value(
        "Squeeze", whole, b.integers(axes))  # fmt: skip


def _lines(b: B, x: X, axis: Any) -> tuple[list[int], int, str]:
    """(axes, how many there are, x): with one of size 1 behind, where there would be none to run along."""
    axes, z = axes_of(x, axis), x.of("f")
    return (axes, x.ndim, z) if axes else ([x.ndim], x.ndim + 1, b.value("Unsqueeze", z, b.integers([x.ndim])))


def _back(b: B, z: str, x: X) -> str:
    return z if x.ndim else b.value("Squeeze", z, b.integers([0]))


@translates("cumsum")
def cumsum(b: B, y: X, x: X, *, axis: Any) -> str:
    """Running sums; of the flattened x where axis is None."""
    if axis is None or not x.ndim:
        return b.value("CumSum", flattened(b, x.of(y.kind), x.ndim), b.integers(0))
    return b.value("CumSum", x.of(y.kind), b.integers(axis % x.ndim))


def place(op: str, operator: str) -> None:
    """Register where the largest or the smallest stands, the first of equals."""

    @translates(op)
    def rule(b: B, y: X, x: X, *, axis: Any, keepdims: bool) -> str:
        z = x.of("i" if x.kind == "b" else x.kind)
        if axis is not None and x.ndim:
            return b.value(operator, z, axis=axis % x.ndim, keepdims=int(keepdims))
        found = b.value(operator, flattened(b, z, x.ndim), axis=0, keepdims=1)
        return reshaped(b, found, y.shape)


for name, operator in {"argmax": "ArgMax", "argmin": "ArgMin"}.items():
    place(name, operator)


def ordered(op: str, output: int) -> None:
    """Register what TopK of all elements gives, the smallest first: in order, or where each stood."""

    @translates(op)
    def rule(b: B, y: X, x: X, *, axis: Any) -> str:
        z = x.of("i" if x.kind == "b" else x.kind)
        along = y.ndim - 1 if axis is None or not x.ndim else int(axis) % x.ndim
        z = flattened(b, z, x.ndim) if axis is None or not x.ndim else z
        found = b.node("TopK", z, b.size(y.shape[along]), count=2, axis=along, largest=0, sorted=1)[output]
        return b.value("Cast", found, to=b.kind(np.bool_)) if y.kind == "b" else found


ordered("sort", 0)
ordered("argsort", 1)


@translates("cumprod")
def cumprod(b: B, y: X, x: X, *, axis: Any) -> str:
    """yₖ = yₖ₋₁ xₖ: a Scan, as ONNX has no operator for it."""
    line, along, shape = (x.of(y.kind), int(axis) % x.ndim, x.shape) if axis is not None and x.ndim else (
        flattened(b, x.of(y.kind), x.ndim), 0, y.shape)  # fmt: skip
    rest = tuple(str(n) if isinstance(n, Size) else n for n in (*shape[:along], *shape[along + 1 :]))
    kind = Kind(rest, KINDS[y.kind])
    ones = b.value("Expand", b.constant("one", np.ones((), kind.dtype)), b.shape([*shape[:along], *shape[along + 1 :]]))
    body = b.body("product", {"y": kind, "x": kind}, [kind, kind], lambda names: [b.value("Mul", *names)] * 2)
    return b.node("Scan", ones, line, count=2, body=body, num_scan_inputs=1, scan_input_axes=[along],
                  scan_output_axes=[along])[1]  # fmt: skip
