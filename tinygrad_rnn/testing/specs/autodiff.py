"""Ops that no user calls by name: they record what a derivative is taken with respect to, or what is computed again."""

from __future__ import annotations

import numpy as np

from tinygrad_rnn.autodiff.remat import checkpoint
from tinygrad_rnn.engine.tensor import Tensor
from tinygrad_rnn.errors import DTypeError
from tinygrad_rnn.ops import sin, tanh
from tinygrad_rnn.testing.specs.forms import UNARY, at, real, refuse, unary
from tinygrad_rnn.testing.specs.opspec import OpSpec


def wave(x: Tensor) -> Tensor:
    """Something to compute again."""
    return sin(x) * tanh(x)


SPECS = [
    unary("identity", reference=lambda x: x),
    OpSpec(
        "rematerialized",
        checkpoint(wave),
        inputs=None,  # what it computes is for checkpoint(f) to say: a program does not call it by name
        reference=lambda x: np.sin(x) * np.tanh(x),
        errors=[refuse("text", error=DTypeError)],
        edges=[at(real(*shape)) for shape in UNARY],
        rtol=0.0,
    ),
]
