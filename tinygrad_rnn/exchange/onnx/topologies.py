"""Many to many, many to one: a recurrence as an operator, and a head on all its outputs or on the last state."""

from __future__ import annotations

from typing import cast

from tinygrad_rnn.exchange.onnx.graph import Draft
from tinygrad_rnn.exchange.onnx.recurrent import in_order, layers, without_pads
from tinygrad_rnn.exchange.onnx.rules import emit, rule, rule_of
from tinygrad_rnn.nn import ManyToMany, ManyToOne, Recurrent


@rule(ManyToMany)
def many_to_many(module: ManyToMany, x: str, draft: Draft) -> str:
    """y_t = head(h_t), 0 in the pads."""
    y, _ = layers(_layer(module), x, draft)
    return in_order(_layer(module), without_pads(_headed(module, y, draft), draft), draft)


@rule(ManyToOne)
def many_to_one(module: ManyToOne, x: str, draft: Draft) -> str:
    """y = head(h_T), both directions of it side by side."""
    _, h = layers(_layer(module), x, draft)
    size = draft.integers([0, _layer(module).output_size])
    return _headed(module, draft.value("Reshape", draft.value("Transpose", h, perm=[1, 0, 2]), size), draft)


def _layer(module: ManyToMany | ManyToOne) -> Recurrent:
    """The layer; a cell has no rule."""
    rule_of(module.rnn)
    return cast("Recurrent", module.rnn)


def _headed(module: ManyToMany | ManyToOne, h: str, draft: Draft) -> str:
    return h if module.head is None else emit(module.head, h, draft)
