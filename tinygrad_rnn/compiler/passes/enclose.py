"""Enclosing: a program without loops, as a loop of one step, so that its elementwise calls become kernels too.

One step of a network that writes a text has as many calls as each step of one that reads one.
"""

from __future__ import annotations

from tinygrad_rnn.compiler.program import Call, Loop, Program, Step, Value
from tinygrad_rnn.engine.op import REGISTRY

__all__ = ["enclosed"]

FEW = 8  # calls that are not worth it


def enclosed(program: Program) -> Program:
    """The program as a loop of one step; as it is where it has loops, or little to do."""
    if len(program.steps) < FEW or any(isinstance(step, Loop) for step in program.steps):
        return program
    made = {step.out for step in program.steps if isinstance(step, Call)}
    loop = Loop(1, body=list(program.steps))
    after: list[Step] = []
    names: dict[Value, Value] = {}
    for out in program.outputs:
        if isinstance(out, Value) and out in made and out not in names:
            names[out] = Value(out.shape, out.dtype, out.name)
            after.append(Call(REGISTRY["getitem"], (loop.stacked(out),), {"index": 0}, names[out]))
    outputs = [names.get(out, out) if isinstance(out, Value) else out for out in program.outputs]
    return Program(program.inputs, program.constants, [loop, *after], outputs)
