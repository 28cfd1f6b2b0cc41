"""Linear: y = x Wᵀ + b."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.engine.tensor import Operand, Tensor
from tinygrad_rnn.errors import check_flags, check_sizes
from tinygrad_rnn.nn import init
from tinygrad_rnn.nn.module import Module, Parameter, check_features, incoming
from tinygrad_rnn.nn.options import float_dtype, generator
from tinygrad_rnn.ops import inner

__all__ = ["Linear"]


class Linear(Module):
    """y = x Wᵀ + b, on the last axis of x.

    Args:
        in_features, out_features: I and O; W is (O, I), b (O), both U(±1/√I) at first.
        bias: False leaves b out.
    Raises:
        ShapeError: x has another number of features.

    >>> Linear(3, 2, rng=0)(np.ones((5, 3), np.float32)).shape
    (5, 2)
    """

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, *, dtype: Any = np.float32, rng: init.Rng = None
    ) -> None:
        check_sizes("Linear", least=0, in_features=in_features, out_features=out_features)
        check_flags("Linear", bias=bias)
        dtype, rng = float_dtype("Linear", dtype), generator("Linear", rng)
        bound = 1 / np.sqrt(in_features) if in_features else 0.0
        self.in_features, self.out_features = in_features, out_features
        self.weight = Parameter(init.uniform((out_features, in_features), bound, rng=rng, dtype=dtype))
        self.bias = Parameter(init.uniform((out_features,), bound, rng=rng, dtype=dtype)) if bias else None

    def forward(self, x: Operand) -> Tensor:
        x = incoming(x, self.weight.dtype)
        check_features("Linear", x, self.in_features, f"x (…, {self.in_features})")
        y = inner(x, self.weight)
        return y if self.bias is None else y + self.bias
