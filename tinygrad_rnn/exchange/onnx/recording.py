"""A function recorded for any length of its free axes: as a list of calls of ops whose numbers may be sizes.

f, {"x": ("T", "B", 3)}  →  traced at several T and B  →  one program, if it is the same one at each
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from tinygrad_rnn.compiler.program import Call, Value
from tinygrad_rnn.compiler.trace import Given, Trace, record
from tinygrad_rnn.engine.context import using
from tinygrad_rnn.engine.node import ancestors
from tinygrad_rnn.engine.tensor import Array, Tensor
from tinygrad_rnn.engine.trees import Build, flatten
from tinygrad_rnn.errors import CompileError, GraphError, TinygradError
from tinygrad_rnn.exchange.onnx.sizes import Dim, Fill, Grid, Kind, NoSizeError, Ramp

__all__ = ["Recording", "recorded"]


Constant: TypeAlias = Array | Fill | Ramp


@dataclass
class Recording:
    """What a function does.

    Attributes:
        name: of the function, for messages.
        inputs: the values that the arguments are; None for one that nothing is made of.
        constants: weights, and what the function makes itself.
        calls: of ops, in order.
        outputs, build: the values that it returns, and how they are nested.
        shapes: of each value.
        line: finds where in the user's code an op was called.
    """

    name: str
    inputs: list[Value | None]
    constants: dict[Value, Constant]
    calls: list[Call]
    outputs: list[Value]
    build: Build
    shapes: dict[Value, tuple[Dim, ...]]
    line: Callable[[str], str]


def recorded(name: str, f: Callable[..., Any], kinds: Sequence[Kind]) -> Recording:
    """Record f for arguments of these kinds.

    Raises:
        GraphError: it reads a value off, or does something else at other lengths.
    """
    axes = sorted({n for kind in kinds for n in kind.shape if isinstance(n, str)})
    grid = Grid(axes)
    traces = [_traced(name, f, [kind.example(lengths) for kind in kinds]) for lengths in grid.points()]
    return _Merge(name, f, kinds, grid, traces).recording()


def _traced(name: str, f: Callable[..., Any], arguments: list[Array]) -> Trace:
    try:
        with np.errstate(all="ignore"), using(recording=False):
            return record(f, arguments, lambda leaves: (leaves, {}))[1]
    except CompileError as error:
        head, *rest = str(error).splitlines()
        words = {line.split()[0]: line.split(maxsplit=1)[1] for line in rest}
        words.pop("help", None)
        raise GraphError(f"export_onnx: {name}: {head.removeprefix('compile: ')}", **words) from None


class _Merge:
    """Traces of one function, at each point of the grid, read side by side."""

    def __init__(
        self, name: str, f: Callable[..., Any], kinds: Sequence[Kind], grid: Grid, traces: Sequence[Trace]
    ) -> None:
        self.name, self.f, self.kinds, self.grid, self.traces = name, f, kinds, grid, traces
        self.first: list[dict[Value, Value]] = [{} for _ in traces]  # the value of the first trace that each one is
        self.constants: dict[Value, Constant] = {}
        self.shapes: dict[Value, tuple[Dim, ...]] = {}

    def recording(self) -> Recording:
        programs = [trace.program for trace in self.traces]
        inputs: list[Value | None] = [None] * len(self.kinds)
        given = [list(zip(trace.program.inputs, trace.given, strict=True)) for trace in self.traces]
        for column in self._columns(given):
            value = self._known([x for x, _ in column])
            source = column[0][1]
            if source.argument is not None:
                inputs[source.argument] = value
            else:
                self._constant(value, [_held(each) for _, each in column])
        for made in self._columns([list(program.constants.items()) for program in programs]):
            self._constant(self._known([x for x, _ in made]), [array for _, array in made])
        calls = [self._call(column) for column in self._columns([program.steps for program in programs])]
        outputs = [self._merged(column, "what is returned") for column in self._columns([p.outputs for p in programs])]
        if any(
            leaf is not None and isinstance(leaf, int | float | str | np.ndarray) for leaf in self.traces[0].returned
        ):
            raise GraphError(f"export_onnx: {self.name} returns what no op computed", expected="Tensors")
        return Recording(
            self.name, inputs, self.constants, calls, outputs, self.traces[0].build, self.shapes,
            lambda op: _line(self.f, self.kinds, self.grid, op),
        )  # fmt: skip

    def _columns(self, rows: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
        if len({len(row) for row in rows}) != 1:
            raise self._differs(f"{len(rows[0])} steps, then {len(rows[-1])}")
        return list(zip(*rows, strict=True))

    def _known(self, values: Sequence[Value]) -> Value:
        """The value of the first trace that all of these are."""
        for names, value in zip(self.first, values, strict=True):
            names[value] = values[0]
        try:
            shape = self.grid.merged([value.shape for value in values])
        except NoSizeError:
            raise self._differs(f"shapes {', '.join(str(value.shape) for value in values)}") from None
        self.shapes[values[0]] = shape
        return values[0]

    def _constant(self, value: Value, arrays: Sequence[Array]) -> None:
        try:
            self.constants[value] = self.grid.array(arrays)
        except NoSizeError:
            raise self._differs(f"an array {arrays[0].shape}, made of other numbers") from None

    def _call(self, column: Sequence[Call]) -> Call:
        op = column[0].op
        names = {call.op.name for call in column}
        if len(names) != 1:
            raise self._differs(f"{' or '.join(sorted(names))} at one place")
        args = tuple(self._merged(each, op.name) for each in self._columns([call.args for call in column]))
        static = {
            name: value if callable(value) else self._merged([call.static[name] for call in column], op.name)
            for name, value in column[0].static.items()
        }
        return Call(op, args, static, self._known([call.out for call in column]))

    def _merged(self, parts: Sequence[Any], owner: str) -> Any:
        if isinstance(parts[0], Value):
            found = {names.get(part) for names, part in zip(self.first, parts, strict=True)}
            if len(found) != 1:
                raise self._differs(f"{owner} of other values")
            return found.pop()
        try:
            return self.grid.merged(parts)
        except NoSizeError:
            raise self._differs(f"{owner} with {', '.join(map(repr, parts)):.80}") from None

    def _differs(self, got: str) -> GraphError:
        points = ["".join(f", {axis}={n}" for axis, n in point.items())[2:] for point in self.grid.points()]
        return GraphError(
            f"export_onnx: {self.name} does not do the same for every {', '.join(self.grid.axes) or 'call'}",
            expected=f"the same ops at {points[0]} and at {points[-1]}" if self.grid.axes else "the same each time",
            got=got,
            help="a loop over the steps belongs into a cell that nn.Recurrent runs; another axis of a fixed size is "
            "written as its number",
        )


def _held(given: Given) -> Array:
    """What an input holds that is none of the arguments."""
    if given.tensor is not None:
        return given.tensor.data
    if given.array is not None:
        array = given.array if given.was is None else given.was
        return np.asarray(array, given.dtype)
    assert given.node is not None
    assert given.node.value is not None
    return given.node.value


def _line(f: Callable[..., Any], kinds: Sequence[Kind], grid: Grid, op: str) -> str:
    """The line of the user's code that calls an op, or else the module that does."""
    point = next(grid.points())
    tensors = []
    for kind in kinds:
        x = kind.example(point)
        tensors.append(Tensor(x, requires_grad=x.dtype.kind == "f"))
    try:
        with np.errstate(all="ignore"), using(recording=True, tracing=True, anomaly=True):
            ends = [y.node for y in flatten(f(*tensors))[0] if isinstance(y, Tensor)]
    except TinygradError:  # a value that is not finite, before the op
        return ""
    found = next(node for node in reversed(ancestors(ends)) if node.op is not None and node.op.name == op)
    return getattr(found, "source", "") or str(found.context)
