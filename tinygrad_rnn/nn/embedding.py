"""Embedding: a row of a table per id; OneHot: the same of the identity, which learns nothing."""

from __future__ import annotations

from functools import partial
from typing import Any, Self

import numpy as np

from tinygrad_rnn.engine.apply import as_array
from tinygrad_rnn.engine.context import CONTEXT
from tinygrad_rnn.engine.tensor import Array, Operand, Tensor
from tinygrad_rnn.errors import ShapeError, check_flags, check_number, check_sizes
from tinygrad_rnn.nn import init
from tinygrad_rnn.nn.ids import integers, within
from tinygrad_rnn.nn.module import Module, Parameter
from tinygrad_rnn.nn.options import float_dtype, generator
from tinygrad_rnn.ops import expand_dims, not_equal, one_hot, take, where

__all__ = ["Embedding", "OneHot"]


class Embedding(Module):
    """y = W[ids]: ids (…) of integers in 0 … V − 1 to y (…, E).

    The same as one_hot(ids) @ W, without the zeros. W is N(0, 1) at first.

    Args:
        num_embeddings, embedding_dim: V and E.
        padding_idx: an id whose row is 0 at first and does not learn: no gradient comes from where it stands. From the
            end if negative.
    Raises:
        DTypeError: ids that are not integers. ShapeError: an id outside the table.

    >>> Embedding(10, 4, rng=0)([[1, 2, 3]]).shape
    (1, 3, 4)
    >>> Embedding(10, 2, padding_idx=0, rng=0)([0, 0]).tolist()
    [[0.0, 0.0], [0.0, 0.0]]
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        *,
        dtype: Any = np.float32,
        rng: init.Rng = None,
    ) -> None:
        check_sizes("Embedding", num_embeddings=num_embeddings)
        check_sizes("Embedding", least=0, embedding_dim=embedding_dim)
        dtype, rng = float_dtype("Embedding", dtype), generator("Embedding", rng)
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.padding_idx = _padding(padding_idx, num_embeddings)
        table = init.normal((num_embeddings, embedding_dim), rng=rng, dtype=dtype)
        if self.padding_idx is not None:
            table[self.padding_idx] = 0
        self.weight = Parameter(table)

    @classmethod
    def from_pretrained(cls, embeddings: Any, freeze: bool = True, padding_idx: int | None = None) -> Self:
        """An Embedding with this table.

        Args:
            embeddings: W (V, E), floats; its dtype is kept.
            freeze: whether the table stays as it is: `weight.requires_grad` is False.
            padding_idx: as above; the row keeps its values.

        >>> table = np.array([[1.0, 2.0], [3.0, 4.0]])
        >>> Embedding.from_pretrained(table)([1, 1, 0]).tolist()
        [[3.0, 4.0], [3.0, 4.0], [1.0, 2.0]]
        """
        check_flags("Embedding.from_pretrained", freeze=freeze)
        table = np.asarray(as_array(embeddings, "Embedding.from_pretrained"))
        if table.ndim != 2:
            raise ShapeError("Embedding.from_pretrained: the table is not a matrix", expected="embeddings (V, E)",
                             got=f"embeddings {table.shape}")  # fmt: skip
        V, E = table.shape
        made = cls(V, E, padding_idx, dtype=float_dtype("Embedding.from_pretrained", table.dtype), rng=0)
        made.weight.assign(table)
        made.weight.requires_grad = not freeze
        return made

    def forward(self, ids: Operand) -> Tensor:
        values = within(
            integers(ids, "Embedding: the ids"), 0, self.num_embeddings, partial(_outside, type(self).__name__)
        )
        rows = take(self.weight, values, axis=0)
        if self.padding_idx is None:
            return rows
        learning = expand_dims(not_equal(values, self.padding_idx), -1)
        y: Tensor = where(learning, rows, self.weight.detach()[self.padding_idx])
        return y


class OneHot(Module):
    """y[…, k] = 1 where k is the id, else 0: ids (…) of integers in 0 … V − 1 to y (…, V), in the model's dtype.

    It stands where an Embedding could, and learns nothing.

    Args:
        num_embeddings: V.
        dtype: of y, that of the modules that read it: one of float64 would make all that follows float64.

    >>> OneHot(3)([2, 0]).tolist()
    [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """

    def __init__(self, num_embeddings: int, *, dtype: Any = np.float32) -> None:
        check_sizes("OneHot", num_embeddings=num_embeddings)
        self.num_embeddings = self.embedding_dim = num_embeddings
        self.dtype = float_dtype("OneHot", dtype)

    def forward(self, ids: Operand) -> Tensor:
        values = within(
            integers(ids, "OneHot: the ids"), 0, self.num_embeddings, partial(_outside, type(self).__name__)
        )
        y = one_hot(values, self.num_embeddings, self.dtype)
        return y if isinstance(y, Tensor) else Tensor(y)


def _padding(index: Any, rows: int) -> int | None:
    if index is None:
        return None
    check_number("Embedding", "padding_idx", index, whole=True, least=-rows, below=rows)
    return int(index) % rows


def _outside(owner: str, ids: Array, least: int, below: int) -> ShapeError:
    return ShapeError(
        f"{owner}: an id lies outside the table of {below} rows",
        expected=f"{least} … {below - 1}",
        got=f"{ids.min()} … {ids.max()}",
        where=str(CONTEXT.get()),
    )
