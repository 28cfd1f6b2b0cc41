"""Seq2Seq: one recurrence reads a sequence into its state, another writes a sequence from it.

encoder  h₀ → f → f → f  ─ state ─→  g → g → g   decoder
              ↑   ↑   ↑              ↑ ↘ ↑ ↘ ↑ ↘
              x₁  x₂  x₃         start   y₁  y₂  y₃     each y is read at the next step: the true one (teacher
                                                        forcing), or the decoder's own
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tinygrad_rnn.engine.apply import as_array, shape_of
from tinygrad_rnn.engine.context import CONTEXT, step
from tinygrad_rnn.engine.tensor import Array, Tensor, from_array, label
from tinygrad_rnn.engine.trees import flatten
from tinygrad_rnn.errors import (
    DTypeError,
    OptionError,
    ShapeError,
    check_flags,
    check_probability,
    check_sizes,
    is_number,
)
from tinygrad_rnn.nn.attention import Attention, Memory
from tinygrad_rnn.nn.cell import Cell
from tinygrad_rnn.nn.dropout import Dropout
from tinygrad_rnn.nn.init import Rng
from tinygrad_rnn.nn.linear import Linear
from tinygrad_rnn.nn.module import Module
from tinygrad_rnn.nn.options import float_dtype, generator
from tinygrad_rnn.nn.recurrent import Recurrent
from tinygrad_rnn.nn.timeloop import unroll
from tinygrad_rnn.nn.topologies import advance, outputs
from tinygrad_rnn.ops import argmax, concatenate, reshape, stack, swapaxes, tanh, where

__all__ = ["Decoder", "Encoder", "Seq2Seq"]


class Encoder(Module):
    """Reads a sequence: many to one, the one being the state after the last step.

    Args:
        rnn: a recurrent layer with time first, or a cell.
        embedding: makes x_t of the ids; None where the source is vectors already.
    """

    def __init__(self, rnn: Recurrent | Cell, embedding: Module | None = None) -> None:
        _time_first("Encoder", rnn)
        self.embedding, self.rnn = embedding, rnn

    def forward(self, source: Any, lengths: Any = None) -> tuple[list[Tensor], Any]:
        """([h_1 … h_S] of the last layer, the state for a decoder) of a source (S, B) of ids, or (S, B, I)."""
        x = source if self.embedding is None else self.embedding(source)
        hs, state = outputs(self.rnn, x, None, lengths)
        return hs, self._one_direction(state)

    def _one_direction(self, state: Any) -> Any:
        """The final states of a bidirectional layer side by side: (2·L, B, H) as (L, B, 2·H)."""
        if isinstance(self.rnn, Cell) or not self.rnn.bidirectional:
            return state
        parts, build = flatten(state)
        pairs = [swapaxes(reshape(p, (-1, 2, *p.shape[1:])), 1, 2) for p in parts]
        return build([reshape(p, (*p.shape[:2], -1)) for p in pairs])


class Decoder(Module):
    """Writes a sequence, one token a step: one to many.

        h = f(embedding(token), state),  logits = W h + b
        with attention                   h̃ = tanh(W_c [context(h); h] + b_c),  logits = W h̃ + b
        and input feeding                h = f([embedding(token); h̃ of the step before], state)

    Args:
        rnn: a recurrent layer of one direction with time first, or a cell.
        embedding: makes x_t of the token before: an Embedding, whose table's V rows are the V outputs, or any module.
        attention: over the encoder's outputs, with h as the query; its `query_size` is rnn's outputs.
        vocabulary_size: V; None where the embedding has `num_embeddings`.
        dropout: probability of dropping a feature of x_t, and of what the head reads, while training.
        input_feeding: whether a step reads h̃ of the step before as well, zeros at first: it knows where it looked. rnn
            then has as many more inputs as it has outputs.
    Raises:
        ShapeError: rnn does not take what it is given here. OptionError: nothing says V; input feeding, no attention.
    Source: Sutskever et al. 2014, arXiv:1409.3215; Luong et al. 2015, arXiv:1508.04025, for where the context joins and
        for input feeding.
    """

    def __init__(
        self,
        rnn: Recurrent | Cell,
        embedding: Module,
        attention: Attention | None = None,
        *,
        vocabulary_size: int | None = None,
        dropout: float = 0.0,
        input_feeding: bool = False,
        dtype: Any = np.float32,
        rng: Rng = None,
    ) -> None:
        _time_first("Decoder", rnn)
        if not isinstance(rnn, Cell) and rnn.bidirectional:
            raise ShapeError("Decoder: its layer is bidirectional", expected="a layer of one direction",
                             help="the second direction would read what is not written yet")  # fmt: skip
        check_flags("Decoder", input_feeding=input_feeding)
        check_probability("Decoder", "dropout", dropout, below_one=True)
        if input_feeding and attention is None:
            raise OptionError("Decoder: input_feeding=True without attention", expected="attention=…",
                              help="what is fed is h̃, which attention makes")  # fmt: skip
        V = getattr(embedding, "num_embeddings", None) if vocabulary_size is None else vocabulary_size
        if V is None:
            raise OptionError(f"Decoder: {type(embedding).__name__} does not say how many tokens there are",
                              expected="vocabulary_size=…")  # fmt: skip
        check_sizes("Decoder", vocabulary_size=V)
        dtype, rng = float_dtype("Decoder", dtype), generator("Decoder", rng)
        size = rnn.state_sizes[0] if isinstance(rnn, Cell) else rnn.output_size
        features = getattr(embedding, "embedding_dim", None)
        wanted = None if features is None else features + size * input_feeding
        if wanted not in (None, rnn.input_size):
            fed = f" + {size} that are fed" if input_feeding else ""
            raise ShapeError(f"Decoder: its {type(rnn).__name__} does not take what the embedding gives",
                             expected=f"input_size {wanted}: {features} of the embedding{fed}",
                             got=f"input_size {rnn.input_size}")  # fmt: skip
        self.vocabulary_size, self.input_feeding = V, input_feeding
        self.embedding, self.rnn, self.attention = embedding, rnn, attention
        self.combine = None if attention is None else Linear(attention.memory_size + size, size, dtype=dtype, rng=rng)
        self.head = Linear(size, V, dtype=dtype, rng=rng)
        self._drop = Dropout(dropout, rng=rng)

    @property
    def dropout(self) -> float:
        """Probability of dropping a feature of x_t and of what the head reads, while training; it may be set."""
        return self._drop.p

    @dropout.setter
    def dropout(self, p: float) -> None:
        check_probability("Decoder", "dropout", p, below_one=True)
        self._drop.p = p

    def _named_modules(self, prefix: str) -> Iterator[tuple[str, Module]]:
        yield from super()._named_modules(prefix)
        yield f"{prefix}.dropout" if prefix else "dropout", self._drop

    def first_state(self, state: Any) -> Any:
        """What `forward` takes at its first step where rnn starts from this state: with input feeding, (state, 0)."""
        if not self.input_feeding:
            return state
        h = flatten(state)[0][0]
        zeros = from_array(np.zeros((*h.shape[-2:-1], self.head.in_features), h.dtype), None)
        with step(0):
            return state, label(zeros, "initial_state", "attended")

    def forward(self, token: Any, state: Any, memory: Memory | None = None) -> tuple[Tensor, Any]:
        """One step: from the token before, (B,) ids, and the state to (logits (B, V), the new state).

        With attention and no memory to look at it raises OptionError. With input feeding the state is that of rnn and
        h̃, as `first_state` gives it first.
        """
        x = label(self._drop(self.embedding(token)), "input", "x")
        if self.input_feeding:
            state, fed = state
            x = label(concatenate([x, fed], axis=-1), "input", "x+attended")
        h, state = advance(self.rnn, x, state)
        if self.combine is not None:
            h = tanh(self.combine(concatenate([self._context(h, memory), h], axis=-1)))
        h = self._drop(h)
        if self.input_feeding:
            state = state, label(h, "output", "attended")
        return label(self.head(h), "output", "y"), state

    def _context(self, h: Tensor, memory: Memory | None) -> Tensor:
        if self.attention is None or memory is None:
            raise OptionError(
                "Decoder: its attention has nothing to look at",
                expected="memory=attention.remember(outputs, lengths)",
                got="memory=None",
                where=str(CONTEXT.get()),
            )
        return self.attention(h, memory)[0]


class Seq2Seq(Module):
    """p(target | source) = Π_t p(y_t | y_1 … y_{t−1}, source).

    Args:
        encoder, decoder: the decoder starts from the encoder's state, so their layers, and features of a state, are
            as many: a bidirectional encoder of H has a decoder of 2·H.
        start: the id that the decoder reads at its first step.
        stop: the id that ends a target.
    Raises:
        ShapeError: the decoder cannot start from the encoder's state, or has no such ids.

    >>> from tinygrad_rnn import nn
    >>> encoder = Encoder(nn.GRU(4, 5, rng=0), nn.Embedding(7, 4, rng=1))
    >>> model = Seq2Seq(encoder, Decoder(nn.GRU(4, 5, rng=2), nn.Embedding(6, 4, rng=3), rng=4), start=0, stop=1)
    >>> source, target = np.array([[2, 3], [4, 5], [6, 0]]), np.array([[2, 3], [1, 4], [0, 1]])
    >>> model(source, target, lengths=[3, 2]).shape
    (3, 2, 6)
    """

    def __init__(self, encoder: Encoder, decoder: Decoder, *, start: int, stop: int) -> None:
        read, written = _state_of(encoder.rnn), _state_of(decoder.rnn)
        if read != written:
            raise ShapeError("Seq2Seq: the decoder cannot start from the encoder's state", expected=f"state {read}",
                             got=f"state {written}", help="give both the same layers and features")  # fmt: skip
        V = decoder.vocabulary_size
        for name, token in {"start": start, "stop": stop}.items():
            if not (is_number(token, whole=True) and 0 <= token < V):
                raise ShapeError(f"Seq2Seq: {name}={token!r:.60} is not an id of the decoder", expected=f"0 … {V - 1}")
        self.encoder, self.decoder, self.start, self.stop = encoder, decoder, start, stop

    def forward(
        self, source: Any, target: Any, lengths: Any = None, *, teacher_forcing: float = 1.0, rng: Rng = None
    ) -> Tensor:
        """Logits of every token of the target.

        Args:
            source: (S, B) ids, or (S, B, I) for an encoder without an embedding.
            target: (T, B) ids, each row ended by `stop`. What stands after that is read too; leave it out of the loss:
                sequence_loss(logits, target, target_lengths).
            lengths: (B,), steps of the source that are a row's own; all when None.
            teacher_forcing: probability that a step reads the true token before it; otherwise it reads the likeliest
                by the step before. A coin is thrown for each row and step; at 1 and 0 none is.
            rng: a seed or Generator for the coins.
        Returns:
            (T, B, V).
        Source: Williams & Zipser 1989; Bengio et al. 2015, arXiv:1506.03099, for the coins.
        """
        target = _ids(target)
        truth = coins(target.shape, teacher_forcing, rng)
        state, memory = self.encode(source, lengths)

        def write(given: tuple[Any, Array], carried: tuple[Any, Any]) -> tuple[Tensor, tuple[Any, Any]]:
            (true, forced), (token, state) = given, carried
            logits, state = self.decoder(token, state, memory)
            return logits, (true if forced.all() else where(forced, true, argmax(logits, axis=-1)), state)

        first = np.full(target.shape[1:], self.start), state
        logits, _ = unroll(write, list(zip(target, truth, strict=True)), first)
        stacked: Tensor = stack(logits)
        return stacked

    def encode(self, source: Any, lengths: Any = None) -> tuple[Any, Memory | None]:
        """(the decoder's first state, what its attention looks at) for a source."""
        shape = shape_of(source)
        if len(shape) < 2:
            raise ShapeError("Seq2Seq: the source is not a batch of sequences", expected="source (S, B) or (S, B, I)",
                             got=f"source {shape}", help="a batch of one: source[:, None]")  # fmt: skip
        hs, state = self.encoder(source, lengths)
        state = self.decoder.first_state(state)
        if self.decoder.attention is None:
            return state, None
        with self.decoder.opened(), self.decoder.attention.opened():
            return state, self.decoder.attention.remember(stack(hs), lengths)


def _state_of(rnn: Recurrent | Cell) -> str:
    """The shapes of its final state for a decoder, without the batch: both directions side by side."""
    if isinstance(rnn, Cell):
        return ", ".join(f"{name} ({size})" for name, size in zip(rnn.states, rnn.state_sizes, strict=True))
    cell, D = rnn.cells["l0"], 2 if rnn.bidirectional else 1
    shapes = [(rnn.num_layers, D * size) for size in cell.state_sizes]
    return ", ".join(f"{name} {shape}" for name, shape in zip(cell.states, shapes, strict=True))


def coins(shape: tuple[int, ...], p: float, rng: Rng = None) -> Array:
    """True with probability p, at each place of its own; where p is 0 or 1 nothing is drawn.

    Raises:
        OptionError: p is not a probability.
    """
    check_probability("Seq2Seq", "teacher_forcing", p)
    return np.full(shape, p == 1) if p in (0, 1) else generator("Seq2Seq", rng).random(shape) < p


def _ids(target: Any) -> Any:
    ids = target if isinstance(target, Tensor) else np.asarray(as_array(target))
    if ids.dtype.kind not in "iu":
        raise DTypeError(f"Seq2Seq: the targets are {ids.dtype}", expected="integer ids", where=str(CONTEXT.get()))
    if ids.ndim != 2 or len(ids) == 0:
        raise ShapeError("Seq2Seq: the targets are not a batch of sequences", expected="target (T, B) with T ≥ 1",
                         got=f"target {ids.shape}", where=str(CONTEXT.get()))  # fmt: skip
    return ids


def _time_first(owner: str, rnn: Recurrent | Cell) -> None:
    if not isinstance(rnn, Cell) and rnn.batch_first:
        raise ShapeError(f"{owner}: its layer has batch_first", expected="time first: source (S, B), target (T, B)",
                         help=f"build {type(rnn).__name__}(…) without batch_first")  # fmt: skip
