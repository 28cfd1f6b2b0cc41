"""Temporal order: two symbols among distractors, far apart: which came first?

E b c X a d … a Y c d b … B     X before Y: one of four classes, XX, XY, YX, YY
      t₁        t₂
"""

from __future__ import annotations

import numpy as np

from tinygrad_rnn.engine.tensor import Array, Tensor
from tinygrad_rnn.nn import cross_entropy
from tinygrad_rnn.ops import one_hot, softmax
from tinygrad_rnn.tasks.batch import Batch, at_the_end
from tinygrad_rnn.tasks.config import Reader, TrialConfig
from tinygrad_rnn.tasks.task import Recent, Task

__all__ = ["TemporalOrder"]

DISTRACTORS, INFORMATIVE, ENDS = "abcd", "XY", "EB"
SYMBOLS = DISTRACTORS + INFORMATIVE + ENDS


def temporal_order(rng: np.random.Generator, rows: int) -> Batch:
    """Strings E … B of 100 to 110 symbols over a, b, c, d, with X or Y at t₁ in 10 … 20 and t₂ in 50 … 60.

    The class is 2·(the first is Y) + (the second is Y); positions count from 0, where E stands.

    Source: Hochreiter & Schmidhuber 1997, experiment 6a.
    """
    lengths = rng.integers(100, 111, rows)
    symbols = rng.integers(0, len(DISTRACTORS), (110, rows))
    symbols[0] = SYMBOLS.index("E")
    classes = _informed(rng, symbols, rng.integers(10, 21, rows), rng.integers(50, 61, rows))
    symbols[lengths - 1, np.arange(rows)] = SYMBOLS.index("B")
    return at_the_end(one_hot(symbols, num_classes=len(SYMBOLS), dtype=np.float32), lengths, classes)


def temporal_order_2013(rng: np.random.Generator, rows: int, length: int = 50) -> Batch:
    """L symbols over a, b, c, d, with X or Y at t₁ in [L/10, 2L/10) and t₂ in [5L/10, 6L/10); no E, no B.

    Args:
        length: L, at least 10.
    Source: Pascanu et al. 2013, arXiv:1211.5063.
    """
    symbols = rng.integers(0, len(DISTRACTORS), (length, rows))
    first = rng.integers(length // 10, 2 * length // 10, rows)
    second = rng.integers(5 * length // 10, 6 * length // 10, rows)
    classes = _informed(rng, symbols, first, second)
    return at_the_end(
        one_hot(symbols, num_classes=len(DISTRACTORS + INFORMATIVE), dtype=np.float32), np.full(rows, length), classes
    )


def _informed(rng: np.random.Generator, symbols: Array, first: Array, second: Array) -> Array:
    """Write X or Y at both places of each row; returns the classes, 0 XX, 1 XY, 2 YX, 3 YY."""
    row = np.arange(symbols.shape[1])
    pair = rng.integers(0, len(INFORMATIVE), (2, len(row)))
    symbols[first, row], symbols[second, row] = SYMBOLS.index("X") + pair
    return np.asarray(2 * pair[0] + pair[1])


class TemporalOrder(Task):
    """Experiment 6a of 1997, with the softmax's probabilities as the outputs."""

    name = "temporal-order"
    title = "Temporal order, lengths 100 … 110 (Hochreiter & Schmidhuber 1997, experiment 6a)"
    inputs, outputs = len(SYMBOLS), 4
    criterion = "every output of the last 2,000 within 0.3, and their mean error < 0.1"
    measure = "wrong of 2,560"
    note = "the paper's LSTM has no forget gate and learns online; ours has one, and learns from batches"
    published = {"lstm": ("31,390", "1")}
    configs = {"lstm": TrialConfig("lstm", 32, batch=20, memory=100, quick=60_000)}

    def batch(self, rows: int) -> Batch:
        return temporal_order(self.rng, rows)

    def loss(self, y: Tensor, batch: Batch) -> Tensor:
        return cross_entropy(y, batch.target)

    def errors(self, y: Array, batch: Batch) -> Array:
        """The output that is furthest off."""
        return np.max(np.abs(softmax(y) - one_hot(batch.target, num_classes=self.outputs)), axis=-1)

    def solved(self, network: Reader, recent: Recent) -> bool:
        e = recent.errors
        return recent.full and bool(np.all(e < 0.3)) and float(np.mean(e)) < 0.1

    def score(self, network: Reader) -> float:
        return float(np.sum(self.fresh(network, 2560) >= 0.3))
