"""Plan: what a recording was made into, ready to run, to read and to count.

trace  →  arranged  →  derive  →  improved  →  Replay, one for each call whose backward is still to come
"""

from __future__ import annotations

import re
from collections import deque

from tinygrad_rnn.compiler.derive import depending, derive
from tinygrad_rnn.compiler.passes import arranged, improved
from tinygrad_rnn.compiler.program import Call, Program, Step, Value
from tinygrad_rnn.compiler.replay import Replay, build
from tinygrad_rnn.compiler.trace import Trace

__all__ = ["Plan"]


class Plan:
    """How a function is run again: print it to read every call.

    Attributes:
        trace: the recording.
        program: what is run, forward and then backward.
        cut: how many of its steps are the forward pass.
        flowing: which outputs a gradient flows back from.
        reached: which inputs it reaches.
        shapes, dtypes: of the outputs.
    """

    def __init__(self, trace: Trace, source: Program, fast: bool) -> None:
        self.trace, self.fast = trace, fast
        self.source = source
        source = arranged(source)
        constants = dict(source.constants)
        moving = {source.inputs[k] for k in trace.moving}
        depends = depending(source.steps, moving)
        self.flowing = [k for k, out in enumerate(source.outputs) if out in depends and out.dtype.kind == "f"]
        starts: dict[Value, list[Value]] = {}
        self.cotangents: list[Value] = []
        for k in self.flowing:
            out = source.outputs[k]
            g = Value(out.shape, out.dtype, f"∂{out.name}" if out.name else "")
            self.cotangents.append(g)
            starts.setdefault(out, []).append(g)
        back, found = derive(source.steps, list(moving), starts, constants) if self.flowing else ([], {})
        self.reached = [k for k in trace.moving if source.inputs[k] in found]
        gradients = [found[source.inputs[k]] for k in self.reached]
        self.shapes = [out.shape for out in source.outputs]
        self.dtypes = [out.dtype for out in source.outputs]
        whole = Program([*source.inputs, *self.cotangents], constants, source.steps + back, source.outputs + gradients)
        self.program = improved(whole, fast, forward=not self.flowing)
        self.program.steps, self.cut = _parted(self.program.steps, set(self.cotangents))
        self.free: deque[Replay] = deque()

    def replay(self) -> Replay:
        """One that nobody is using."""
        try:
            return self.free.pop()
        except IndexError:
            return build(self.program, self.cut, len(self.shapes), len(self.cotangents), self.fast)

    @property
    def recorded(self) -> int:
        """How many ops the function itself runs, its loops step by step."""
        return sum(_count(step) for step in self.source.steps)

    @property
    def calls(self) -> int:
        """How many calls a replay makes, forward and backward."""
        source = (self.free[-1] if self.free else self.replay()).source
        lines, times = source.splitlines(), 1
        total = 0
        for line in lines:
            if line.lstrip().startswith("for "):
                times = int((re.search(r"# (\d+) times", line) or ["", "1"])[1])
            elif line.startswith("    ") and not line.lstrip().startswith("return"):
                total += times if line.startswith("        ") else 1
        return total

    def saved(self) -> str:
        """What it saves, in a line."""
        by = "NumPy and kernels by numba" if self.fast else "NumPy alone; pip install tinygrad-rnn[fast] adds kernels"
        return f"{self.recorded:,} ops of the forward pass, and their gradients, are {self.calls:,} calls ({by})"

    def __str__(self) -> str:
        return str(self.program)


def _count(step: Step) -> int:
    return 1 if isinstance(step, Call) else step.count * sum(map(_count, step.body))


def _parted(steps: list[Step], cotangents: set[Value]) -> tuple[list[Step], int]:
    """The steps that need no gradient first, and how many they are."""
    late = set(cotangents)
    ahead: list[Step] = []
    back: list[Step] = []
    for step in steps:
        if any(x in late for x in step.reads()):
            late.update(step.writes())
            back.append(step)
        else:
            ahead.append(step)
    return ahead + back, len(ahead)
