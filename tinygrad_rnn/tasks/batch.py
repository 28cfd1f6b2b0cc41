"""Batch: sequences side by side, and the places in them where an answer is asked for.

row 0   x₁ x₂ x₃ x₄ x₅      the answer is asked for at (step 5, row 0)
row 1   x₁ x₂ x₃ ·  ·                          and at (step 3, row 1): what stands behind is never looked at
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tinygrad_rnn.engine.tensor import Array

__all__ = ["Batch", "at_every_step", "at_the_end"]


class Batch(NamedTuple):
    """Sequences and what is asked of them.

    Attributes:
        x: (T, B, I), zeros behind the end of a row.
        steps, rows: (N,) and (N,): the n-th answer is read at x[steps[n], rows[n]].
        target: (N,): numbers, or classes.
    """

    x: Array
    steps: Array
    rows: Array
    target: Array


def at_the_end(x: Array, lengths: Array, target: Array) -> Batch:
    """One answer a row, at its last step.

    >>> batch = at_the_end(np.ones((3, 2, 1)), np.array([3, 1]), np.array([0.1, 0.2]))
    >>> batch.steps, batch.x[..., 0].tolist()
    (array([2, 0]), [[1.0, 1.0], [1.0, 0.0], [1.0, 0.0]])
    """
    return Batch(_cut(x, lengths), lengths - 1, np.arange(len(lengths)), target)


def at_every_step(x: Array, lengths: Array, target: Array) -> Batch:
    """An answer at each step of each row; target is (T, B).

    >>> batch = at_every_step(np.zeros((3, 2, 1)), np.array([3, 1]), np.array([[1, 2], [3, 0], [4, 0]]))
    >>> batch.target
    array([1, 2, 3, 4])
    """
    steps, rows = np.nonzero(_own(x, lengths))
    return Batch(_cut(x, lengths), steps, rows, target[steps, rows])


def _own(x: Array, lengths: Array) -> Array:
    """(T, B): whether a step is one of its row's own."""
    return np.arange(len(x))[:, None] < lengths


def _cut(x: Array, lengths: Array) -> Array:
    """x with zeros behind the end of each row."""
    return np.where(_own(x, lengths)[..., None], x, 0)
