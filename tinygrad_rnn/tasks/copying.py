"""Copying memory: ten symbols, a long silence, a sign, and then the ten again.

x   3 7 1 … 5 | 0 0 0 … 0 9 | 0 0 0 … 0
y   0 0 0 … 0 | 0 0 0 … 0 0 | 3 7 1 … 5
"""

from __future__ import annotations

import numpy as np

from tinygrad_rnn.engine.tensor import Array, Tensor
from tinygrad_rnn.nn import cross_entropy
from tinygrad_rnn.ops import log_softmax, one_hot
from tinygrad_rnn.tasks.batch import Batch, at_every_step
from tinygrad_rnn.tasks.config import Reader, TrialConfig
from tinygrad_rnn.tasks.task import Recent, Task

__all__ = ["Copying"]


def copying(rng: np.random.Generator, rows: int, T: int = 30) -> Batch:
    """Ten symbols of 1 … 8, T − 1 blanks (0), the sign 9, ten blanks; the answer to the last ten steps is the symbols.

    A network that remembers nothing answers blank T + 10 times and then guesses: 10·ln 8/(T + 20) nats per step.

    Args:
        T: steps between the last symbol and the first answer, at least 1.
    Source: Hochreiter & Schmidhuber 1997; in this form Arjovsky et al. 2016, arXiv:1511.06464.

    >>> batch = copying(np.random.default_rng(0), 2, T=5)
    >>> batch.x.shape, np.array_equal(batch.x[:10].argmax(axis=2).ravel(), batch.target[-20:])
    ((25, 2, 10), True)
    """
    message = rng.integers(1, 9, (10, rows))
    blanks = np.zeros((T - 1, rows), int)
    sign = np.full((1, rows), 9)
    silence = np.zeros((10, rows), int)
    x = one_hot(np.concatenate([message, blanks, sign, silence]), num_classes=10, dtype=np.float32)
    return at_every_step(x, np.full(rows, len(x)), np.concatenate([silence, blanks, silence[:1], message]))


def memoryless(T: int) -> float:
    """10·ln 8/(T + 20): the loss, in nats per step, of a network that knows the pattern and remembers no symbol."""
    return float(10 * np.log(8) / (T + 20))


class Copying(Task):
    """T = 30."""

    name = "copying"
    title = "Copying memory, T = 30: ten symbols, recalled after thirty steps (in the form of Arjovsky et al. 2016)"
    inputs, outputs = 10, 9
    criterion = f"the last 2,000 below a tenth of what remembering nothing costs, {memoryless(30):.4f} nats per step"
    measure = "nats per step on 1,000"
    note = "the papers' delays are longer, so their figures are not shown; chance: no symbol is remembered"
    chance = memoryless(30)
    configs = {
        name: TrialConfig(
            name, 64, "rmsprop", 2e-2, 20, {"alpha": 0.9}, clip_norm=None, clip_value=1.0, memory=50, quick=20_000
        )
        for name in ("lstm", "gru")
    }

    def batch(self, rows: int) -> Batch:
        return copying(self.rng, rows)

    def loss(self, y: Tensor, batch: Batch) -> Tensor:
        return cross_entropy(y, batch.target)

    def errors(self, y: Array, batch: Batch) -> Array:
        """Nats per step of each sequence."""
        nats = -log_softmax(y)[np.arange(len(y)), batch.target]
        return np.bincount(batch.rows, nats) / np.bincount(batch.rows)

    def solved(self, network: Reader, recent: Recent) -> bool:
        return recent.full and float(np.mean(recent.errors)) < memoryless(30) / 10

    def score(self, network: Reader) -> float:
        return float(np.mean(self.fresh(network, 1000)))
