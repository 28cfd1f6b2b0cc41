"""The adding problem: remember two marked numbers among many, and answer their sum at the end.

value     .3  .8  .1  .5  .9  .2        the answer: .8 + .9
marker     0   1   0   0   1   0        what stands unmarked is noise
"""

from __future__ import annotations

import numpy as np

from tinygrad_rnn.engine.tensor import Array, Tensor
from tinygrad_rnn.nn import mse_loss
from tinygrad_rnn.tasks.batch import Batch, at_the_end
from tinygrad_rnn.tasks.config import Reader, TrialConfig
from tinygrad_rnn.tasks.task import Recent, Task

__all__ = ["Adding", "Adding1997"]


def adding(rng: np.random.Generator, rows: int, T: int = 100) -> Batch:
    """y = v₁ + v₂ with values U[0, 1), one marker in each half. Always answering 1 scores a mean square of 1/6.

    Args:
        T: steps, at least 2.
    Source: Le et al. 2015, arXiv:1504.00941; Arjovsky et al. 2016, arXiv:1511.06464.

    >>> batch = adding(np.random.default_rng(0), 3, T=10)
    >>> batch.x.shape, np.allclose(batch.target, (batch.x[..., 0] * batch.x[..., 1]).sum(axis=0))
    ((10, 3, 2), True)
    """
    x = np.zeros((T, rows, 2), np.float32)
    x[..., 0] = rng.random((T, rows), dtype=np.float32)
    row = np.arange(rows)
    first, second = rng.integers(0, T // 2, rows), rng.integers(T // 2, T, rows)
    x[first, row, 1] = x[second, row, 1] = 1
    return at_the_end(x, np.full(rows, T), x[first, row, 0] + x[second, row, 0])


def adding_1997(rng: np.random.Generator, rows: int, T: int = 100) -> Batch:
    """y = 0.5 + (X₁ + X₂)/4 with values U[−1, 1) and lengths T … 1.1·T, the first and the last pair marked −1.

    X₁ stands among the first ten pairs, X₂ among the first T/2 − 1 that are then unmarked. A first pair that is
    chosen stays marked −1 and has the value 0, so that it counts as 0.

    Args:
        T: the shortest length, at least 20.
    Source: Hochreiter & Schmidhuber 1997, experiment 4.
    """
    lengths = rng.integers(T, T + T // 10 + 1, rows)
    row = np.arange(rows)
    first, second = rng.integers(0, 10, rows), rng.integers(0, T // 2 - 1, rows)
    second += second >= first
    x = np.zeros((T + T // 10, rows, 2), np.float32)
    x[..., 0] = rng.uniform(-1, 1, x.shape[:2])
    x[0, (first == 0) | (second == 0), 0] = 0
    x[first, row, 1] = x[second, row, 1] = 1
    x[0, :, 1] = x[lengths - 1, row, 1] = -1
    return at_the_end(x, lengths, np.float32(0.5) + (x[first, row, 0] + x[second, row, 0]) / 4)


class Sum(Task):
    """What both forms share: one number is answered, and squared error is made small."""

    inputs, outputs = 2, 1

    def loss(self, y: Tensor, batch: Batch) -> Tensor:
        return mse_loss(y[:, 0], batch.target)

    def errors(self, y: Array, batch: Batch) -> Array:
        return np.abs(y[:, 0] - batch.target)


class Adding(Sum):
    """The [0, 1) form, T = 100."""

    name = "adding"
    title = "Adding problem, values in [0, 1), T = 100 (Le et al. 2015, Arjovsky et al. 2016)"
    criterion = "mean square error < 0.01 on 10,000 new sequences, looked at when that of the last 2,000 is"
    measure = "mean square error on 10,000"
    chance = 1 / 6
    configs = {
        "lstm": TrialConfig("lstm", 32, memory=100, quick=50_000),
        "gru": TrialConfig("gru", 32, memory=100, quick=50_000),
        "rnn": TrialConfig("rnn", 32, lr=1e-3, quick=50_000),
    }

    def batch(self, rows: int) -> Batch:
        return adding(self.rng, rows)

    def solved(self, network: Reader, recent: Recent) -> bool:
        return recent.full and float(np.mean(recent.errors**2)) < 0.01 and self.score(network) < 0.01

    def score(self, network: Reader) -> float:
        return float(np.mean(self.fresh(network, 10_000) ** 2))


class Adding1997(Sum):
    """The form of 1997, T = 100."""

    name = "adding-1997"
    title = "Adding problem, values in [−1, 1), lengths 100 … 110 (Hochreiter & Schmidhuber 1997, experiment 4)"
    criterion = "the last 2,000 all within 0.04, their mean square error < 0.01"
    measure = "wrong of 2,560"
    note = "the paper's LSTM has no forget gate and learns online; ours has one, and learns from batches"
    published = {"lstm": ("74,000", "1")}
    configs = {"lstm": TrialConfig("lstm", 32, memory=100)}

    def batch(self, rows: int) -> Batch:
        return adding_1997(self.rng, rows)

    def solved(self, network: Reader, recent: Recent) -> bool:
        return recent.full and bool(np.all(recent.errors < 0.04))  # their mean square is below 0.01, then

    def score(self, network: Reader) -> float:
        return float(np.sum(self.fresh(network, 2560) >= 0.04))
