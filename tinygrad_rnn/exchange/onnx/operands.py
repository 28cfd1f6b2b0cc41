"""Operands: what an op reads, on its way into an ONNX graph; and the rules by which ops become nodes.

    @translates("log_sigmoid")
    def log_sigmoid(b, y, x): …        builder, what comes out (shape and kind), what goes in → the name of what is made

A runtime computes in three kinds of numbers, "f" float32, "i" int64 and "b" bool, and never casts on its own: a rule
says which kind each of its operands has to be.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from tinygrad_rnn.compiler.program import Value
from tinygrad_rnn.engine.op import Op
from tinygrad_rnn.errors import GraphError
from tinygrad_rnn.exchange.onnx.graph import OPSET, OnnxBuilder
from tinygrad_rnn.exchange.onnx.recording import Recording
from tinygrad_rnn.exchange.onnx.sizes import Dim, Fill, Ramp, Size

__all__ = ["Operand", "UnwrittenError", "WrittenOp", "translated", "translates"]

Translation: TypeAlias = Callable[..., str]
TRANSLATIONS: dict[str, Translation] = {}


class WrittenOp(Op):
    """An op of one recording, which brings the rule by which its calls are written.

    Args:
        forward: what it computes.
        rule: as those of the table.
        name: what to call it.
    """

    def __init__(self, forward: Callable[..., Any], rule: Translation, name: str) -> None:
        super().__init__(forward, differentiable=False)
        self.rule, self.name = rule, name


class UnwrittenError(Exception):
    """What a rule cannot write of the call that it was given, in words."""


class Operand:
    """A value in an ONNX graph; a constant enters the graph when its name is asked for.

    Attributes:
        shape: its sizes.
        kind: "f", "i" or "b".
        array: its numbers where they are constant.
    """

    def __init__(
        self, builder: OnnxBuilder, shape: Sequence[Dim], kind: str, name: str = "", array: Any = None, hint: str = ""
    ) -> None:
        self.builder, self.shape, self.kind, self.array, self.hint = builder, tuple(shape), _kind(kind), array, hint
        self._name, self._turned = name, ""

    @property
    def name(self) -> str:
        """What it is called in the graph."""
        if not self._name:
            self._name = self.builder.constant(self.hint, self.array)
        return self._name

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    def of(self, kind: str) -> str:
        """The name of the same numbers, of this kind."""
        if kind == self.kind:
            return self.name
        if self.array is not None:
            return self.builder.constant(
                self.hint, np.asarray(self.array).astype({"f": "f4", "i": "i8", "b": "?"}[kind])
            )
        return self.builder.value("Cast", self.name, to=self.builder.kind({"f": "f4", "i": "i8", "b": "?"}[kind]))

    def turned(self, kind: str) -> str:
        """The name of its transpose: of a constant, one that was transposed already."""
        if not self._turned:
            if self.array is None:
                self._turned = self.builder.value("Transpose", self.of(kind), perm=[*reversed(range(self.ndim))])
            else:
                self._turned = Operand(self.builder, self.shape, self.kind, array=self.array.T, hint=self.hint).of(kind)
        return self._turned


def _kind(kind: str) -> str:
    return "i" if kind == "u" else kind


def translates(*ops: str) -> Callable[[Translation], Translation]:
    """Register how calls of these ops are written in ONNX."""

    def register(f: Translation) -> Translation:
        TRANSLATIONS.update(dict.fromkeys(ops, f))
        return f

    return register


def translated(recording: Recording, names: Sequence[str], builder: OnnxBuilder) -> list[str]:
    """Add the nodes of a recorded function; from the names of its arguments to those of its results.

    Raises:
        GraphError: it calls an op that has no rule.
    """
    known: dict[Value, Operand] = {}
    for value, name in zip(recording.inputs, names, strict=True):
        if value is not None:
            x = known[value] = Operand(builder, recording.shapes[value], value.dtype.kind, name)
            if value.dtype.kind in "iu" and value.dtype != np.int64:
                known[value] = Operand(builder, x.shape, "i", builder.value("Cast", name, to=builder.kind(np.int64)))
    for value, held in recording.constants.items():
        known[value] = _constant(held, value.name, builder)
    for call in recording.calls:
        y = Operand(builder, recording.shapes[call.out], call.out.dtype.kind)
        rule = rule_of(call.op, recording)
        if 0 in y.shape:  # no elements, about which runtimes disagree: onnxruntime 1.32 repeats one no times into one
            nothing = Operand(builder, y.shape, "f", builder.value("ConstantOfShape", builder.shape(y.shape)))
            known[call.out] = Operand(builder, y.shape, y.kind, nothing.of(y.kind))
            continue
        xs = [known[x] if isinstance(x, Value) else x if x is None else _number(x, builder) for x in call.args]
        try:
            y._name = rule(builder, y, *xs, **call.static)
        except UnwrittenError as error:
            raise GraphError(
                f"export_onnx: {recording.name} calls {call.op.name}, {error}",
                where=recording.line(call.op.name),
            ) from None
        known[call.out] = y
    return [known[out].name for out in recording.outputs]


def rule_of(op: Op, recording: Recording) -> Translation:
    """How an op is written in ONNX. Raises GraphError: there is no rule for it."""
    rule = op.rule if isinstance(op, WrittenOp) else TRANSLATIONS.get(op.name)
    if rule is None:
        raise GraphError(
            f"export_onnx: {recording.name} calls {op.name}, which has no rule for ONNX (opset {OPSET})",
            expected=f"ops that have one: {', '.join(sorted(name for name in TRANSLATIONS if name[0] != '_'))}",
            where=recording.line(op.name),
            help="write it with those",
        )
    return rule


def _constant(held: Any, name: str, builder: OnnxBuilder) -> Operand:
    if isinstance(held, np.ndarray):
        return Operand(builder, held.shape, held.dtype.kind, array=held, hint=name)
    kind = _kind(held.dtype.kind)
    if isinstance(held, Fill):
        value = _number(held.value, builder).of(kind)
        return Operand(builder, held.shape, kind, builder.value("Expand", value, builder.shape(held.shape)))
    assert isinstance(held, Ramp)
    [n] = [n for n in held.shape if n != 1]
    ones = builder.value("Expand", builder.integers(1), builder.size(n))
    steps = Operand(builder, [n], "i", builder.value("CumSum", ones, builder.integers(0), exclusive=1)).of(kind)
    scaled = builder.value("Mul", steps, _number(held.step, builder).of(kind))
    line = builder.value("Add", scaled, _number(held.first, builder).of(kind))
    shape = builder.integers([1 if n == 1 else -1 for n in held.shape])
    return Operand(builder, held.shape, kind, builder.value("Reshape", line, shape))


def _number(x: Any, builder: OnnxBuilder) -> Operand:
    """A number that stands in the program, or a size in its place."""
    if isinstance(x, Size):
        return Operand(builder, (), "i", builder.value("Squeeze", builder.size(x), builder.integers([0])))
    array = np.asarray(x)
    return Operand(builder, array.shape, array.dtype.kind, array=array, hint="number")
