"""Another T without another recording: the rolled program, worked out again for inputs of other shapes.

T = 50, recorded    for t = 1 … 50: …        →        T = 200    for t = 1 … 200: …

A loop runs once for each element of what it slices, so its count follows from the inputs. That is right where nothing
in the recording knew T: the loops are those of the library's layers, and no code of the user's asked for a length, went
through a sequence, or took one apart (`is_general`). A constant of T elements, or an option that has T in it, no longer
fits, and then the function is recorded again.
"""

from __future__ import annotations

import dis
from collections.abc import Iterable, Sequence
from types import CodeType
from typing import Any

import numpy as np

from tinygrad_rnn.compiler.passes.rollup import LEAST
from tinygrad_rnn.compiler.passes.tidy import DRAWS
from tinygrad_rnn.compiler.program import Argument, Call, Carry, Loop, Program, Step, Value

__all__ = ["is_general", "resized"]

ASKING = frozenset({"shape", "size", "unroll", "unrolled", "step", "cells", "__len__", "tolist", "strides", "nbytes"})
GOING_THROUGH = frozenset({
    "len", "range", "enumerate", "zip", "map", "filter", "list", "tuple", "sorted", "reversed", "iter", "next", "sum",
    "max", "min", "any", "all", "set", "dict", "unroll", "getattr", "vars",
})  # fmt: skip


def is_general(codes: Iterable[CodeType], numbers: Iterable[int], counts: set[int]) -> bool:
    """Whether none of this code, and no number that it reaches, can have to do with how long a sequence is."""
    if not counts.isdisjoint(numbers):
        return False
    for code in codes:
        if any(_holds(constant, counts) for constant in code.co_consts):
            return False
        for each in dis.get_instructions(code):
            if each.opname in ("FOR_ITER", "GET_ITER", "SEND", "CALL_FUNCTION_EX", "LIST_EXTEND", "UNPACK_EX"):
                return False
            if each.opname in ("LOAD_GLOBAL", "LOAD_NAME") and each.argval in GOING_THROUGH:
                return False
            if each.opname in ("LOAD_ATTR", "LOAD_METHOD") and each.argval in ASKING:
                return False
    return True


def _holds(constant: Any, counts: set[int]) -> bool:
    if isinstance(constant, tuple):
        return any(_holds(item, counts) for item in constant)
    return type(constant) is int and constant in counts


def resized(program: Program, shapes: Sequence[tuple[int, ...]]) -> Program:
    """The rolled program for inputs of these shapes.

    Raises:
        Exception: whatever an op says where something in the program belongs to the old shapes.
    """
    return _Resize(program, shapes).program()


class _Resize:
    def __init__(self, program: Program, shapes: Sequence[tuple[int, ...]]) -> None:
        self.source = program
        self.new = {
            x: Value(shape, x.dtype, x.name) for x, shape in zip(program.inputs, shapes, strict=True)
        } | {x: x for x in program.constants}  # fmt: skip

    def program(self) -> Program:
        steps = self._steps(self.source.steps)
        inputs = [self.new[x] for x in self.source.inputs]
        return Program(inputs, dict(self.source.constants), steps, [self._of(out) for out in self.source.outputs])

    def _of(self, x: Argument) -> Any:
        return self.new[x] if isinstance(x, Value) else x

    def _steps(self, steps: list[Step]) -> list[Step]:
        return [self._call(step) if isinstance(step, Call) else self._loop(step) for step in steps]

    def _call(self, call: Call) -> Call:
        args = tuple(map(self._of, call.args))
        if call.op.name == DRAWS:
            shape = call.out.shape
        else:
            with np.errstate(all="ignore"):
                like = [_stand_in(x, self.source.constants) for x in args]
                shape = np.asarray(call.op.forward(*like, **call.static)).shape
        self.new[call.out] = Value(shape, call.out.dtype, call.out.name)
        return Call(call.op, args, call.static, self.new[call.out])

    def _loop(self, loop: Loop) -> Loop:
        counts = {self.new[outside].shape[0] for outside in loop.slices.values()} or {loop.count}
        if len(counts) != 1 or min(counts) < LEAST:  # with fewer, the recording itself would have no loop
            raise ValueError(f"a loop over sequences of {counts} steps")
        [count] = counts
        fresh = Loop(count, loop.backwards)
        for inside, outside in loop.slices.items():
            self.new[inside] = Value(self.new[outside].shape[1:], inside.dtype, inside.name)
            fresh.slices[self.new[inside]] = self.new[outside]
        for carry in loop.carries:
            self.new[carry.start] = Value(self.new[carry.first].shape, carry.start.dtype, carry.start.name)
        fresh.body = self._steps(loop.body)
        for carry in loop.carries:
            start, first, end = (self.new[x] for x in (carry.start, carry.first, carry.end))
            if end.shape != start.shape:
                raise ValueError(f"a state of shape {start.shape} becomes one of {end.shape}")
            fresh.carries.append(Carry(start, first, end))
        for outside, inside in loop.stacks.items():
            self.new[outside] = Value((count, *self.new[inside].shape), outside.dtype, outside.name)
            fresh.stacks[self.new[outside]] = self.new[inside]
        return fresh


def _stand_in(x: Argument, constants: dict[Value, np.ndarray]) -> Any:
    if not isinstance(x, Value):
        return x
    if x in constants:
        return constants[x]
    return np.broadcast_to(np.full((1,) * x.ndim, x.dtype.kind == "f", x.dtype), x.shape)
