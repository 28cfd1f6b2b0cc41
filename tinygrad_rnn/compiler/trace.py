"""One run of a function, recorded whole: every op on every Tensor, as a program that can be run again.

f, arguments  →  run with tracing on  →  nodes  →  calls

What f reads off a value while it runs, as `item()` and `if x > 0` do, would be frozen into the program; so it is
refused, with the line. An argument is an input, a Tensor or an array that was there before is one too (a parameter has
other values at the next call), and what f makes itself out of nothing is a constant.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from tinygrad_rnn.autodiff.functions import identity
from tinygrad_rnn.compiler.program import Call, Program, Step, Value
from tinygrad_rnn.engine.context import CONTEXT, using
from tinygrad_rnn.engine.node import Leaf, Node
from tinygrad_rnn.engine.tensor import Tensor, from_array, label
from tinygrad_rnn.engine.trees import Build, flatten
from tinygrad_rnn.errors import CompileError, caller

__all__ = ["COMPUTED", "Given", "Trace", "record"]

BELOW = ("tinygrad_rnn.engine", "tinygrad_rnn.ops", "tinygrad_rnn.compiler", "tinygrad_rnn.autodiff")
COMPUTED: Any = object()  # stands where f returned a Tensor


@dataclass(frozen=True)
class Given:
    """Where an input of the program comes from at each call: one of the arguments, or what was there before.

    Attributes:
        argument: its place among the leaves of the arguments, None for what f closes over.
        tensor: the Tensor that f closes over.
        array: the array that f closes over.
        dtype: what the array is cast to.
        was: what the array held when it was used.
        node: of a Tensor that is the result of an op, its node.
    """

    argument: int | None = None
    tensor: Tensor | None = None
    array: np.ndarray | None = None
    dtype: Any = None
    was: np.ndarray | None = None
    node: Node | None = None


@dataclass
class Trace:
    """What one run of f gave.

    Attributes:
        program: what was computed, its outputs those Tensors that f returned.
        given: where each of its inputs comes from.
        moving: which of the inputs require grad.
        returned, build: the leaves that f returned, COMPUTED for a Tensor, and how they are nested.
        made: constants that f made itself, and where.
        numbers: those that stand in the user's code, or come out of it, and where.
    """

    program: Program
    given: list[Given]
    moving: list[int]
    returned: list[Any]
    build: Build
    made: list[tuple[Value, str]]
    numbers: list[tuple[Any, str]]

    @cached_property
    def passed(self) -> list[Given | None]:
        """Of each output the input that it is; None for what is computed."""
        given = dict(zip(self.program.inputs, self.given, strict=True))
        return [given.get(out) for out in self.program.outputs]


class Watch:
    """Told, while a function runs, of every value that it reads off and of every array that becomes a constant."""

    def __init__(self) -> None:
        self.start = _now()
        self.inputs: set[Node] = set()
        self.origins: dict[int, tuple[np.ndarray, np.ndarray, str]] = {}  # by the id of our copy: it, theirs, the line
        self.numbers: list[tuple[Any, str]] = []

    def __call__(self, tensor: Tensor, by: str) -> None:
        """A value is read: an error unless it is the same at each call."""
        if tensor._node is not None and not self._is_constant(tensor._node):
            raise CompileError(
                f"compile: {by} reads a value that is another one at each call",
                expected="ops of this library on Tensors: tg.where(x > 0, a, b) instead of an if",
                got=f"{tensor._node.title} {tensor.shape}",
                where=caller(),
                help='tg.compile(f, fallback="eager") runs such a function as it is',
            )

    def kept(self, copy: np.ndarray, original: Any) -> None:
        """An array became a constant: our copy of it, and the array itself."""
        if isinstance(original, np.ndarray):
            self.origins[id(copy)] = copy, original, caller()

    def number(self, x: Any) -> None:
        """A number meets a Tensor: kept, with the line, where the user's code says so."""
        frame = sys._getframe(1)
        while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(BELOW):
            frame = frame.f_back
        if frame.f_globals.get("__name__", "").partition(".")[0] != "tinygrad_rnn":
            self.numbers.append((x, caller()))

    def _is_constant(self, node: Node) -> bool:
        stack, seen = [node], {node}
        while stack:
            node = stack.pop()
            if node in self.inputs or node.number < self.start or (node.op is not None and not node.inputs):
                return False
            for parent in node.inputs:
                if parent is not None and parent not in seen:
                    seen.add(parent)
                    stack.append(parent)
        return True


def _now() -> int:
    return from_array(np.zeros(0), None).node.number


