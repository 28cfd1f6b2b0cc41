"""A random graph of ops, and its source.

    inputs  a = np.array([0.1])                 values flow down; a line may use any value above it, more than once
    lines   b = tg.tanh(a)
            c = tg.multiply(b, a)
    result  c                                   the last value that an input reaches; what it does not need is left out

A Program is called on arrays or Tensors, or run with any other table of functions: torch's, or plain NumPy's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from inspect import Parameter, Signature
from typing import Any

import numpy as np  # noqa: F401  (the doctests)

from tinygrad_rnn.engine.tensor import Array
from tinygrad_rnn.engine.trees import flatten
from tinygrad_rnn.testing.draw.call import Call, names, public
from tinygrad_rnn.testing.report.again import Script
from tinygrad_rnn.testing.report.text import Name

Lookup = Callable[[str], Callable[..., Any]]


@dataclass(frozen=True, eq=False)
class Line:
    """One value: the op that makes it, of operands that are Names and constants. `name[k]` is part k of a list."""

    name: Name
    call: Call

    @property
    def operands(self) -> list[Name]:
        """The values it uses, one for each use; a part counts as the whole."""
        return [whole(leaf) for leaf in flatten(self.call.args)[0] if isinstance(leaf, Name)]

    def __str__(self) -> str:
        return f"{self.name} = {self.call!r}"


def whole(name: Name) -> Name:
    """The value that a part belongs to.

    >>> whole(Name("c[1]"))
    c
    """
    return Name(name.partition("[")[0])


@dataclass(frozen=True, eq=False)
class Program:
    """A graph of ops; repr gives source that defines its inputs and `program(…)`.

    >>> program = Program((np.array([0.5]),), (Line(Name("b"), Call("tanh", (Name("a"),))),), Name("b"))
    >>> program(*program.inputs)
    array([0.46211716])
    >>> print(program)
    import numpy as np
    import tinygrad_rnn as tg
    <BLANKLINE>
    a = np.array([0.5])
    <BLANKLINE>
    def program(a):
        b = tg.tanh(a)
        return b
    """

    inputs: tuple[Array, ...]
    lines: tuple[Line, ...]
    result: Name
    __name__ = "program"

    @property
    def __signature__(self) -> Signature:
        return Signature([Parameter(name, Parameter.POSITIONAL_OR_KEYWORD) for name in self.names])

    @property
    def names(self) -> list[Name]:
        """What the inputs are called."""
        free = names()
        return [next(free) for _ in self.inputs]

    @property
    def ops(self) -> list[str]:
        """The ops, in order."""
        return [line.call.name for line in self.lines]

    @property
    def depth(self) -> int:
        """How many ops the longest way from an input to the result passes."""
        depths: dict[Name, int] = {}
        for line in self.lines:
            depths[line.name] = 1 + max((depths.get(name, 0) for name in line.operands), default=0)
        return depths.get(whole(self.result), 0)

    def __call__(self, *inputs: Any) -> Any:
        return run(self, public, *inputs)

    def source_in(self, script: Script) -> str:
        """Define it in a script, its inputs and the ops that are not the library's before it."""
        script.imports |= {"import numpy as np": None, "import tinygrad_rnn as tg": None}
        for name, x in zip(self.names, self.inputs, strict=True):
            script.input(name, x)
        for line in self.lines:
            line.call.define(script)
        body = [*map(str, self.lines), f"return {self.result}"]
        script.lines += ["", f"def program({', '.join(self.names)}):", *(f"    {line}" for line in body)]
        return "program"

    def __repr__(self) -> str:
        script = Script()
        self.source_in(script)
        return str(script)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """How Hypothesis shows it: the source, not the fields."""
        printer.text(f"\n{self!r}\n")


def run(program: Program, lookup: Lookup, *inputs: Any) -> Any:
    """The result of a program whose ops are what `lookup` makes of their names.

    >>> program = Program((np.zeros(1),), (Line(Name("b"), Call("tanh", (Name("a"),))),), Name("b"))
    >>> run(program, {"tanh": np.cosh}.get, np.zeros(1))
    array([1.])
    """
    values: dict[str, Any] = dict(zip(program.names, inputs, strict=True))
    for line in program.lines:
        call = line.call
        args = call.replaced(lambda x: values[x] if isinstance(x, Name) else x)
        y = (call.fn or lookup(call.name))(*args, **call.static)
        values.update(parts(line.name, y))
    return values[program.result]


def parts(name: Name, y: Any) -> Iterator[tuple[Name, Any]]:
    """What a line defines: its value, or those of a list."""
    if isinstance(y, list | tuple):
        return ((Name(f"{name}[{k}]"), part) for k, part in enumerate(y))
    return iter([(name, y)])
