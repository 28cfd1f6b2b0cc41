"""Replay: a program as a flat list of NumPy calls that write into arrays allocated once.

program  →  a place for each value  →  Python source, a line a call  →  forward(inputs), backward(kept, cotangents)

    static     its array is allocated when the program is built, and views of it with it: a line writes into it
    running    it is there when its line has run: an input, and what an op without an `out` returns
    in a loop  one array for all steps, or the views of a stack, one for each step

Memory is laid out features first: a batch of states (B, H) is stored as (H, B), all steps of it as (H, T, B). So the
four gates of an LSTM are four blocks, and a product over all T·B rows is one of two plain matrices.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinygrad_rnn.compiler.passes.pack import PACK
from tinygrad_rnn.compiler.passes.vector import is_product
from tinygrad_rnn.compiler.program import Argument, Call, Loop, Program, Step, Value
from tinygrad_rnn.engine.op import Op

__all__ = ["Replay", "build"]

STRUCTURAL = frozenset("getitem reshape transpose swapaxes moveaxis expand_dims squeeze broadcast_to diagonal".split())


@dataclass
class Replay:
    """A program that is ready to run, with memory of its own.

    Attributes:
        source: what is run, as Python.
        forward: inputs → (outputs, kept).
        backward: kept, cotangents → outputs.
        bytes: of the arrays that were allocated.
    """

    source: str
    forward: Any
    backward: Any
    bytes: int


def build(program: Program, forward: int, outputs: int, cotangents: int) -> Replay:
    """Make a program ready to run.

    Args:
        program: its last inputs are the cotangents.
        forward: how many of its steps are the forward pass.
        outputs: how many of its outputs are the forward pass's.
        cotangents: how many of its inputs are the backward pass's.
    """
    return _Build(program, forward, outputs, cotangents).replay()


Static = np.ndarray
Row = list[np.ndarray]  # one array for each step of a loop, in the order in which the steps run


class _Build:
    def __init__(self, program: Program, forward: int, outputs: int, cotangents: int) -> None:
        self.program, self.cut = program, forward
        n = len(program.inputs) - cotangents
        self.inputs, self.cotangents = program.inputs[:n], program.inputs[n:]
        self.outputs, self.gradients = program.outputs[:outputs], program.outputs[outputs:]
        self.space: dict[str, Any] = {
            "copyto": np.copyto, "dot": np.dot, "matmul": np.matmul, "array": np.array, "zip": zip, "take": np.take,
            "add_reduce": np.add.reduce, "multiply_": np.multiply,
        }  # fmt: skip
        self.static: dict[Value, Static] = dict(program.constants)
        self.names: dict[Value, str] = {}
        self.held: dict[int, str] = {}  # the names of arrays and functions, by their id
        self.bytes = 0
        self.plain = self._plain()
        self.parts = self._parts(program.steps)

    # the whole

    def replay(self) -> Replay:
        for k, value in enumerate(self.program.inputs):
            self.names[value] = f"x{k}"
        steps = self.program.steps
        ahead = self._function(steps[: self.cut])
        returned = ", ".join(self._copied(out) for out in self.outputs)
        back = self._function(steps[self.cut :])
        gradients = ", ".join(self._copied(out) for out in self.gradients)
        named = {self.names[value] for value in self.inputs}
        made = named | {self.names[v] for step in steps[: self.cut] for v in step.writes() if v in self.names}
        text = "\n".join(back) + gradients
        kept = sorted(name for name in made if _mentions(text, name))
        source = "\n".join(
            [
                f"def forward({', '.join(self.names[value] for value in self.inputs)}):",
                *(f"    {line}" for line in ahead),
                f"    return ({returned},), ({''.join(f'{name}, ' for name in kept)})",
                "",
                f"def backward({', '.join(kept + [self.names[value] for value in self.cotangents])}):",
                *(f"    {line}" for line in back),
                f"    return ({gradients}{',' if gradients else ''})",
            ]
        )
        exec(compile(source, "<plan>", "exec"), self.space)
        return Replay(source, self.space["forward"], self.space["backward"], self.bytes)

    def _plain(self) -> set[Value]:
        """Values that nothing but the caller reads: stored as NumPy stores them."""
        read = {x for step in self.program.steps for x in step.reads()}
        found = {out for out in self.program.outputs if isinstance(out, Value) and out not in read}
        for step in reversed(self.program.steps):
            if isinstance(step, Call) and step.op.name in STRUCTURAL and step.out in found:
                found.update(step.reads())
        return found

    def _parts(self, steps: list[Step]) -> dict[Value, tuple[Value, Any]]:
        """Of each value that is packed into one other: where."""
        found: dict[Value, tuple[Value, Any]] = {}
        for step in steps:
            if isinstance(step, Loop):
                found |= self._parts(step.body)
            elif step.op is PACK:
                for x, place in zip(step.args, step.static["places"], strict=True):
                    found.setdefault(x, (step.out, place))
        return found

    def _function(self, steps: list[Step]) -> list[str]:
        lines: list[str] = []
        made = {value for step in steps if isinstance(step, Call) for value in step.writes()}
        for step in steps:
            if isinstance(step, Call):
                _Outer(self, lines, made).call(step)
            else:
                _Rows(self, lines, step).run()
        return lines

    def _copied(self, out: Argument) -> str:
        return f"array({self.text(out)})"

    # places and names

    def allocate(self, value: Value, order: str) -> Static:
        """An array for the value, features first where the order is "F"."""
        shape = value.shape
        self.bytes += int(np.prod(shape, dtype=int)) * value.dtype.itemsize
        if order == "C" or len(shape) < 2:
            return np.zeros(shape, value.dtype)
        stored = np.zeros((shape[-1], *shape[:-1]), value.dtype)
        return np.moveaxis(stored, 0, -1)

    def name(self, thing: Any, kind: str = "a") -> str:
        """What a line calls an array, a function or an option."""
        if id(thing) not in self.held:
            self.held[id(thing)] = f"{kind}{len(self.held)}"
            self.space[self.held[id(thing)]] = thing
        return self.held[id(thing)]

    def text(self, arg: Argument) -> str:
        """An argument, as a line has it."""
        if not isinstance(arg, Value):
            if isinstance(arg, int | bool) and type(arg) in (int, bool):
                return repr(arg)
            return self.name(arg, "n")
        if arg in self.static:
            return self.name(self.static[arg])
        return self.names[arg]

    def running(self, value: Value) -> str:
        """A name for a value that is there when its line has run."""
        self.names[value] = f"v{len(self.names)}"
        return self.names[value]

    def order(self, call: Call, operands: Iterable[Any]) -> str:
        """How the result of a call is stored: as what it is made of."""
        if call.out in self.plain:
            return "C"
        if is_product(call.op):
            return "F"
        for x in operands:
            if isinstance(x, np.ndarray) and x.shape == call.out.shape:
                return "C" if x.flags.c_contiguous else "F"
        return "C"


def _mentions(text: str, name: str) -> bool:
    import re

    return re.search(rf"\b{name}\b", text) is not None


class _Lines:
    """Writes calls as lines; where their values are is told by its subclasses."""

    def __init__(self, build: _Build, lines: list[str]) -> None:
        self.build, self.lines = build, lines

    def text(self, arg: Argument) -> str:
        return self.build.text(arg)

    def write(self, call: Call, out: str, like: Static) -> None:
        """The line that writes the result of a call into an array that is there."""
        name, args = call.op.name, [self.text(arg) for arg in call.args]
        ufunc = ufunc_of(call.op)
        if call.op is PACK:
            raise AssertionError("a pack is written by its parts")
        if is_product(call.op) and self._is_matrix(call):
            self.lines.append(_product(call, args, out, like))
        elif ufunc is not None:
            self.lines.append(f"{self.build.name(ufunc, ufunc.__name__ + '_')}({', '.join([*args, out])})")
        elif name == "relu" and ours(call.op):
            self.lines.append(f"{self.build.name(np.maximum, 'maximum_')}({args[0]}, 0, {out})")
        elif name == "sigmoid" and ours(call.op):
            for f, operands in (
                (np.negative, args[0]), (np.exp, out), (np.add, f"{out}, 1"), (np.reciprocal, out)
            ):  # fmt: skip
                self.lines.append(f"{self.build.name(f, f.__name__ + '_')}({operands}, {out})")
        elif name == "where" and ours(call.op):
            self.lines.append(f"copyto({out}, {args[2]})")
            self.lines.append(f"copyto({out}, {args[1]}, where={args[0]})")
        elif name == "sum" and ours(call.op):
            axis, keep = call.static["axis"], call.static["keepdims"]
            self.lines.append(f"add_reduce({args[0]}, axis={axis!r}, keepdims={keep!r}, out={out})")
        elif name in STRUCTURAL:
            self.lines.append(f"copyto({out}, {self.view(call, args)})")
        else:
            self.lines.append(f"{out}[...] = {self.plain(call, args)}")

    def plain(self, call: Call, args: Sequence[str]) -> str:
        """The call of the op's own forward."""
        options = [f"{key}={self._option(value)}" for key, value in call.static.items()]
        return f"{self.build.name(call.op.forward, call.op.name + '_')}({', '.join([*args, *options])})"

    def view(self, call: Call, args: Sequence[str]) -> str:
        """A view, as an expression."""
        return self.plain(call, args)

    def _option(self, value: Any) -> str:
        simple = type(value) in (int, bool, type(None)) or (
            isinstance(value, tuple) and all(type(item) is int for item in value)
        )
        return repr(value) if simple else self.build.name(value, "o")

    @staticmethod
    def _is_matrix(call: Call) -> bool:
        return all(isinstance(x, Value) and x.ndim == 2 for x in call.args)


