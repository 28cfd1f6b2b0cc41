"""Flattening: a product over the last axis of several is one of matrices.

x (T, B, I) W   →   x (T·B, I) W, and back to (T, B, O)
"""

from __future__ import annotations

from math import prod

from tinygrad_rnn.compiler.passes.vector import is_product
from tinygrad_rnn.compiler.program import Call, Program, Step, Value
from tinygrad_rnn.engine.op import REGISTRY

__all__ = ["flattened"]


def flattened(program: Program) -> Program:
    """The program, its products outside of loops as products of matrices."""
    steps = [part for step in program.steps for part in (_flat(step) if isinstance(step, Call) else [step])]
    return Program(program.inputs, program.constants, steps, program.outputs)


def _flat(call: Call) -> list[Step]:
    if not is_product(call.op):
        return [call]
    x, w = call.args
    if not (isinstance(x, Value) and isinstance(w, Value) and x.ndim > 2 and w.ndim == 2):
        return [call]
    count, columns = prod(x.shape[:-1]), call.out.shape[-1]
    rows = Value((count, x.shape[-1]), x.dtype, x.name)
    flat = Value((count, columns), call.out.dtype, call.out.name)
    reshape = REGISTRY["reshape"]
    return [
        Call(reshape, (x,), {"shape": rows.shape}, rows),
        Call(call.op, (rows, w), call.static, flat),
        Call(reshape, (flat,), {"shape": call.out.shape}, call.out),
    ]
