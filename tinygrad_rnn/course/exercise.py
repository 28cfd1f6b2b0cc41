"""An exercise: a function to write, and all that is needed to judge one.

A mistake is a wrong function too. An answer that gives what a mistake gives, on every input, is told that it is that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Exercise", "Mistake"]


@dataclass(frozen=True)
class Mistake:
    """What learners write, and what to say to it.

    Attributes:
        f: the wrong function.
        why: what is wrong with it, in a whole sentence.
    """

    f: Callable[..., Any]
    why: str


@dataclass(frozen=True)
class Exercise:
    """A function to write.

    Attributes:
        name: of the function that is asked for.
        task: what it is given and what it returns, in whole sentences.
        reference: a right one, of plain numbers and arrays.
        simple: inputs on which a fault is easy to see, the simplest first.
        draw: draws further inputs.
        mistakes: what learners write.
    """

    name: str
    task: str
    reference: Callable[..., Any]
    simple: tuple[tuple[Any, ...], ...]
    draw: Callable[[np.random.Generator], tuple[Any, ...]]
    mistakes: tuple[Mistake, ...] = ()

    def inputs(self, seed: int, drawn: int = 20) -> Iterator[tuple[Any, ...]]:
        """The simple ones, then some that are drawn."""
        yield from self.simple
        rng = np.random.default_rng(seed)
        for _ in range(drawn):
            yield self.draw(rng)
