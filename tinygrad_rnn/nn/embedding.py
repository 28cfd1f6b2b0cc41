"""Embedding: a row of a table per id."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.engine.context import CONTEXT
from tinygrad_rnn.engine.tensor import Array, Operand, Tensor
from tinygrad_rnn.errors import ShapeError, check_sizes
from tinygrad_rnn.nn import init
from tinygrad_rnn.nn.ids import integers, within
from tinygrad_rnn.nn.module import Module, Parameter
from tinygrad_rnn.nn.options import float_dtype, generator
from tinygrad_rnn.ops import take

__all__ = ["Embedding"]


class Embedding(Module):
    """y = W[ids]: ids (…) of integers in 0 … V − 1 to y (…, E).

    The same as one_hot(ids) @ W, without the zeros. W is N(0, 1) at first.

    Raises:
        DTypeError: ids that are not integers. ShapeError: an id outside the table.

    >>> Embedding(10, 4, rng=0)([[1, 2, 3]]).shape
    (1, 3, 4)
    """

    def __init__(
        self, num_embeddings: int, embedding_dim: int, *, dtype: Any = np.float32, rng: init.Rng = None
    ) -> None:
        check_sizes("Embedding", num_embeddings=num_embeddings)
        check_sizes("Embedding", least=0, embedding_dim=embedding_dim)
        dtype, rng = float_dtype("Embedding", dtype), generator("Embedding", rng)
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.weight = Parameter(init.normal((num_embeddings, embedding_dim), rng=rng, dtype=dtype))

    def forward(self, ids: Operand) -> Tensor:
        values = within(integers(ids, "Embedding: the ids"), 0, self.num_embeddings, _outside)
        return take(self.weight, values, axis=0)


def _outside(ids: Array, least: int, below: int) -> ShapeError:
    return ShapeError(
        f"Embedding: an id lies outside the table of {below} rows",
        expected=f"{least} … {below - 1}",
        got=f"{ids.min()} … {ids.max()}",
        where=str(CONTEXT.get()),
    )
