"""Packing: gradients of parts, put side by side once instead of each added into zeros of its own.

    0 + g₁ at rows 1 … H, 0 + g₂ at rows H+1 … 2H, …, all added        →        [g₁, g₂, …]

That is what the gates of a cell come to: its gates are slices of one product, and its gradient is theirs, packed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.compiler.program import Call, Loop, Program, Step, Value
from tinygrad_rnn.engine.op import Op

__all__ = ["PACK", "is_filled", "packed"]


def pack(*parts: np.ndarray, shape: tuple[int, ...], places: tuple[Any, ...], dtype: Any) -> np.ndarray:
    """y[place] = part for each, 0 elsewhere."""
    y = np.zeros(shape, dtype)
    for place, part in zip(places, parts, strict=True):
        y[place] = part
    return y


PACK = Op(pack, differentiable=False)


def is_filled(call: Call) -> bool:
    """Whether the parts of a pack fill it."""
    marks = np.zeros(call.out.shape, bool)
    for place in call.static["places"]:
        marks[place] = True
    return bool(marks.all())


def packed(program: Program) -> Program:
    """The program with sums of parts in zeros as packs."""
    zeros = {value for value, array in program.constants.items() if not array.any()}
    steps = _packed(program.steps, zeros)
    return Program(program.inputs, program.constants, steps, program.outputs)


def _packed(steps: list[Step], zeros: set[Value]) -> list[Step]:
    made: dict[Value, Call] = {}
    kept: list[Step] = []
    for step in steps:
        if isinstance(step, Loop):
            step.body = _packed(step.body, zeros)
            kept.append(step)
            continue
        call = step
        if call.op.name == "index_add" and call.args[0] in zeros and _places(call.static["index"], call.out.shape):
            index = call.static["index"]
            static = {"shape": call.out.shape, "places": (index,), "dtype": call.out.dtype}
            call = Call(PACK, (call.args[1],), static, call.out)
        elif call.op.name == "add":
            joined = _joined([made.get(x) if isinstance(x, Value) else None for x in call.args], call.out)
            call = call if joined is None else joined  # what it was joined from is dead where nobody else reads it
        if call.op is PACK:
            made[call.out] = call
        kept.append(call)
    return kept


def _joined(both: list[Call | None], out: Value) -> Call | None:
    """Two packs as one, where no place is in both."""
    a, b = both
    if a is None or b is None or a.out.dtype != b.out.dtype or a.out.shape != b.out.shape:
        return None
    places = (*a.static["places"], *b.static["places"])
    marks = np.zeros(out.shape, np.uint8)
    for place in places:
        marks[place] += 1
    if marks.max(initial=0) > 1:
        return None
    return Call(PACK, (*a.args, *b.args), {**a.static, "places": places}, out)


def _places(index: Any, shape: tuple[int, ...]) -> bool:
    """Whether an index is made of slices and integers alone."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(type(part) in (slice, int, type(Ellipsis)) for part in parts)
