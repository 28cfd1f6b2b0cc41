"""Many to many, many to one: a recurrence as an operator, and a head on all its outputs or on the last state."""

from __future__ import annotations

from typing import cast

from tinygrad_rnn.exchange.onnx.graph import OnnxBuilder
from tinygrad_rnn.exchange.onnx.recurrent import in_order, layers, without_pads
from tinygrad_rnn.exchange.onnx.rules import emit, rule, rule_of
from tinygrad_rnn.nn import ManyToMany, ManyToOne, Recurrent


@rule(ManyToMany)
def many_to_many(module: ManyToMany, x: str, builder: OnnxBuilder) -> str:
    """y_t = head(h_t), 0 in the pads."""
    y, _ = layers(_layer(module), x, builder)
    return in_order(_layer(module), without_pads(_headed(module, y, builder), builder), builder)


@rule(ManyToOne)
def many_to_one(module: ManyToOne, x: str, builder: OnnxBuilder) -> str:
    """y = head(h_T), both directions of it side by side."""
    _, h = layers(_layer(module), x, builder)
    size = builder.integers([0, _layer(module).output_size])
    return _headed(module, builder.value("Reshape", builder.value("Transpose", h, perm=[1, 0, 2]), size), builder)


def _layer(module: ManyToMany | ManyToOne) -> Recurrent:
    """The layer; a cell has no rule."""
    rule_of(module.rnn)
    return cast("Recurrent", module.rnn)


def _headed(module: ManyToMany | ManyToOne, h: str, builder: OnnxBuilder) -> str:
    return h if module.head is None else emit(module.head, h, builder)
