"""LayerNorm: every vector shifted to mean 0 and scaled to variance 1, then stretched by what is learnt."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.engine.context import CONTEXT
from tinygrad_rnn.engine.tensor import Operand, Tensor
from tinygrad_rnn.errors import ShapeError, check_flags, check_number, check_sizes
from tinygrad_rnn.nn.module import Module, Parameter, incoming
from tinygrad_rnn.nn.options import float_dtype
from tinygrad_rnn.ops import mean, sqrt, square

__all__ = ["LayerNorm"]

EPS = 1e-5


def normalised(x: Tensor, axes: tuple[int, ...] = (-1,), eps: float = EPS) -> Tensor:
    """(x − μ) / √(σ² + ε), μ and σ² over the axes."""
    centred = x - mean(x, axis=axes, keepdims=True)
    return centred / sqrt(mean(square(centred), axis=axes, keepdims=True) + eps)


class LayerNorm(Module):
    """y = γ ⊙ (x − μ)/√(σ² + ε) + β, μ and σ² over the last axes of each x.

    Args:
        normalized_shape: the last axes' sizes, an int for one; γ (`weight`, 1 at first) and β (`bias`, 0) have it.
        eps: ε, keeps a constant x finite.
        elementwise_affine: False leaves γ and β out.
        bias: False leaves β out.
    Raises:
        ShapeError: x ends in other axes.
    Source: Ba et al. 2016, arXiv:1607.06450.

    >>> LayerNorm(2, dtype=np.float64)([[1.0, 3.0], [5.0, 5.0]]).numpy().round(3).tolist()
    [[-1.0, 1.0], [0.0, 0.0]]
    """

    def __init__(
        self,
        normalized_shape: int | tuple[int, ...],
        eps: float = EPS,
        elementwise_affine: bool = True,
        bias: bool = True,
        *,
        dtype: Any = np.float32,
    ) -> None:
        shape = tuple(normalized_shape) if isinstance(normalized_shape, tuple | list) else (normalized_shape,)
        check_sizes("LayerNorm", axes=len(shape), **{f"normalized_shape[{k}]": size for k, size in enumerate(shape)})
        check_number("LayerNorm", "eps", eps, above=0)
        check_flags("LayerNorm", elementwise_affine=elementwise_affine, bias=bias)
        self.normalized_shape, self.eps, self.dtype = shape, eps, float_dtype("LayerNorm", dtype)
        self.weight = Parameter(np.ones(shape, dtype)) if elementwise_affine else None
        self.bias = Parameter(np.zeros(shape, dtype)) if elementwise_affine and bias else None

    def forward(self, x: Operand) -> Tensor:
        x = incoming(x, self.dtype)
        axes = tuple(range(-len(self.normalized_shape), 0))
        if x.shape[axes[0] :] != self.normalized_shape or x.ndim < len(axes):
            raise ShapeError(
                "LayerNorm: x does not end in the axes it was built for",
                expected=f"x (…, {', '.join(map(str, self.normalized_shape))})",
                got=f"x {x.shape}",
                where=str(CONTEXT.get()),
            )
        y = normalised(x, axes, self.eps)
        y = y if self.weight is None else y * self.weight
        return y if self.bias is None else y + self.bias