def _product(call: Call, args: Sequence[str], out: str, like: Static) -> str:
    """A product of two matrices into an array, as it is stored."""
    a, b = args
    if call.op.name == "inner":
        b = f"{b}.T"
    if like.flags.c_contiguous:
        return f"dot({a}, {b}, {out})"
    if like.T.flags.c_contiguous:
        return f"dot({b}.T, {a}.T, {out}.T)".replace(".T.T", "")
    return f"matmul({b}.T, {a}.T, {out}.T)".replace(".T.T", "")


def ours(op: Op) -> bool:
    """Whether it is one of the library's ops, not a user's of the same name."""
    return str(getattr(op.forward, "__module__", "")).startswith("tinygrad_rnn.ops")


def ufunc_of(op: Op) -> Any:
    """NumPy's function that an op is, where it is one that writes into an array."""
    found = getattr(np, op.name, None)
    return found if isinstance(found, np.ufunc) and ours(op) else None


class _Outer(_Lines):
    """Calls outside of loops."""

    def __init__(self, build: _Build, lines: list[str], made: set[Value]) -> None:
        super().__init__(build, lines)
        self.made = made

    def call(self, call: Call) -> None:
        build, static = self.build, self.build.static
        operands = [static.get(x) if isinstance(x, Value) else x for x in call.args]
        out = call.out
        if call.op is PACK:
            self._pack(call)
            return
        if call.op.name in STRUCTURAL:
            source = operands[0]
            if isinstance(source, np.ndarray):
                view = call.op.forward(*operands, **call.static)
                if np.may_share_memory(view, source):
                    static[out] = view
                    return
            else:
                text = self.view(call, [self.text(x) for x in call.args])
                self.lines.append(f"{build.running(out)} = {text}")
                return
        part = build.parts.get(out)
        if part is not None and part[0] not in build.parts and part[0] in self.made:
            whole = self._whole(part[0])
            view = part_of(whole, part[1])
            if view.shape == out.shape and out not in static:
                static[out] = view
        writable = (
            ufunc_of(call.op) is not None
            or (is_product(call.op) and self._is_matrix(call))
            or (call.op.name in ("relu", "sigmoid", "where", "sum") and ours(call.op))
            or (call.op.name in STRUCTURAL)
        )
        if out not in static and not writable:
            self.lines.append(f"{build.running(out)} = {self.plain(call, [self.text(x) for x in call.args])}")
            return
        if out not in static:
            static[out] = build.allocate(out, build.order(call, operands))
        self.write(call, build.text(out), static[out])

    def _whole(self, out: Value) -> Static:
        static = self.build.static
        if out not in static:
            static[out] = self.build.allocate(out, "C" if out in self.build.plain else "F")
        return static[out]

    def _pack(self, call: Call) -> None:
        whole = self._whole(call.out)
        for x, place in zip(call.args, call.static["places"], strict=True):
            view = part_of(whole, place)
            held = self.build.static.get(x)
            if held is None or not _is_same_memory(held, view):
                self.lines.append(f"copyto({self.build.name(view)}, {self.text(x)})")


