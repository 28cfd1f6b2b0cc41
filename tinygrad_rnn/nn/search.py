"""Decoding: a trained Seq2Seq writes on its own, each step reading what the step before it wrote.

greedy       the likeliest token at every step
beam = 2     start ─┬─ a ─┬─ a b ✓        the two likeliest sequences are kept at every step,
                    │     └─ a c          finished ones (✓) among them; what falls out is gone
                    └─ b ─── b a
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from tinygrad_rnn.engine.context import no_grad
from tinygrad_rnn.engine.tensor import Array, Tensor
from tinygrad_rnn.engine.trees import flatten
from tinygrad_rnn.errors import check_number
from tinygrad_rnn.nn.attention import Memory
from tinygrad_rnn.nn.module import evaluating
from tinygrad_rnn.nn.seq2seq import Seq2Seq
from tinygrad_rnn.ops import log_softmax, take

__all__ = ["beam_search", "greedy_search"]


class Written(NamedTuple):
    """A sequence that was decoded: its ids without the stop, Σ log p of them all with the stop, and if it stopped."""

    ids: list[int]
    log_p: float
    stopped: bool


def greedy_search(model: Seq2Seq, source: Any, lengths: Any = None, *, limit: int) -> list[Written]:
    """The likeliest token at every step, until `stop`.

    Args:
        source, lengths: as the model takes them, dropout is off.
        limit: the most tokens to write, the stop included.
    Returns:
        One for each row of the source.
    Raises:
        OptionError: the limit is below 1.
    """
    check_number("greedy_search", "limit", limit, whole=True, least=1)
    tokens: list[Array] = []
    with no_grad(), evaluating(model):
        state, memory = model.encode(source, lengths)
        B = np.shape(source)[1]
        token, log_p, going = np.full(B, model.start), np.zeros(B), np.ones(B, bool)
        while going.any() and len(tokens) < limit:
            logits, state = model.decoder(token, state, memory)
            ps = log_softmax(logits.data.astype(np.float64))
            token = np.argmax(ps, axis=-1)
            log_p = log_p + np.where(going, np.max(ps, axis=-1), 0)
            tokens.append(np.where(going, token, model.stop))
            going = going & (token != model.stop)
    rows = np.array(tokens, int).reshape(-1, B).T
    return [_written(row, p, model.stop) for row, p in zip(rows, log_p, strict=True)]


def beam_search(
    model: Seq2Seq, source: Any, lengths: Any = None, *, limit: int, beam: int = 4, length_power: float = 1.0
) -> list[list[Written]]:
    """The `beam` best sequences found by keeping that many at every step, the best first.

        score = (Σ log p) / nᵖ

    with n the tokens written, the stop included, and p the `length_power`: by 0 longer is never better, by 1 the mean
    decides. A sequence that has stopped keeps its place while its score is among the best.

    Args:
        source, lengths, limit: as for `greedy_search`, which is what a beam of 1 gives.
        beam: K.
        length_power: p ≥ 0.
    Returns:
        For each row of the source up to K; fewer only where there are fewer than K sequences.
    Raises:
        OptionError: an option is out of range.
    """
    check_number("beam_search", "limit", limit, whole=True, least=1)
    check_number("beam_search", "beam", beam, whole=True, least=1, most=100_000)
    check_number("beam_search", "length_power", length_power, least=0, most=100)
    with no_grad(), evaluating(model):
        state, memory = model.encode(source, lengths)
        B = np.shape(source)[1]
        each = np.repeat(np.arange(B), beam)
        state, memory = rows_of(state, each), _repeated(memory, each)
        b = Beams.first(B, beam)
        for _ in range(limit):
            if b.stopped.all():
                break
            logits, state = model.decoder(b.last(model.start), state, memory)
            b, parents = b.grown(log_softmax(logits.data.astype(np.float64)), model.stop, length_power)
            state = rows_of(state, (parents + beam * np.arange(B)[:, None]).ravel())
    return [b.best(row, model.stop) for row in range(B)]


class Beams(NamedTuple):
    """K sequences for each of B rows: tokens (B, K, t), Σ log p, tokens written, and which have stopped, (B, K)."""

    tokens: Array
    log_p: Array
    written: Array
    stopped: Array

    @classmethod
    def first(cls, B: int, K: int) -> Beams:
        """Nothing written, in one possible place: with K of them each sequence would be found K times."""
        log_p = np.full((B, K), -np.inf)
        log_p[:, 0] = 0
        return cls(np.zeros((B, K, 0), int), log_p, np.zeros((B, K), int), np.zeros((B, K), bool))

    def last(self, start: int) -> Array:
        """The token that each sequence ends with, (B·K,)."""
        B, K, t = self.tokens.shape
        return self.tokens[..., -1].ravel() if t else np.full(B * K, start)

    def grown(self, ps: Array, stop: int, power: float) -> tuple[Beams, Array]:
        """The K best of all that one more token makes, and the place that each was grown from."""
        B, K, _ = self.tokens.shape
        V = ps.shape[-1]
        only_stop = np.where(np.arange(V) == stop, 0.0, -np.inf)  # a sequence that has stopped stays as it is
        log_p = self.log_p[..., None] + np.where(self.stopped[..., None], only_stop, ps.reshape(B, K, V))
        written = self.written + ~self.stopped
        scores = (log_p / written[..., None] ** power).reshape(B, K * V)
        chosen = np.argsort(-scores, axis=-1, kind="stable")[:, :K]
        parents, tokens = np.divmod(chosen, V)
        kept = np.take_along_axis(self.tokens, parents[..., None], axis=1)
        return Beams(
            np.concatenate([kept, tokens[..., None]], axis=-1),
            np.take_along_axis(log_p.reshape(B, K * V), chosen, axis=1),
            np.take_along_axis(written, parents, axis=1),
            tokens == stop,
        ), parents

    def best(self, row: int, stop: int) -> list[Written]:
        possible = np.isfinite(self.log_p[row])
        return [
            _written(ids, p, stop) for ids, p in zip(self.tokens[row][possible], self.log_p[row][possible], strict=True)
        ]


def rows_of(state: Any, rows: Array) -> Any:
    """The state of these rows of the batch; its parts are (L, B, H) or (B, H)."""
    parts, build = flatten(state)
    return build([take(part, rows, axis=-2) for part in parts])


def _repeated(memory: Memory | None, rows: Array) -> Memory | None:
    if memory is None:
        return None
    mask = None if memory.mask is None else memory.mask[rows]
    return Memory(Tensor(memory.keys.data[rows]), Tensor(memory.values.data[rows]), mask)


def _written(tokens: Array, log_p: float, stop: int) -> Written:
    ids: list[int] = tokens.tolist()
    return Written(ids[: ids.index(stop)], float(log_p), True) if stop in ids else Written(ids, float(log_p), False)
