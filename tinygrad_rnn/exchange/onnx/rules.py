"""Rules: how a module is written in ONNX's operators, one for each type.

    @rule(Linear)
    def linear(module, x, builder): …    the name of what it reads → the name of what it hands on

A type has the rule of exactly that type: a subclass may compute something else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from tinygrad_rnn.errors import GraphError
from tinygrad_rnn.exchange.onnx.function import called
from tinygrad_rnn.exchange.onnx.graph import OnnxBuilder
from tinygrad_rnn.nn import Dropout, Embedding, LayerNorm, Linear, Module, Sequential

__all__ = ["rule"]

Rule: TypeAlias = Callable[[Any, str, OnnxBuilder], str]
RULES: dict[type[Module], Rule] = {}
FAMILIES: list[tuple[Callable[[Module], bool], Rule]] = []


def rule(*types: type[Module]) -> Callable[[Rule], Rule]:
    """Register how modules of these types are written in ONNX."""

    def register(f: Rule) -> Rule:
        RULES.update(dict.fromkeys(types, f))
        return f

    return register


def family(belongs: Callable[[Module], bool]) -> Callable[[Rule], Rule]:
    """Register how modules are written of which this is true, and that have no rule of their own."""

    def register(f: Rule) -> Rule:
        FAMILIES.append((belongs, f))
        return f

    return register


def emit(module: Module, x: str, builder: OnnxBuilder) -> str:
    """Add a module to the builder; returns the name of its output."""
    return rule_of(module)(module, x, builder)


def rule_of(module: Module) -> Rule:
    """How a module is written in ONNX: by the rule of its type or of its family, else what it does is recorded."""
    return RULES.get(type(module)) or next((f for belongs, f in FAMILIES if belongs(module)), by_recording)


def by_recording(module: Module, x: str, builder: OnnxBuilder) -> str:
    """Op by op, as its forward calls them. Raises GraphError: nothing tells the shape of what it reads."""
    name = type(module).__name__
    if not x:
        raise GraphError(
            f"export_onnx: there is no rule for {name}, and nothing that tells the shapes of what it reads",
            expected=", ".join(sorted(known.__name__ for known in RULES)),
            help=f'its ops can be recorded: export_onnx({name.lower()}, path, inputs={{"x": ("T", "B", 3)}})',
        )
    ends = called(name, module, [x], builder)
    if len(ends) != 1:
        raise GraphError(f"export_onnx: {name} returns {len(ends)} values", expected="one, for the module behind it")
    return ends[0]


@rule(Sequential)
def sequential(module: Sequential, x: str, builder: OnnxBuilder) -> str:
    """Each module reads what the last one handed on."""
    for part in module:
        x = emit(part, x, builder)
    return x


@rule(Dropout)
def dropout(module: Dropout, x: str, builder: OnnxBuilder) -> str:
    """Nothing: what is exported does not train."""
    return x


@rule(Linear)
def linear(module: Linear, x: str, builder: OnnxBuilder) -> str:
    """x Wᵀ + b."""
    x = builder.read(x, module.in_features)
    y = builder.value("MatMul", x, builder.weight("weight", module.weight.data.T))
    return y if module.bias is None else builder.value("Add", y, builder.weight("bias", module.bias.data))


@rule(Embedding)
def embedding(module: Embedding, x: str, builder: OnnxBuilder) -> str:
    """Rows of the table."""
    return builder.value("Gather", builder.weight("table", module.weight.data), builder.read(x), axis=0)


@rule(LayerNorm)
def layer_norm(module: LayerNorm, x: str, builder: OnnxBuilder) -> str:
    """ONNX's own; it wants a γ."""
    shape = module.normalized_shape
    gain = builder.weight("gain", np.ones(shape) if module.weight is None else module.weight.data)
    bias = "" if module.bias is None else builder.weight("bias", module.bias.data)
    x = builder.read(x, *shape)
    return builder.value("LayerNormalization", x, gain, bias, axis=-len(shape), epsilon=module.eps)
