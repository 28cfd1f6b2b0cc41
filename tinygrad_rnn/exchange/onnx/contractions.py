"""Rules for sums of products: MatMul where it is one, Einsum for all others."""

from __future__ import annotations

from string import ascii_lowercase
from typing import Any, TypeAlias

from tinygrad_rnn.exchange.onnx.graph import OnnxBuilder
from tinygrad_rnn.exchange.onnx.operands import Operand, translates

B: TypeAlias = OnnxBuilder
X: TypeAlias = Operand


@translates("matmul")
def matmul(b: B, y: X, x: X, z: X) -> str:
    """x @ z, which ONNX means as NumPy does."""
    return b.value("MatMul", x.of(y.kind), z.of(y.kind))


@translates("inner")
def inner(b: B, y: X, x: X, z: X) -> str:
    """Σ over both last axes: W applied to each row of x is x Wᵀ."""
    if not x.ndim or not z.ndim:
        return b.value("Mul", x.of(y.kind), z.of(y.kind))
    if z.ndim == 2:
        return b.value("MatMul", x.of(y.kind), z.turned(y.kind))
    return _paired(b, y, x, z, [x.ndim - 1], [z.ndim - 1])


@translates("dot")
def dot(b: B, y: X, x: X, z: X) -> str:
    """Σ over the last axis of x and the last but one of z."""
    if not x.ndim or not z.ndim:
        return b.value("Mul", x.of(y.kind), z.of(y.kind))
    if z.ndim <= 2:
        return b.value("MatMul", x.of(y.kind), z.of(y.kind))
    return _paired(b, y, x, z, [x.ndim - 1], [z.ndim - 2])


@translates("tensordot")
def tensordot(b: B, y: X, x: X, z: X, *, axes: Any) -> str:
    """Σ over pairs of axes."""
    if isinstance(axes, int):
        axes = range(-axes, 0), range(axes)
    left, right = ([side] if isinstance(side, int) else list(side) for side in axes)
    return _paired(b, y, x, z, [k % x.ndim for k in left], [k % z.ndim for k in right])


def _paired(b: B, y: X, x: X, z: X, left: list[int], right: list[int]) -> str:
    """Σ over these axes of x and those of z; the others follow one another."""
    one = list(ascii_lowercase[: x.ndim])
    other = list(ascii_lowercase[x.ndim : x.ndim + z.ndim])
    for p, q in zip(left, right, strict=True):
        other[q] = one[p]
    kept = [c for k, c in enumerate(one) if k not in left] + [c for k, c in enumerate(other) if k not in right]
    return b.value("Einsum", x.of(y.kind), z.of(y.kind), equation=f"{''.join(one)},{''.join(other)}->{''.join(kept)}")


@translates("einsum")
def einsum(b: B, y: X, *xs: X, subscripts: str) -> str:
    """As it is written, in small letters that follow one another as these do: onnxruntime 1.32 knows no others."""
    text = subscripts.replace(" ", "")
    letters = dict(zip(sorted({*text} - {*",.->"}), ascii_lowercase, strict=False))
    return b.value("Einsum", *(x.of(y.kind) for x in xs), equation="".join(letters.get(c, c) for c in text))
