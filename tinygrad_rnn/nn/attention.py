"""Attention: look at all that was read, each place weighted by how well it fits what is asked.

    query q       ──→ score(q, k_s) ──→ softmax over s ──→ a_s
                          ↑                                 ↓
    memory m_s    ──→  key k_s                    context = Σ_s a_s m_s

What depends on the memory alone is computed once (`remember`), what depends on the query at every step (`look`).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from tinygrad_rnn.engine.tensor import Array, Operand, Tensor, label
from tinygrad_rnn.errors import ShapeError, check_flags, check_sizes
from tinygrad_rnn.nn.init import Rng
from tinygrad_rnn.nn.linear import Linear
from tinygrad_rnn.nn.masks import all_valid, valid_steps
from tinygrad_rnn.nn.module import Module, check_features, incoming
from tinygrad_rnn.nn.options import float_dtype, generator
from tinygrad_rnn.ops import expand_dims, matmul, softmax, squeeze, swapaxes, tanh, where

__all__ = ["AdditiveAttention", "Attention", "DotAttention"]


class Memory(NamedTuple):
    """What is looked at: keys (B, S, A), values (B, S, M), and which of the S places are a row's own, (B, S)."""

    keys: Tensor
    values: Tensor
    mask: Array | None


class Attention(Module):
    """context = Σ_s a_s m_s with a = softmax_s score(q, k_s), the keys k = W_k m; every subclass defines its score.

    Args:
        query_size, memory_size: Q and M, features of q and of m_s.
        size: A, features of the keys; Q when None.
    """

    def __init__(
        self, query_size: int, memory_size: int, size: int | None = None, *, dtype: Any = np.float32, rng: Rng = None
    ) -> None:
        name = type(self).__name__
        size = query_size if size is None else size
        check_sizes(name, query_size=query_size, memory_size=memory_size, size=size)
        dtype, rng = float_dtype(name, dtype), generator(name, rng)
        self.query_size, self.memory_size, self.size = query_size, memory_size, size
        self.key = Linear(memory_size, self.size, bias=False, dtype=dtype, rng=rng)

    def score(self, query: Tensor, keys: Tensor) -> Tensor:
        """(…, B, S): how well each key (B, S, A) fits the query (…, B, Q). Every subclass defines its own."""
        raise TypeError(f"{type(self).__name__} defines no score()")

    def forward(self, query: Operand, memory: Operand | Memory, lengths: Any = None) -> tuple[Tensor, Tensor]:
        """Ask once, or once for each of T steps.

        Args:
            query: (B, Q) or (T, B, Q).
            memory: (S, B, M), such as an encoder's outputs; or what `remember` made of it, which has its lengths.
            lengths: how many of the S places are each row's own, at least 1; all when None. The others get weight 0,
                and whatever stands there reaches nothing.
        Returns:
            (context (…, B, M), weights (…, B, S)).
        """
        return self.look(query, memory if isinstance(memory, Memory) else self.remember(memory, lengths))

    def remember(self, memory: Operand, lengths: Any = None) -> Memory:
        """What `look` needs of a memory (S, B, M), computed once.

        Raises:
            ShapeError: another shape, or lengths that do not fit it, or a row of length 0: there is nothing to see.
        """
        name = type(self).__name__
        memory = incoming(memory, self.key.weight.dtype)
        check_features(name, memory, self.memory_size, f"memory (S, B, {self.memory_size})")
        if memory.ndim != 3 or len(memory) == 0:
            raise ShapeError(f"{name}: the memory is not a sequence", expected="memory (S, B, M) with S ≥ 1",
                             got=f"memory {memory.shape}")  # fmt: skip
        mask = None
        if lengths is not None:
            places = valid_steps(lengths, len(memory), memory.shape[1:-1], name)
            if not isinstance(places, Tensor) and not places[0].all():
                raise ShapeError(f"{name}: a row of length 0", help="leave the row out: there is nothing to look at")
            mask = None if all_valid(places) else places[..., 0].T
            memory = memory if mask is None else where(places, memory, 0)
        values = label(swapaxes(memory, 0, 1), "output", "memory")
        return Memory(label(self.key(values), "output", "keys"), values, mask)

    def look(self, query: Operand, memory: Memory) -> tuple[Tensor, Tensor]:
        """(context, weights) of a query, as `forward`."""
        query = incoming(query, self.key.weight.dtype)
        check_features(type(self).__name__, query, self.query_size, f"query (…, B, {self.query_size})")
        if query.ndim < 2 or query.shape[-2] != len(memory.keys):
            raise ShapeError(f"{type(self).__name__}: query and memory are of different batches",
                             expected=f"query (…, {len(memory.keys)}, Q)", got=f"query {query.shape}")  # fmt: skip
        scores = self.score(query, memory.keys)
        if memory.mask is not None:
            scores = where(memory.mask, scores, -np.inf)
        weights = label(softmax(scores, axis=-1), "gate", "a")
        context = squeeze(matmul(expand_dims(weights, -2), memory.values), axis=-2)
        return label(context, "output", "context"), weights


class DotAttention(Attention):
    """score = q · W_k m, over √A when scaled.

    Args:
        scaled: Vaswani et al. divide by √A, Luong et al. do not.
    Source: Luong et al. 2015, arXiv:1508.04025, "general"; Vaswani et al. 2017, arXiv:1706.03762, for √A.

    >>> context, weights = DotAttention(3, 5, rng=0)(np.ones((2, 3)), np.ones((4, 2, 5)), lengths=[4, 1])
    >>> weights.data.tolist()
    [[0.25, 0.25, 0.25, 0.25], [1.0, 0.0, 0.0, 0.0]]
    """

    def __init__(
        self, query_size: int, memory_size: int, *, scaled: bool = False, dtype: Any = np.float32, rng: Rng = None
    ) -> None:
        check_flags("DotAttention", scaled=scaled)
        super().__init__(query_size, memory_size, dtype=dtype, rng=rng)
        self.scaled = scaled

    def score(self, query: Tensor, keys: Tensor) -> Tensor:
        scores = squeeze(matmul(keys, expand_dims(query, -1)), axis=-1)
        return scores / float(np.sqrt(self.size)) if self.scaled else scores


class AdditiveAttention(Attention):
    """score = v · tanh(W_q q + b_q + W_k m): a small network of its own.

    Source: Bahdanau et al. 2015, arXiv:1409.0473.

    >>> context, weights = AdditiveAttention(3, 5, rng=0)(np.ones((7, 2, 3)), np.ones((4, 2, 5)))
    >>> context.shape, weights.shape
    ((7, 2, 5), (7, 2, 4))
    """

    def __init__(
        self, query_size: int, memory_size: int, size: int | None = None, *, dtype: Any = np.float32, rng: Rng = None
    ) -> None:
        rng = generator(type(self).__name__, rng)
        super().__init__(query_size, memory_size, size, dtype=dtype, rng=rng)
        self.query = Linear(query_size, self.size, dtype=dtype, rng=rng)
        self.energy = Linear(self.size, 1, bias=False, dtype=dtype, rng=rng)

    def score(self, query: Tensor, keys: Tensor) -> Tensor:
        return squeeze(self.energy(tanh(expand_dims(self.query(query), -2) + keys)), axis=-1)
