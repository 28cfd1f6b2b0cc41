"""Where choices come from: one method, so that what is written on it once runs from NumPy and from Hypothesis.

    integer(low, high)  ←  RandomSource   a NumPy generator: fast, and nothing to install
                        ←  Drawn          Hypothesis: shrinks towards low (strategies.py)

Everything that is chosen here is derived from integers, the simplest outcome first, so it shrinks with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Protocol, TypeVar

import numpy as np

T = TypeVar("T")
TOGETHER = 4  # items of a sample chosen by one integer: drawing costs Hypothesis more than all the rest


class Source(Protocol):
    """Gives integers; a low one is simpler."""

    def integer(self, low: int, high: int) -> int:
        """An integer with low ≤ it ≤ high."""
        ...


class RandomSource:
    """Integers from a NumPy generator, or from the seed of one.

    >>> source = RandomSource(0)
    >>> [source.integer(1, 6) for _ in range(5)]
    [6, 4, 4, 2, 2]
    """

    def __init__(self, rng: np.random.Generator | int) -> None:
        self._rng = np.random.default_rng(rng)

    def integer(self, low: int, high: int) -> int:
        return low if low == high else int(self._rng.integers(low, high, endpoint=True))


def choose(source: Source, items: Sequence[T]) -> T:
    """One of the items; the first is the simplest."""
    return items[source.integer(0, len(items) - 1)]


def flag(source: Source, one_in: int = 2) -> bool:
    """True once in `one_in` times; False is the simpler."""
    return source.integer(1, one_in) == one_in


def sample(source: Source, items: Sequence[T], count: int) -> list[T]:
    """`count` of the items, each at most once, in any order; the first ones are the simplest.

    >>> sample(RandomSource(0), "abcdef", 3)
    ['a', 'd', 'f']
    """
    rest, found = list(items), []
    for start in range(0, count, TOGETHER):
        choices = [len(rest) - k for k in range(min(TOGETHER, count - start))]
        code = source.integer(0, prod(choices) - 1)
        for n in choices:
            code, k = divmod(code, n)
            found.append(rest.pop(k))
    return found
