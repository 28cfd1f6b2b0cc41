"""The embedded Reber grammar: which symbols may come next? The last but one depends on the second.

     ┌─ T ─ a Reber string ─ T ─┐
B ───┤                          ├─── E        a Reber string itself runs from B to E through the loops below
     └─ P ─ a Reber string ─ P ─┘
"""

from __future__ import annotations

import numpy as np

from tinygrad_rnn.engine.context import no_grad
from tinygrad_rnn.engine.tensor import Array, Tensor
from tinygrad_rnn.nn import cross_entropy
from tinygrad_rnn.ops import one_hot
from tinygrad_rnn.tasks.batch import Batch, at_every_step
from tinygrad_rnn.tasks.config import Reader, TrialConfig
from tinygrad_rnn.tasks.task import Recent, Task

__all__ = ["Reber"]

SYMBOLS = "BTPSXVE"
# state → what may come next and the state it leads to; each is as likely as the other
GRAMMAR: dict[int, dict[str, int]] = {
    0: {"B": 1},
    1: {"T": 2, "P": 3},
    2: {"S": 2, "X": 4},
    3: {"T": 3, "V": 5},
    4: {"X": 3, "S": 6},
    5: {"P": 4, "V": 6},
    6: {"E": 7},
}


def reber_string(rng: np.random.Generator) -> tuple[str, list[str]]:
    """A Reber string, and at each of its places the symbols that the grammar allowed there.

    >>> reber_string(np.random.default_rng(0))
    ('BPVVE', ['B', 'TP', 'TV', 'PV', 'E'])
    """
    text, legal, state = "", [], 0
    while state in GRAMMAR:
        options = GRAMMAR[state]
        legal.append("".join(options))
        text += legal[-1][rng.integers(len(options))]
        state = options[text[-1]]
    return text, legal


def embedded_reber_string(rng: np.random.Generator) -> tuple[str, list[str]]:
    """B, T or P, a Reber string, the same T or P, E, with the symbols that are allowed at each place.

    Source: Hochreiter & Schmidhuber 1997, experiment 1; Smith & Zipser 1989.
    """
    which = "TP"[rng.integers(2)]
    text, legal = reber_string(rng)
    return f"B{which}{text}{which}E", ["B", "TP", *legal, which, "E"]


def predict_next(strings: list[tuple[str, list[str]]]) -> tuple[Batch, Array]:
    """All but the last symbol of each string as inputs, all but the first as targets; and which were legal, (N, 7).

    >>> batch, legal = predict_next([("BTE", ["B", "TP", "E"])])
    >>> [SYMBOLS[k] for k in batch.target], legal.astype(int).tolist()
    (['T', 'E'], [[0, 1, 1, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 1]])
    """
    lengths = np.array([len(text) for text, _ in strings])
    read, following = np.zeros((2, lengths.max() - 1, len(strings)), int)
    allowed = np.zeros((*read.shape, len(SYMBOLS)), bool)
    for row, (text, legal) in enumerate(strings):
        ids = [SYMBOLS.index(s) for s in text]
        read[: len(ids) - 1, row], following[: len(ids) - 1, row] = ids[:-1], ids[1:]
        for t, options in enumerate(legal[1:]):
            allowed[t, row, [SYMBOLS.index(s) for s in options]] = True
    x = one_hot(read, num_classes=len(SYMBOLS), dtype=np.float32)
    batch = at_every_step(x, lengths - 1, following)
    return batch, allowed[batch.steps, batch.rows]


class Reber(Task):
    """A pair of 256 training and 256 test strings, drawn by the seed; one string at a time is learnt from."""

    name = "reber"
    title = "Embedded Reber grammar, 256 training and 256 test strings (Hochreiter & Schmidhuber 1997, experiment 1)"
    inputs = outputs = len(SYMBOLS)
    criterion = "at every step of all 512 strings every legal symbol is more active than every other"
    measure = "wrong of the 256 test strings"
    note = "the paper's Elman network sends no gradient back through time, ours does; its LSTM has no forget gate"
    published = {"lstm": ("8,440 (3×2 cells)", "0, in all 30 trials"), "rnn": ("> 200,000 (Elman)", "never solved")}
    configs = {
        "lstm": TrialConfig("lstm", 16, batch=1, lr=1e-2, budget=100_000, quick=12_000),
        "rnn": TrialConfig("rnn", 16, batch=1, lr=3e-3, budget=200_000, quick=12_000),
    }
    every = 100

    def __init__(self, rng: np.random.Generator) -> None:
        super().__init__(rng)
        self.train, self.test = ([embedded_reber_string(self.rng) for _ in range(256)] for _ in range(2))
        self.both = predict_next(self.train + self.test)

    def batch(self, rows: int) -> Batch:
        return predict_next([self.train[k] for k in self.rng.integers(0, len(self.train), rows)])[0]

    def loss(self, y: Tensor, batch: Batch) -> Tensor:
        return cross_entropy(y, batch.target)

    def errors(self, y: Array, batch: Batch) -> Array:
        return np.zeros(0)  # judged on all strings at once, not as they come

    def wrong(self, network: Reader) -> Array:
        """Whether each of the 512 strings has a step at which some illegal symbol is as active as a legal one."""
        batch, legal = self.both
        with no_grad():
            y = network(batch).data
        confused = np.where(legal, y, np.inf).min(axis=1) <= np.where(legal, -np.inf, y).max(axis=1)
        return np.bincount(batch.rows, confused) > 0

    def solved(self, network: Reader, recent: Recent) -> bool:
        return not self.wrong(network).any()

    def score(self, network: Reader) -> float:
        return float(self.wrong(network)[len(self.train) :].sum())
