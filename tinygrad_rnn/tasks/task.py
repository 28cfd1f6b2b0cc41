"""Task: a problem with a definition, a way to tell that it is solved, and a published figure to stand beside.

batch → network → y → errors, one a sequence → the last 2,000 of them → solved?
                  └→ loss → backward
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from typing import ClassVar

import numpy as np

from tinygrad_rnn.engine.context import no_grad
from tinygrad_rnn.engine.tensor import Array, Tensor
from tinygrad_rnn.errors import check_number
from tinygrad_rnn.nn.options import generator
from tinygrad_rnn.tasks.batch import Batch
from tinygrad_rnn.tasks.config import Reader, TrialConfig

__all__ = ["Recent", "Task"]

Judge = Callable[[Array, Batch], Array]


class Task(ABC):
    """One trial of a problem, with random numbers of its own. A task of yours defines what is abstract here.

    Attributes:
        name: what it is called on the command line.
        title: what it is, in a line.
        inputs, outputs: I and O.
        configs: what it is tried with, by name.
        criterion: when it counts as solved, in words; the sequences until then are what is counted.
        measure: what `score` counts, on fresh sequences, in words.
        published: (sequences needed, score) as published, in words; "" where it was not.
        note: how the trial differs from the published one, in words.
        chance: the score of a network that has learnt nothing, or the format alone; None where it is not known.
        every: how many sequences lie between two looks at `solved`.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    inputs: ClassVar[int]
    outputs: ClassVar[int]
    configs: ClassVar[dict[str, TrialConfig]]
    criterion: ClassVar[str]
    measure: ClassVar[str]
    published: ClassVar[dict[str, tuple[str, str]]] = {}
    note: ClassVar[str] = ""
    chance: ClassVar[float | None] = None
    every: ClassVar[int] = 1

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = generator(type(self).__name__, rng)

    @abstractmethod
    def batch(self, rows: int) -> Batch:
        """The next sequences to learn from."""

    @abstractmethod
    def loss(self, y: Tensor, batch: Batch) -> Tensor:
        """What is made small."""

    @abstractmethod
    def errors(self, y: Array, batch: Batch) -> Array:
        """(rows,) how far each sequence's answer is off, in whatever unit `solved` judges."""

    @abstractmethod
    def solved(self, network: Reader, recent: Recent) -> bool:
        """Whether the criterion is met."""

    def diverged(self, recent: Recent) -> bool:
        """Whether learning has gone astray though every number is finite."""
        return False

    @abstractmethod
    def score(self, network: Reader) -> float:
        """What is measured at the end, on sequences that it never saw."""

    def fresh(self, network: Reader, sequences: int, judge: Judge | None = None, rows: int = 500) -> Array:
        """What `judge`, by default `errors`, says of so many new sequences, with nothing learnt from them."""
        judge, found = judge or self.errors, []
        with no_grad():
            for start in range(0, sequences, rows):
                batch = self.batch(min(rows, sequences - start))
                found.append(judge(network(batch).data, batch))
        return np.concatenate(found)


class Recent:
    """The errors of the last so many sequences, each taken before the network learnt from it.

    >>> recent = Recent(3)
    >>> recent.add(np.array([0.5, 0.1])), recent.full
    (None, False)
    >>> recent.add(np.array([0.2, 0.3])), recent.full, recent.errors.tolist()
    (None, True, [0.1, 0.2, 0.3])
    """

    def __init__(self, size: int = 2000) -> None:
        check_number("Recent", "size", size, whole=True, least=1, most=10**9)
        self._errors: deque[float] = deque(maxlen=int(size))

    def add(self, errors: Array) -> None:
        """The errors of the newest sequences; those of the oldest are dropped."""
        self._errors.extend(errors.tolist())

    @property
    def full(self) -> bool:
        """Whether so many sequences have been seen."""
        return len(self._errors) == self._errors.maxlen

    @property
    def errors(self) -> Array:
        """The errors, the oldest first."""
        return np.array(self._errors)
