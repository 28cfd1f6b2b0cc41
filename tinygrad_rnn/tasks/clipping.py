"""Temporal order as a test of clipping: the same plain RNN, the same seeds, with its gradient's norm tamed or not."""

from __future__ import annotations

import numpy as np

from tinygrad_rnn.engine.tensor import Array, Tensor
from tinygrad_rnn.nn import cross_entropy
from tinygrad_rnn.ops import log_softmax
from tinygrad_rnn.tasks.batch import Batch
from tinygrad_rnn.tasks.config import Reader, TrialConfig
from tinygrad_rnn.tasks.task import Recent, Task
from tinygrad_rnn.tasks.temporal_order import temporal_order_2013

__all__ = ["Clipping"]


class Clipping(Task):
    """50 tanh units, batch 20, W ~ N(0, 0.1²); SGD at the paper's 0.01, and at ten times that."""

    name = "clipping"
    title = "Temporal order, L = 20, tanh RNN with its gradient clipped and not (Pascanu et al. 2013)"
    inputs, outputs = 6, 4
    criterion = (
        "< 1 % wrong of 10,000 new sequences, looked at when the last 2,000 cost < 0.1 nats each; "
        "diverged: they cost > 1.01·ln 4, more than guessing"
    )
    measure = "wrong of 10,000"
    note = "the paper reports, as curves, the share of runs that succeed by length"
    chance = 7500
    every = 1000
    configs = {
        "rnn, clipped": TrialConfig("rnn", 50, "sgd", batch=20, spread=0.1, quick=100_000),
        "rnn, not clipped": TrialConfig("rnn", 50, "sgd", batch=20, spread=0.1, clip_norm=None, quick=100_000),
        "rnn, lr 0.1, clipped": TrialConfig("rnn", 50, "sgd", 0.1, batch=20, spread=0.1, quick=40_000),
        "rnn, lr 0.1, not clipped": TrialConfig(
            "rnn", 50, "sgd", 0.1, batch=20, spread=0.1, clip_norm=None, quick=40_000
        ),
    }

    def batch(self, rows: int) -> Batch:
        return temporal_order_2013(self.rng, rows, 20)

    def loss(self, y: Tensor, batch: Batch) -> Tensor:
        return cross_entropy(y, batch.target)

    def errors(self, y: Array, batch: Batch) -> Array:
        """Nats."""
        return -log_softmax(y)[np.arange(len(y)), batch.target]

    def wrong(self, network: Reader) -> float:
        """How many of 10,000 new sequences it puts into a wrong class."""
        return float(np.sum(self.fresh(network, 10_000, lambda y, batch: y.argmax(axis=1) != batch.target)))

    def solved(self, network: Reader, recent: Recent) -> bool:
        return recent.full and float(np.mean(recent.errors)) < 0.1 and self.wrong(network) < 100

    def diverged(self, recent: Recent) -> bool:
        return recent.full and float(np.mean(recent.errors)) > 1.01 * np.log(4)

    def score(self, network: Reader) -> float:
        return self.wrong(network)
