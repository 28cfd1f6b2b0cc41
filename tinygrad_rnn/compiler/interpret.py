"""The plain way to run a program: every call is its op's forward, every loop a loop. What faster ways are tested by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_rnn.compiler.program import Call, Loop, Program, Step, Value

__all__ = ["interpret", "run"]

Arrays = dict[Value, np.ndarray]


def interpret(program: Program, inputs: Sequence[np.ndarray]) -> list[Any]:
    """The outputs for these inputs."""
    known: Arrays = {**program.constants, **dict(zip(program.inputs, inputs, strict=True))}
    run(program.steps, known)
    return [known[out] if isinstance(out, Value) else out for out in program.outputs]


def run(steps: list[Step], known: Arrays) -> None:
    """Run the steps; what they make is added to `known`."""
    for step in steps:
        if isinstance(step, Call):
            args = [known[arg] if isinstance(arg, Value) else arg for arg in step.args]
            known[step.out] = np.asarray(step.op.forward(*args, **step.static))
        else:
            _loop(step, known)


def _loop(loop: Loop, known: Arrays) -> None:
    kept: dict[Value, dict[int, np.ndarray]] = {outside: {} for outside in loop.stacks}
    for n in range(loop.count):
        t = loop.count - 1 - n if loop.backwards else n
        ends = [known[carry.end if n else carry.first] for carry in loop.carries]
        known.update((carry.start, end) for carry, end in zip(loop.carries, ends, strict=True))
        known.update((x, known[xs][t]) for x, xs in loop.slices.items())
        run(loop.body, known)
        for outside, inside in loop.stacks.items():
            kept[outside][t] = known[inside]
        for outside, inside in loop.sums.items():
            known[outside] = known[outside] + known[inside] if n else known[inside]
    for outside, by_step in kept.items():
        known[outside] = np.stack([by_step[t] for t in range(loop.count)])
