"""Many to many, many to one: a recurrence as an operator, and a head on all its outputs or on the last state."""

from __future__ import annotations

from collections.abc import Iterator

from tinygrad_rnn.exchange.onnx.graph import OnnxBuilder
from tinygrad_rnn.exchange.onnx.recurrent import in_order, layers, output_size, without_pads
from tinygrad_rnn.exchange.onnx.rules import emit, rule
from tinygrad_rnn.nn import Cell, ManyToMany, ManyToOne, Module, Recurrent


@rule(ManyToMany)
def many_to_many(module: ManyToMany, x: str, builder: OnnxBuilder) -> str:
    """y_t = head(h_t), 0 in the pads."""
    y, _ = layers(module.rnn, x, builder)
    return in_order(module.rnn, without_pads(_headed(module, y, builder), builder.lengths, builder), builder)


@rule(ManyToOne)
def many_to_one(module: ManyToOne, x: str, builder: OnnxBuilder) -> str:
    """y = head(h_T), both directions of it side by side."""
    _, h = layers(module.rnn, x, builder)
    size = builder.integers([0, output_size(module.rnn)])
    return _headed(module, builder.value("Reshape", builder.value("Transpose", h, perm=[1, 0, 2]), size), builder)


def _headed(module: ManyToMany | ManyToOne, h: str, builder: OnnxBuilder) -> str:
    return h if module.head is None else emit(module.head, h, builder)


def recurrences(module: Module) -> Iterator[Recurrent | Cell]:
    """Every layer in a module, and every cell that a topology runs through time, whose states go in and out."""
    for part in module.modules():
        if isinstance(part, Recurrent):
            yield part
        elif isinstance(part, ManyToMany | ManyToOne) and isinstance(part.rnn, Cell):
            yield part.rnn