def part_of(array: np.ndarray, place: Any) -> np.ndarray:
    """A view, of a single element too."""
    parts = place if isinstance(place, tuple) else (place,)
    return array[parts if Ellipsis in parts else (*parts, ...)]


def _is_same_memory(a: np.ndarray, b: np.ndarray) -> bool:
    return a.shape == b.shape and a.strides == b.strides and a.ctypes.data == b.ctypes.data


@dataclass
class _Rows(_Lines):
    """A loop: its values are rows of arrays, one for each step in the order in which they run."""

    build: _Build
    lines: list[str]
    loop: Loop
    rows: dict[Value, Row] = field(default_factory=dict)
    running: dict[Value, str] = field(default_factory=dict)  # values that only a name stands for
    streams: dict[str, str] = field(default_factory=dict)  # names that run over arrays of the moment
    varying: dict[str, Row] = field(default_factory=dict)
    handed: list[tuple[Row, Value]] = field(default_factory=list)  # ends of carries that are copied after the body

    def run(self) -> None:
        loop, before = self.loop, self.lines
        self.order = list(range(loop.count))[:: -1 if loop.backwards else 1]
        self._slices()
        self._stacks()
        self._carries()
        self.lines = []
        sums = [self._sum(outside, inside) for outside, inside in loop.sums.items()]
        for step in loop.body:
            assert isinstance(step, Call)
            self._call(step)
        for outside, inside in loop.stacks.items():
            self._kept(outside, inside)
        for total, first, inside in sums:
            self.lines.append(f"add_({total}, {self.text(inside)}, {total})")
            self.build.space["add_"] = np.add
            before.append(f"{first}.fill(0)")
        self.lines += [f"copyto({self._varying(ends)}, {self.text(end)})" for ends, end in self.handed]
        body = self.lines
        if self.varying:
            rows = list(zip(*self.varying.values(), strict=True))
            sources = [self.build.name(rows, "rows")] + list(self.streams.values())
            inner = "(" + "".join(f"{name}, " for name in self.varying) + ")"
            if not self.streams:
                before.append(f"for {inner} in {sources[0]}:")
            else:
                before.append(f"for {inner}, {', '.join(self.streams)} in zip({', '.join(sources)}):")
        elif self.streams:
            before.append(f"for {', '.join(self.streams)}, in zip({', '.join(self.streams.values())}):")
        else:
            before.append(f"for _ in range({loop.count}):")
        before += [f"    {line}" for line in (body or ["pass"])]

    def _is_first(self, value: Value) -> bool:
        return value.ndim == 2 and value.shape[0] > 1

    def _slices(self) -> None:
        for inside, outside in self.loop.slices.items():
            whole = self.build.static.get(outside)
            if whole is not None:
                self.rows[inside] = [whole[t] for t in self.order]
            else:
                name = f"s{len(self.build.names)}_{len(self.streams)}"
                self.build.names[inside] = name
                back = "[::-1]" if self.loop.backwards else ""
                self.streams[name] = f"{self.build.text(outside)}{back}"
                self.running[inside] = name

    def _stacks(self) -> None:
        """A stack for each value that is kept; a state and the one before it share theirs."""
        build, loop = self.build, self.loop
        starts = {carry.start: carry for carry in loop.carries}
        ends = {inside: outside for outside, inside in loop.stacks.items()}
        for outside, inside in loop.stacks.items():
            if inside in starts and starts[inside].end in ends and outside not in build.static:
                carry = starts[inside]
                longer = build.allocate(
                    Value((loop.count + 1, *inside.shape), inside.dtype), "F" if self._is_first(inside) else "C"
                )
                now, before = (longer[:-1], longer[1:]) if loop.backwards else (longer[1:], longer[:-1])
                end = ends[carry.end]
                if end not in build.static:
                    build.static[end], build.static[outside] = now, before
                    first = longer[-1 if loop.backwards else 0]
                    self.lines.append(f"copyto({build.name(first)}, {build.text(carry.first)})")
                    self.rows[carry.end] = [now[t] for t in self.order]
                    self.rows[inside] = [before[t] for t in self.order]
        for outside, inside in loop.stacks.items():
            if outside not in build.static:
                build.static[outside] = build.allocate(outside, "F" if self._is_first(inside) else "C")
            if inside not in self.rows and inside not in starts and inside not in loop.slices:
                self.rows[inside] = [build.static[outside][t] for t in self.order]

    def _carries(self) -> None:
        build = self.build
        made = {step.out for step in self.loop.body if isinstance(step, Call)}
        for carry in self.loop.carries:
            if carry.start in self.rows:
                continue
            first = build.static.get(carry.first)
            if first is None:
                first = build.allocate(carry.start, "F" if self._is_first(carry.start) else "C")
                self.lines.append(f"copyto({build.name(first)}, {build.text(carry.first)})")
            if carry.end in self.rows:
                ends = self.rows[carry.end]
            else:
                pair = [build.allocate(carry.end, "F" if self._is_first(carry.end) else "C") for _ in range(2)]
                ends = [pair[n % 2] for n in range(self.loop.count)]
                if carry.end in made and carry.end not in build.parts and not self._is_view(carry.end):
                    self.rows[carry.end] = ends
                else:
                    self.handed.append((ends, carry.end))
            self.rows[carry.start] = [first, *ends[:-1]]

    def _is_view(self, value: Value) -> bool:
        return any(
            isinstance(step, Call) and step.out is value and step.op.name in STRUCTURAL for step in self.loop.body
        )

    def text(self, arg: Argument) -> str:
        if isinstance(arg, Value):
            if arg in self.rows:
                return self._varying(self.rows[arg])
            if arg in self.running:
                return self.running[arg]
        return self.build.text(arg)

    def _varying(self, row: Row) -> str:
        if all(array is row[0] for array in row):
            return self.build.name(row[0])
        for name, known in self.varying.items():
            if known is row or all(a is b for a, b in zip(known, row, strict=True)):
                return name
        name = f"r{len(self.varying)}"
        self.varying[name] = row
        return name

    def _call(self, call: Call) -> None:
        build, out = self.build, call.out
        if call.op is PACK:
            self._pack(call)
            return
        if call.op.name in STRUCTURAL and len(call.args) == 1:
            source = call.args[0]
            row = self.rows.get(source)
            if row is None and source in build.static:
                row = [build.static[source]] * len(self.order)
            if row is not None:
                views = [call.op.forward(array, **call.static) for array in _once(row)]
                if np.may_share_memory(views[0], row[0]) and out not in self.rows:
                    self.rows[out] = _spread(row, views)
                    return
            elif out not in self.rows:
                name = f"w{len(build.names)}"
                build.names[out] = self.running[out] = name
                self.lines.append(f"{name} = {self.view(call, [self.text(x) for x in call.args])}")
                return
        if out not in self.rows:
            self._place(call)
        self.write(call, self.text(call.out), self.rows[call.out][0])

    def _place(self, call: Call) -> None:
        """Where the result goes: into the pack that it is a part of, or an array that each step writes anew."""
        build, out = self.build, call.out
        part = build.parts.get(out)
        if part is not None and part[0] in {step.out for step in self.loop.body if isinstance(step, Call)}:
            whole = self._whole(part[0])
            views = [part_of(array, part[1]) for array in _once(whole)]
            if views[0].shape == out.shape:
                self.rows[out] = _spread(whole, views)
                return
        array = build.allocate(out, "F" if self._is_first(out) else "C")
        self.rows[out] = [array] * len(self.order)

    def _whole(self, out: Value) -> Row:
        if out not in self.rows:
            array = self.build.allocate(out, "F" if self._is_first(out) else "C")
            self.rows[out] = [array] * len(self.order)
        return self.rows[out]

    def _pack(self, call: Call) -> None:
        whole = self._whole(call.out)
        for x, place in zip(call.args, call.static["places"], strict=True):
            views = _spread(whole, [part_of(array, place) for array in _once(whole)])
            held = self.rows.get(x)
            if held is None or not all(_is_same_memory(a, b) for a, b in zip(held, views, strict=True)):
                self.lines.append(f"copyto({self._varying(views)}, {self.text(x)})")

    def _sum(self, outside: Value, inside: Value) -> tuple[str, str, Value]:
        build = self.build
        build.static[outside] = build.allocate(outside, "C")
        name = build.name(build.static[outside])
        return name, name, inside

    def _kept(self, outside: Value, inside: Value) -> None:
        """Copy what is kept where it was not written there at once."""
        stack = self.build.static[outside]
        row = self.rows.get(inside)
        views = [stack[t] for t in self.order]
        if row is None or not all(_is_same_memory(a, b) for a, b in zip(row, views, strict=True)):
            self.lines.append(f"copyto({self._varying(views)}, {self.text(inside)})")


def _once(row: Row) -> Row:
    """The arrays of a row, one where all are the same."""
    return row[:1] if all(array is row[0] for array in row) else row


def _spread(row: Row, views: Row) -> Row:
    return views * len(row) if len(views) == 1 < len(row) else views

