"""Program: what was recorded, as calls of ops on values; a part that repeats over time stands in it once, as a Loop.

    Call   y = op(x₁, x₂, …; static)
    Loop   for t = 1 … T (or T … 1):   x_t = X[t]                 slices: what is read at each step
                                       h = (first, then) h′        carries: what goes on to the next step
                                       body: calls
                                       Y[t] = y_t                  stacks: what is kept of every step
                                       S += s_t                    sums

Values are single assignments: each is made in one place, so a pass may move calls freely as long as what a call reads
was made before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from tinygrad_rnn.engine.op import Op

__all__ = ["Argument", "Call", "Carry", "Loop", "Program", "Step", "Value", "made_by", "read_by"]


class Value:
    """One array of a program, known by its shape and dtype.

    Attributes:
        name: what people call it: "W_hh", "h"; empty where it has none.
    """

    __slots__ = ("dtype", "name", "shape")

    def __init__(self, shape: tuple[int, ...], dtype: Any, name: str = "") -> None:
        self.shape, self.dtype, self.name = shape, np.dtype(dtype), name

    @classmethod
    def like(cls, array: np.ndarray, name: str = "") -> Value:
        """One that may hold this array."""
        return cls(array.shape, array.dtype, name)

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    def __repr__(self) -> str:
        return f"<{self.name or 'value'} {self.shape} {self.dtype}>"


Argument: TypeAlias = "Value | Any"  # a number that stood in the program is one itself


@dataclass(eq=False)
class Call:
    """y = op(*args, **static)."""

    op: Op
    args: tuple[Argument, ...]
    static: Mapping[str, Any]
    out: Value

    def reads(self) -> Iterator[Value]:
        """The values it reads."""
        return (arg for arg in self.args if isinstance(arg, Value))

    def writes(self) -> Iterator[Value]:
        """The value it makes."""
        yield self.out

    def renamed(self, of: Callable[[Argument], Argument]) -> Call:
        """The same call of other values."""
        return Call(self.op, tuple(map(of, self.args)), self.static, self.out)


@dataclass(eq=False)
class Carry:
    """What goes from one step to the next: `start` in the body is `first` at the first step, then the `end` before."""

    start: Value
    first: Value
    end: Value


@dataclass(eq=False)
class Loop:
    """A body that runs once for each of `count` steps, from the last to the first where it is `backwards`."""

    count: int
    backwards: bool = False
    body: list[Step] = field(default_factory=list)
    slices: dict[Value, Value] = field(default_factory=dict)  # in the body: outside
    carries: list[Carry] = field(default_factory=list)
    stacks: dict[Value, Value] = field(default_factory=dict)  # outside: in the body
    sums: dict[Value, Value] = field(default_factory=dict)  # outside: in the body

    def reads(self) -> Iterator[Value]:
        """The values from outside that it reads."""
        own = {*self.slices, *(carry.start for carry in self.carries), *made_by(self.body)}
        yield from self.slices.values()
        yield from (carry.first for carry in self.carries)
        ends = [*(carry.end for carry in self.carries), *self.stacks.values(), *self.sums.values()]
        yield from (value for value in (*read_by(self.body), *ends) if value not in own)

    def writes(self) -> Iterator[Value]:
        """The values that are there when it has run."""
        yield from self.stacks
        yield from self.sums

    def stacked(self, value: Value) -> Value:
        """All the steps' values of one in the body, (T, …), from now on kept."""
        for outside, inside in self.stacks.items():
            if inside is value:
                return outside
        if value in self.slices:
            return self.slices[value]
        outside = Value((self.count, *value.shape), value.dtype, value.name)
        self.stacks[outside] = value
        return outside


Step: TypeAlias = Call | Loop


def read_by(steps: list[Step]) -> Iterator[Value]:
    """Every value that one of the steps reads, in order, as often as it does."""
    for step in steps:
        yield from step.reads()


def made_by(steps: list[Step]) -> Iterator[Value]:
    """Every value that the steps make."""
    for step in steps:
        yield from step.writes()


@dataclass(eq=False)
class Program:
    """Steps from inputs and constants to outputs.

    Attributes:
        inputs: in the order in which they are given.
        constants: arrays that are the same each time.
        fixed: whether it is the program of one T alone.
    """

    inputs: list[Value]
    constants: dict[Value, np.ndarray]
    steps: list[Step]
    outputs: list[Argument]
    fixed: bool = False

    def __str__(self) -> str:
        return "\n".join(text(self))


def text(program: Program) -> Iterator[str]:
    """The program, a line for each call."""
    names: dict[Value, str] = {}

    def named(value: Any) -> str:
        if not isinstance(value, Value):
            return repr(value) if not isinstance(value, np.ndarray) else f"array {value.shape}"
        if value not in names:
            names[value] = f"{value.name.replace(' ', '_') or 'v'}.{len(names) + 1}"
        return names[value]

    def lines(steps: list[Step], indent: str) -> Iterator[str]:
        for step in steps:
            if isinstance(step, Call):
                options = "".join(f", {name}={value!r:.40}" for name, value in step.static.items())
                made = f"{indent}{named(step.out)} = {step.op.name}({', '.join(map(named, step.args))}{options})"
                yield f"{made}   {step.out.shape}"
                continue
            yield f"{indent}for t = {'T … 1' if step.backwards else '1 … T'}, T = {step.count}:"
            yield from (f"{indent}  {named(x)} = {named(xs)}[t]" for x, xs in step.slices.items())
            for carry in step.carries:
                first, end = named(carry.first), named(carry.end)
                yield f"{indent}  {named(carry.start)} = {first}, then {end} of the step before"
            yield from lines(step.body, indent + "  ")
            yield from (f"{indent}  {named(ys)}[t] = {named(y)}" for ys, y in step.stacks.items())
            yield from (f"{indent}  {named(s)} += {named(y)}" for s, y in step.sums.items())

    yield f"inputs   {', '.join(f'{named(x)} {x.shape}' for x in program.inputs)}"
    yield from lines(program.steps, "")
    yield f"outputs  {', '.join(map(named, program.outputs))}"
