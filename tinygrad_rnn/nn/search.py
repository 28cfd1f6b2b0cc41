"""Decoding: a trained Seq2Seq writes on its own, each step reading what the step before it wrote.

greedy       the likeliest token at every step
beam = 2     start ─┬─ a ─┬─ a b ✓        the two likeliest sequences are kept at every step,
                    │     └─ a c          finished ones (✓) among them; what falls out is gone
                    └─ b ─── b a
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from tinygrad_rnn.engine.context import no_grad
from tinygrad_rnn.engine.tensor import Array, Tensor
from tinygrad_rnn.engine.trees import flatten
from tinygrad_rnn.errors import check_number, check_type
from tinygrad_rnn.nn.attention import Memory
from tinygrad_rnn.nn.init import Rng
from tinygrad_rnn.nn.module import evaluating
from tinygrad_rnn.nn.options import generator
from tinygrad_rnn.nn.seq2seq import Seq2Seq
from tinygrad_rnn.ops import log_softmax, take

__all__ = ["Written", "beam_search", "greedy_search", "sample_search"]


@dataclass(frozen=True)
class Written:
    """A sequence that a search wrote.

    Attributes:
        ids: its tokens, without the stop.
        log_p: Σ log p of them all, the stop's with them, in nats, as the model says it.
        stopped: whether it stopped, or came to the limit.
        attention: (tokens, S), where each token looked in the source: the weights a over its S places, those of a row's
            own adding up to 1; the stop's are the last row where it stopped. None where the decoder has no attention.

    Two are equal if they say the same with the same probability.
    """

    ids: list[int]
    log_p: float
    stopped: bool
    attention: Array | None = field(default=None, compare=False, repr=False)


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
    return _search(model, source, lengths, limit, lambda logits, log_p: np.argmax(log_p, axis=-1))


def sample_search(
    model: Seq2Seq,
    source: Any,
    lengths: Any = None,
    *,
    limit: int,
    temperature: float = 1.0,
    choose: Callable[[Array], int] | None = None,
    rng: Rng = None,
) -> list[Written]:
    """A token drawn from softmax(logits / temperature) at every step, until `stop`.

    Args:
        source, lengths, limit: as for `greedy_search`, which is what a temperature of 0 gives.
        temperature: below 1 the likely ones become likelier, above 1 less so.
        choose: draws instead: from the logits (V,) of a row, an id. Top-k and nucleus are such functions.
        rng: a seed or Generator.
    Returns:
        One for each row of the source.
    Raises:
        OptionError: an option is out of range, or `choose` is no function, or it gives what is not an id.
    """
    check_number("sample_search", "limit", limit, whole=True, least=1)
    check_number("sample_search", "temperature", temperature, least=0)
    rng = generator("sample_search", rng)
    if choose is not None:
        check_type("sample_search", "choose", choose, Callable, "a function of the logits")

    def drawn(logits: Array, log_p: Array) -> Array:
        if choose is not None:
            ids = [choose(row) for row in logits]
            for k in ids:
                check_number("sample_search", "what choose returns", k, whole=True, least=0, below=logits.shape[-1])
            return np.array(ids, int)
        if temperature == 0:
            return np.argmax(log_p, axis=-1)
        with np.errstate(over="ignore"):  # far below the likeliest is −∞: probability 0
            return np.argmax(log_p / temperature + rng.gumbel(size=log_p.shape), axis=-1)

    return _search(model, source, lengths, limit, drawn)


def _search(
    model: Seq2Seq, source: Any, lengths: Any, limit: int, choose: Callable[[Array, Array], Array]
) -> list[Written]:
    """One sequence for each row, of the token that is chosen at each step from (logits, log p), both (B, V)."""
    tokens: list[Array] = []
    with no_grad(), evaluating(model), looking(model) as looks:
        state, memory = model.encode(source, lengths)
        B = np.shape(source)[1]
        token, total, going = np.full(B, model.start), np.zeros(B), np.ones(B, bool)
        while going.any() and len(tokens) < limit:
            logits, state = model.decoder(token, state, memory)
            log_p = log_softmax(logits.data.astype(np.float64))
            token = choose(logits.data, log_p)
            total = total + np.where(going, log_p[np.arange(B), token], 0)
            tokens.append(np.where(going, token, model.stop))
            going = going & (token != model.stop)
    rows = np.array(tokens, int).reshape(-1, B).T
    seen = np.stack(looks, axis=1) if looks else [None] * B
    return [_written(row, p, model.stop, a) for row, p, a in zip(rows, total, seen, strict=True)]


@contextmanager
def looking(model: Seq2Seq) -> Iterator[list[Array]]:
    """The weights (B, S) of every step of the decoder's attention in the block; none where it has no attention."""
    looks: list[Array] = []
    attention = model.decoder.attention
    if attention is None:
        yield looks
        return
    with attention.register_forward_hook(lambda module, args, output: looks.append(output[1].data)):
        yield looks


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
    with no_grad(), evaluating(model), looking(model) as looks:
        state, memory = model.encode(source, lengths)
        B = np.shape(source)[1]
        each = np.repeat(np.arange(B), beam)
        state, memory = rows_of(state, each), _repeated(memory, each)
        b = Beams.first(B, beam)
        for _ in range(limit):
            if b.stopped.all():
                break
            logits, state = model.decoder(b.last(model.start), state, memory)
            look = looks.pop() if looks else np.zeros((B * beam, 0))
            b, parents = b.grown(log_softmax(logits.data.astype(np.float64)), look, model.stop, length_power)
            state = rows_of(state, (parents + beam * np.arange(B)[:, None]).ravel())
    return [b.best(row, model.stop, model.decoder.attention is not None) for row in range(B)]


