"""Rules: how a module is written in ONNX's operators, one for each type.

    @rule(Linear)
    def linear(module, x, draft): …    the name of what it reads → the name of what it hands on

A type has the rule of exactly that type: a subclass may compute something else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from tinygrad_rnn.errors import GraphError
from tinygrad_rnn.exchange.onnx.graph import Draft
from tinygrad_rnn.nn import Dropout, Embedding, LayerNorm, Linear, Module, Sequential

__all__ = ["rule"]

Rule: TypeAlias = Callable[[Any, str, Draft], str]
RULES: dict[type[Module], Rule] = {}


def rule(*types: type[Module]) -> Callable[[Rule], Rule]:
    """Register how modules of these types are written in ONNX."""

    def register(f: Rule) -> Rule:
        RULES.update(dict.fromkeys(types, f))
        return f

    return register


def emit(module: Module, x: str, draft: Draft) -> str:
    """Add a module to the draft; returns the name of its output."""
    return rule_of(module)(module, x, draft)


def rule_of(module: Module) -> Rule:
    """How a module is written in ONNX. Raises GraphError: there is no rule for it."""
    if type(module) not in RULES:
        raise GraphError(
            f"export_onnx: there is no rule for {type(module).__name__}",
            expected=", ".join(sorted(known.__name__ for known in RULES)),
            help="pass its parts as a list, or write a rule for it: tinygrad_rnn.exchange.rule",
        )
    return RULES[type(module)]


@rule(Sequential)
def sequential(module: Sequential, x: str, draft: Draft) -> str:
    """Each module reads what the last one handed on."""
    for part in module:
        x = emit(part, x, draft)
    return x


@rule(Dropout)
def dropout(module: Dropout, x: str, draft: Draft) -> str:
    """Nothing: what is exported does not train."""
    return x


@rule(Linear)
def linear(module: Linear, x: str, draft: Draft) -> str:
    """x Wᵀ + b."""
    x = draft.read(x, module.in_features)
    y = draft.value("MatMul", x, draft.weight("weight", module.weight.data.T))
    return y if module.bias is None else draft.value("Add", y, draft.weight("bias", module.bias.data))


@rule(Embedding)
def embedding(module: Embedding, x: str, draft: Draft) -> str:
    """Rows of the table."""
    return draft.value("Gather", draft.weight("table", module.weight.data), draft.read(x), axis=0)


@rule(LayerNorm)
def layer_norm(module: LayerNorm, x: str, draft: Draft) -> str:
    """ONNX's own; it wants a γ."""
    shape = module.normalized_shape
    gain = draft.weight("gain", np.ones(shape) if module.weight is None else module.weight.data)
    bias = "" if module.bias is None else draft.weight("bias", module.bias.data)
    x = draft.read(x, *shape)
    return draft.value("LayerNormalization", x, gain, bias, axis=-len(shape), epsilon=module.eps)
