"""Activations: far out too, where they are lines; at the corners of elu and leaky_relu they have no slope."""

from __future__ import annotations

from math import erfc, pi, sqrt
from typing import Any

import numpy as np

from tinygrad_rnn.errors import OptionError
from tinygrad_rnn.testing.draw.choices import any_size
from tinygrad_rnn.testing.draw.operands import ANY, Arguments, Pick, given
from tinygrad_rnn.testing.draw.source import Source, choose
from tinygrad_rnn.testing.specs.forms import FORMULA, SATURATING, UNARY, at, library, real, refuse, unary
from tinygrad_rnn.testing.specs.kinks import smallest


def _normal_cdf(x: Any) -> Any:
    flat = [erfc(-float(v) / sqrt(2)) / 2 for v in np.ravel(x)]
    return np.array(flat).reshape(np.shape(x))


def _gelu(x: Any, approximate: str = "none") -> Any:
    if approximate == "tanh":
        return 0.5 * x * (1 + np.tanh(sqrt(2 / pi) * (x + 0.044715 * x**3)))
    return x * _normal_cdf(x)


def _elu(x: Any, alpha: float = 1.0) -> Any:
    return np.where(np.greater(x, 0), x, alpha * np.expm1(np.minimum(x, 0)))


def _leaky_relu(x: Any, negative_slope: float = 0.01) -> Any:
    return np.where(np.greater(x, 0), x, np.multiply(negative_slope, x))


def _from_the_corner(x: Any, alpha: float = 1.0) -> float:
    """Of alpha 1 too: there, the second derivative jumps."""
    return smallest(x)


def _with(option: str, values: tuple[Any, ...]) -> Any:
    def rule(source: Source, pick: Pick) -> Arguments:
        return given(pick(ANY, any_size(source)), **choose(source, ({}, *({option: value} for value in values))))

    return rule


EDGES = [at(real(*shape)) for shape in UNARY]
SPECS = [
    unary("normal_cdf", SATURATING, _normal_cdf),
    unary("silu", SATURATING, lambda x: x / (1 + np.exp(-x))),
    library(
        "gelu",
        _with("approximate", ("tanh",)),
        [*EDGES, at(real(4), approximate="tanh")],
        refuse(real(2), approximate="exact", error=OptionError),
        _gelu,
        rtol=FORMULA,
    ),
    library(
        "elu",
        _with("alpha", (0.5, 2.0)),
        [*EDGES, at(real(4), 0.3)],
        refuse(real(2), alpha="text", error=OptionError),
        _elu,
        kinks=_from_the_corner,
        rtol=FORMULA,
    ),
    library(
        "leaky_relu",
        _with("negative_slope", (0.2, -0.1)),
        [*EDGES, at(real(4), 0.3)],
        refuse(real(2), negative_slope="text", error=OptionError),
        _leaky_relu,
        kinks=lambda x, negative_slope=0.01: smallest(x),
    ),
]
