"""CharModel: the character-level language model: which character comes next?

id_t → x_t → RNN, LSTM or GRU → h_t → Linear → ŷ_t → L_t = −log softmax(ŷ_t)[id_{t+1}]
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.engine.tensor import Array, Tensor, label
from tinygrad_rnn.errors import check_number, check_option, check_probability
from tinygrad_rnn.nn import Embedding, Linear, Module, cross_entropy, unroll
from tinygrad_rnn.nn.options import Rng, generator
from tinygrad_rnn.nn.recurrent import LAYERS
from tinygrad_rnn.ops import one_hot

__all__ = ["KINDS", "CharModel"]

KINDS = LAYERS


class CharModel(Module):
    """Characters in, L recurrent layers, and a linear head over a vocabulary of V characters.

    Args:
        kind: "rnn", "lstm" or "gru".
        vocabulary_size, hidden, layers: V, H, L.
        embedding: features of x_t, learnt per character: H when None; 0 for the one-hot x_t of V features.
        dropout: on what a layer hands to the next, while training; one layer alone has none.
        cell: options of the cell, such as recurrent_init and forget_bias.
    Raises:
        OptionError: an option out of range.
    """

    def __init__(
        self,
        kind: str,
        vocabulary_size: int,
        hidden: int = 128,
        layers: int = 2,
        dropout: float = 0.0,
        embedding: int | None = None,
        *,
        dtype: Any = np.float32,
        rng: Rng = None,
        **cell: Any,
    ) -> None:
        check_option("CharModel", "kind", kind, KINDS)
        if embedding is not None:
            check_number("CharModel", "embedding", embedding, whole=True, least=0)
        rng = generator("CharModel", rng)
        features = hidden if embedding is None else embedding
        self.vocabulary_size, self.dtype = vocabulary_size, dtype
        self.embedding = Embedding(vocabulary_size, features, dtype=dtype, rng=rng) if features else None
        check_probability("CharModel", "dropout", dropout, below_one=True)
        self.rnn = KINDS[kind](
            features or vocabulary_size,
            hidden,
            layers,
            dropout=0 if layers == 1 else dropout,
            dtype=dtype,
            rng=rng,
            **cell,
        )
        self.head = Linear(self.rnn.output_size, vocabulary_size, dtype=dtype, rng=rng)

    def forward(self, ids: Array, state: Any = None) -> tuple[Tensor, Any]:
        """Logits of the next character at every step.

        Args:
            ids: (T, B) integers.
            state: as the last call returned it; zeros when None.
        Returns:
            (logits (T, B, V), state).
        """
        output, state = self.rnn(self.inputs(ids), state)
        return self.head(output), state

    def inputs(self, ids: Array) -> Tensor:
        """x (T, B, I): an embedding of each id, or its one-hot vector."""
        if self.embedding is None:
            x: Any = one_hot(ids, num_classes=self.vocabulary_size, dtype=self.dtype)
            return x if isinstance(x, Tensor) else Tensor(x)
        return self.embedding(ids)

    def loss(self, ids: Array, targets: Array, state: Any = None) -> tuple[Tensor, Any]:
        """(mean loss in nats per character, state): an output and a loss at each step, the losses summed."""
        logits, state = self(ids, state)
        return cross_entropy(logits, targets), state

    def step_losses(self, ids: Array, targets: Array, state: Any = None) -> tuple[Tensor, Any]:
        """(L, state), recorded step by step, to be drawn: L = Σ Lₜ, T times `loss`, with ŷₜ and Lₜ in step t."""
        outputs, state = self.rnn.unrolled(self.inputs(ids), state)

        def judge(at: tuple[Tensor, Array], total: Any) -> tuple[Tensor, Any]:
            h, target = at
            y = label(self.head(h), "output", "y")
            return cross_entropy(y, target), None

        losses, _ = unroll(judge, list(zip(outputs, targets, strict=True)), None)
        total = losses[0]
        for loss in losses[1:]:
            total = total + loss
        return label(total, "loss", "L"), state