def record(f: Callable[..., Any], leaves: Sequence[Any], build: Build) -> tuple[Any, Trace]:
    """Run f once: what it returned, and the trace.

    Args:
        f: what is called with the arguments.
        leaves: of the arguments, (args, kwargs) flattened; arrays come to f as Tensors.
        build: nests them.
    Raises:
        CompileError: f reads a value off, or writes to a Tensor.
    """
    watch = Watch()
    with using(tracing=True, frozen=watch):
        inside = [_incoming(leaf) for leaf in leaves]
        watch.inputs = {x.node for x, leaf in zip(inside, leaves, strict=True) if x is not leaf}
        args, options = build(inside)
        result = f(*args, **options)
        returned, build_result = flatten(result)
        nodes = {k: x.node for k, x in enumerate(returned) if isinstance(x, Tensor)}
    places = {x.node: k for k, (x, leaf) in enumerate(zip(inside, leaves, strict=True)) if x is not leaf}
    return result, _Reader(watch, places).read(list(nodes.values()), returned, build_result)


def _incoming(leaf: Any) -> Any:
    """An argument as f sees it: a node of its own, so that the same Tensor given twice is two inputs."""
    if isinstance(leaf, Tensor):
        twin = identity(leaf)
        return label(twin, *leaf._node.label) if leaf._node is not None and leaf._node.label else twin
    return Tensor(leaf) if isinstance(leaf, np.ndarray) and leaf.dtype.kind in "biuf" else leaf


class _Reader:
    """Nodes, read as a program."""

    def __init__(self, watch: Watch, places: dict[Node, int]) -> None:
        self.watch, self.places = watch, places
        self.recording = CONTEXT.get().recording
        self.values: dict[Node, Value] = {}
        self.given: dict[Value, Given] = {}
        self.constants: dict[Value, np.ndarray] = {}
        self.made: list[tuple[Value, str]] = []

    def read(self, ends: list[Node], returned: list[Any], build: Build) -> Trace:
        steps: list[Step] = []
        ordered = self._ordered(ends)
        self.changing = {id(node.value) for node in ordered if self._is_given(node) or node.op is not None}
        for node in ordered:
            held = self._held(node)
            if held is not None:
                self.values[node] = held
                continue
            value = self.values[node] = Value.like(_array(node), (node.label or (None, None))[1] or "")
            if self._is_given(node):
                self.given[value] = self._given(node)
            elif node.op is None:
                self._constant(node, value)
            else:
                steps.append(Call(node.op, self._arguments(node), node.static, value))
        outputs = [self.values[x.node] for x in returned if isinstance(x, Tensor)]
        inputs = list(self.given)
        required = {self.values[node] for node in self.values if self._is_given(node) and node.requires_grad}
        moving = [k for k, x in enumerate(inputs) if x in required and self.recording]
        kept = [COMPUTED if isinstance(x, Tensor) else x for x in returned]  # not the graph of this one run
        return Trace(
            Program(inputs, self.constants, steps, outputs),
            [self.given[value] for value in inputs], moving, kept, build, self.made, self.watch.numbers,
        )  # fmt: skip

    def _ordered(self, ends: list[Node]) -> list[Node]:
        """All that the ends were made from since the function began, oldest first."""
        seen, stack = set(ends), list(ends)
        while stack:
            node = stack.pop()
            if self._is_given(node):
                continue
            for parent in node.inputs:
                if parent is not None and parent not in seen:
                    seen.add(parent)
                    stack.append(parent)
        return sorted(seen, key=lambda node: node.number)

    def _is_given(self, node: Node) -> bool:
        return node in self.places or node.number < self.watch.start

    def _given(self, node: Node) -> Given:
        if node in self.places:
            return Given(argument=self.places[node])
        owner = node.owner() if isinstance(node, Leaf) else None
        return Given(tensor=owner) if isinstance(owner, Tensor) else Given(node=node)

    def _held(self, node: Node) -> Value | None:
        """The value of an array that was used before and held the same then."""
        if node.op is not None or self._is_given(node):
            return None
        array = _array(node)
        _, original, _ = self.watch.origins.get(id(array), (None, None, ""))
        for value, given in self.given.items():
            if original is not None and given.array is original and given.dtype == array.dtype:
                assert given.was is not None
                if np.array_equal(given.was, array, equal_nan=array.dtype.kind == "f"):
                    return value
        return None

    def _constant(self, node: Node, value: Value) -> None:
        array = _array(node)
        _, original, line = self.watch.origins.get(id(array), (None, None, ""))
        if original is None:
            self._check_made(array)
            self.constants[value] = array
            return
        self.given[value] = Given(array=original, dtype=array.dtype, was=array)
        self.made.append((value, line))

    def _check_made(self, array: np.ndarray) -> None:
        """Refuse a constant that holds the numbers of a value that is another one at each call."""
        base: Any = array
        while isinstance(base, np.ndarray):
            if id(base) in self.changing:
                raise CompileError("compile: a value was taken out of the recording", got=f"an array {array.shape}",
                                   help='tg.compile(f, fallback="eager") runs such a function as it is')  # fmt: skip
            base = base.base

    def _arguments(self, node: Node) -> tuple[Any, ...]:
        args: Any = node.args
        return tuple(x if p is None else self.values[p] for x, p in zip(args, node.inputs, strict=True))


def _array(node: Node) -> np.ndarray:
    assert node.value is not None
    return node.value
