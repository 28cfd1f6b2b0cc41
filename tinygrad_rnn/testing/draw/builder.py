"""A program while it is drawn: op after op, each run on NumPy at once, so that what is added is known to be sound.

    op   its spec picks operands: values that are there and fit, else a new input or a constant
    run  finite, small, away from kinks?  yes: a line.  no: once more with new operands.  no again: no line.

Nothing is rejected, so Hypothesis never draws in vain; and it can take any node out of the middle, for operands are
counted back from the newest value.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import Any, Protocol

import numpy as np

from tinygrad_rnn.engine.op import REGISTRY
from tinygrad_rnn.engine.tensor import Array
from tinygrad_rnn.testing.draw.call import Call, is_float, names
from tinygrad_rnn.testing.draw.choices import Within, domain_of
from tinygrad_rnn.testing.draw.operands import ANY, Fresh, Pick, Shapes
from tinygrad_rnn.testing.draw.program import Line, Program, parts, whole
from tinygrad_rnn.testing.draw.source import Source, choose, flag
from tinygrad_rnn.testing.report.text import Name

LARGEST = 32.0  # of a value: what follows amplifies rounding by no more than about this, op after op
SIZE, DIMS = 64, 4
CLEARANCE = 1e-2  # from a kink: far enough for the steps of differences, and for what tanh and sin shrink them to


class Choosable(Protocol):
    """What is needed of an op: OpSpec has it.

    Attributes:
        picks: whether it lets a Pick find its operands, or draws all of them itself.
    """

    @property
    def picks(self) -> bool: ...
    def choose(self, source: Source, pick: Pick) -> Call: ...
    def distance(self, *args: Any, **static: Any) -> float: ...


class ProgramBuilder:
    """The values so far, and the lines that made them.

    Attributes:
        values: what operands are picked from, by name, oldest first.
        reached: those that an input has a derivative by.
        used: those that were picked before.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.fresh = Fresh(source)
        self.inputs: dict[Name, Array] = {}
        self.lines: list[Line] = []
        self.values: dict[Name, Array] = {}
        self.reached: set[Name] = set()
        self.used: set[Name] = set()
        self._constants: list[Array] = []
        self._free = names()

    def grow(self, ops: Sequence[Choosable], max_nodes: int) -> None:
        """Try so many ops, one after another; it may stop before."""
        table = (None, *ops)
        for _ in range(max_nodes):
            op = choose(self.source, table)
            if op is None:  # any node shrinks to its first operand
                self.name(self.existing())
            else:
                self.add(op)
            if self.source.integer(0, 31) == 0:  # to stop is the simplest
                break

    # picking

    def existing(self, shapes: Shapes = ANY, domain: Within = "real", kind: str = "f") -> Array:
        """A Pick: a value that is there and fits, most often one that nothing has used yet; now and then a new one."""
        where = domain_of(domain)
        found = [
            (name in self.used, name, x)
            for name, x in reversed(self.values.items())
            if x.dtype.kind == kind and shapes.fits(x.shape) and where.admits(x)
        ]
        form = self.source.integer(0, 7)
        if not found or form == 7:
            return self.new(shapes, domain, kind)
        _, name, x = choose(self.source, found) if form > 4 else min(found, key=itemgetter(0))
        self.used.add(name)
        return x

    def new(self, shapes: Shapes = ANY, domain: Within = "real", kind: str = "f") -> Array:
        """A Pick: a new input, now and then a constant."""
        x = self.fresh(shapes, domain, kind)
        if kind == "f" and flag(self.source, 4):
            self._constants.append(x)
        return x

    # adding

    def add(self, op: Choosable) -> None:
        """A line for a call of this op, if one is found that is sound."""
        for pick in (self.existing, self.new):
            call = op.choose(self.source, pick)
            if not op.picks and pick == self.existing:
                call = self.chained(call)
            with np.errstate(all="ignore"):
                y = call.run()
            if sound(y) and op.distance(*call.args, **call.static) > CLEARANCE:
                self.record(call, y)
                return

    def chained(self, call: Call) -> Call:
        """A call whose operands the op drew itself, with values that are there in place of some of them."""

        def there(x: Any) -> Any:
            alike = (value for value in self.values.values() if is_float(x) and value.shape == x.shape)
            return choose(self.source, [x, *alike])

        return Call(call.name, call.replaced(there), call.static, call.fn)

    def record(self, call: Call, y: Any) -> None:
        """The line of this call, whose value is y."""
        line = Line(next(self._free), Call(call.name, call.replaced(self.name), call.static, call.fn))
        self.lines.append(line)
        differentiable = call.name not in REGISTRY or REGISTRY[call.name].differentiable
        moves = differentiable and not self.reached.isdisjoint(line.operands)
        for name, part in parts(line.name, y):
            value = np.array(part)  # an object of its own, known by its identity
            if value.size:
                self.values[name] = value
            if moves and is_float(value):
                self.reached |= {name, line.name}

    def name(self, x: Any) -> Any:
        """What stands for x in a line: its name; a constant and what is no array stand for themselves."""
        if not isinstance(x, np.ndarray) or any(x is constant for constant in self._constants):
            return x
        for name, value in self.values.items():
            if x is value:
                return name
        return self._input(x) if is_float(x) else x

    def _input(self, x: Array) -> Name:
        name = next(self._free)
        self.inputs[name] = x
        self.reached.add(name)
        if np.abs(x).max(initial=0) <= LARGEST:  # what is meant to overflow one op is for that op alone
            self.values[name] = x
        return name

    # ending

    def program(self) -> Program:
        """The value that most lines lead to, of those with a derivative, and these lines, under names in order."""
        made = [name for name in self.values if name in self.reached and name not in self.inputs]
        if not made:
            x = self.fresh()
            self.record(Call("tanh", (x,)), np.tanh(x))
            return self.program()
        result = max(reversed(made), key=lambda name: len(self._behind(name)))
        needed = self._behind(result)
        inputs = [name for name in self.inputs if name in needed]
        lines = [line for line in self.lines if line.name in needed]
        new = dict(zip([*inputs, *(line.name for line in lines)], names(), strict=False))

        def renamed(x: Any) -> Any:
            return Name(new[whole(x)] + x[len(whole(x)) :]) if isinstance(x, Name) else x

        return Program(
            tuple(self.inputs[name] for name in inputs),
            tuple(
                Line(new[line.name], Call(line.call.name, line.call.replaced(renamed), line.call.static, line.call.fn))
                for line in lines
            ),
            renamed(result),
        )

    def _behind(self, name: Name) -> set[Name]:
        """The values that one is made from, and itself."""
        needed = {whole(name)}
        for line in reversed(self.lines):
            needed.update(line.operands if line.name in needed else ())
        return needed


def sound(y: Any) -> bool:
    """Whether a value may go into a program: some elements, not many, finite and moderate."""
    values = [np.asarray(part) for part in (y if isinstance(y, list | tuple) else [y])]
    return (
        any(value.size for value in values)
        and all(value.size <= SIZE and value.ndim <= DIMS for value in values)
        and all(bool((np.abs(value) <= LARGEST).all()) for value in values if is_float(value))
    )