class Beams(NamedTuple):
    """K sequences for each of B rows.

    Attributes:
        tokens: (B, K, t), and the attention of each, (B, K, t, S).
        log_p, written, stopped: (B, K): Σ log p, tokens written, and which have stopped.
    """

    tokens: Array
    attention: Array | None
    log_p: Array
    written: Array
    stopped: Array

    @classmethod
    def first(cls, B: int, K: int) -> Beams:
        """Nothing written, in one possible place: with K of them each sequence would be found K times."""
        log_p = np.full((B, K), -np.inf)
        log_p[:, 0] = 0
        return cls(np.zeros((B, K, 0), int), None, log_p, np.zeros((B, K), int), np.zeros((B, K), bool))

    def last(self, start: int) -> Array:
        """The token that each sequence ends with, (B·K,)."""
        B, K, t = self.tokens.shape
        return self.tokens[..., -1].ravel() if t else np.full(B * K, start)

    def grown(self, ps: Array, look: Array, stop: int, power: float) -> tuple[Beams, Array]:
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
        seen = look.reshape(B, K, 1, -1)
        seen = seen if self.attention is None else np.concatenate([self.attention, seen], axis=2)
        return Beams(
            np.concatenate([kept, tokens[..., None]], axis=-1),
            np.take_along_axis(seen, parents[..., None, None], axis=1),
            np.take_along_axis(log_p.reshape(B, K * V), chosen, axis=1),
            np.take_along_axis(written, parents, axis=1),
            tokens == stop,
        ), parents

    def best(self, row: int, stop: int, attends: bool) -> list[Written]:
        """Those of a row that can be, the best first."""
        places = np.flatnonzero(np.isfinite(self.log_p[row]))
        seen = self.attention[row] if attends and self.attention is not None else [None] * self.tokens.shape[1]
        return [_written(self.tokens[row, k], self.log_p[row, k], stop, seen[k]) for k in places]


def rows_of(state: Any, rows: Array) -> Any:
    """The state of these rows of the batch; its parts are (L, B, H) or (B, H)."""
    parts, build = flatten(state)
    return build([take(part, rows, axis=-2) for part in parts])


def _repeated(memory: Memory | None, rows: Array) -> Memory | None:
    if memory is None:
        return None
    mask = None if memory.mask is None else memory.mask[rows]
    return Memory(Tensor(memory.keys.data[rows]), Tensor(memory.values.data[rows]), mask)


def _written(tokens: Array, log_p: float, stop: int, attention: Array | None) -> Written:
    ids: list[int] = tokens.tolist()
    stopped = stop in ids
    n = ids.index(stop) if stopped else len(ids)
    return Written(ids[:n], float(log_p), stopped, None if attention is None else attention[: n + stopped])
