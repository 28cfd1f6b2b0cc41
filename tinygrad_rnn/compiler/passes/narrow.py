"""Narrowing: a slice of a sum is the sum of slices.

z = p + q (B, 4H);  i = z[:, :H], f = z[:, H:2H], …        →        i = p[:, :H] + q[:, :H], …

Then all that happens to one gate happens to arrays of one shape, and can be one kernel.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from tinygrad_rnn.compiler.passes.vector import is_elementwise
from tinygrad_rnn.compiler.program import Argument, Call, Loop, Program, Step, Value, read_by
from tinygrad_rnn.engine.op import REGISTRY

__all__ = ["narrowed"]


def narrowed(program: Program) -> Program:
    """The program, its slices as early as they can be in every loop."""
    for step in program.steps:
        if isinstance(step, Loop):
            kept = {*step.stacks.values(), *step.sums.values(), *(carry.end for carry in step.carries)}
            while _narrow(step, kept):
                pass
    return program


def _narrow(loop: Loop, kept: set[Value]) -> bool:
    """Move the slices of one value before the call that makes it; whether there was one."""
    makers = {call.out: call for call in loop.body if isinstance(call, Call)}
    uses = Counter(read_by(loop.body))
    slices: dict[Value, list[Call]] = {}
    for call in makers.values():
        if call.op.name == "getitem" and _last(call) is not None and call.args[0] in makers:
            slices.setdefault(call.args[0], []).append(call)
    for x, those in slices.items():
        maker = makers[x]
        if x in kept or uses[x] != len(those) or not is_elementwise(maker.op) or not x.ndim:
            continue
        body: list[Step] = []
        for step in loop.body:
            if step is maker:
                continue
            if step in those:
                assert isinstance(step, Call)
                part = _last(step)
                args = tuple(_sliced(arg, x, part, body) for arg in maker.args)
                body.append(Call(maker.op, args, maker.static, step.out))
            else:
                body.append(step)
        loop.body = body
        return True
    return False


def _last(call: Call) -> slice | None:
    """The slice of the last axis that the call takes, where it takes all of the others."""
    index = call.static["index"]
    parts = list(index) if isinstance(index, tuple) else [index]
    x = call.args[0]
    if not isinstance(x, Value) or call.out.ndim != x.ndim or not parts or type(parts[-1]) is not slice:
        return None
    if len(parts) != x.ndim and Ellipsis not in parts:
        return None
    before = [part for part in parts[:-1] if part is not Ellipsis]
    return parts[-1] if all(part == slice(None) for part in before) and parts[-1].step in (None, 1) else None


def _sliced(arg: Argument, x: Value, part: Any, body: list[Step]) -> Argument:
    """An argument of what made x, as what makes that part of x reads it."""
    if not isinstance(arg, Value) or not arg.ndim or arg.shape[-1] != x.shape[-1]:
        return arg
    size = len(range(*part.indices(arg.shape[-1])))
    out = Value((*arg.shape[:-1], size), arg.dtype, arg.name)
    body.append(Call(REGISTRY["getitem"], (arg,), {"index": (..., part)}, out))
    return out
