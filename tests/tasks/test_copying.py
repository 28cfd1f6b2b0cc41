"""Copying memory: the pattern, and what somebody without a memory scores."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_rnn import Tensor
from tinygrad_rnn.nn import cross_entropy
from tinygrad_rnn.tasks import Copying
from tinygrad_rnn.tasks.copying import copying, memoryless


@given(st.integers(0, 2**32), st.integers(1, 5), st.integers(1, 40))
def test_the_pattern(seed, rows, T):
    batch = copying(np.random.default_rng(seed), rows, T)
    x, y = batch.x.argmax(axis=-1), np.zeros((T + 20, rows), int)
    y[batch.steps, batch.rows] = batch.target
    assert len(batch.target) == rows * (T + 20)
    for said, answer in zip(x.T.tolist(), y.T.tolist(), strict=True):
        message = said[:10]
        assert set(message) <= set(range(1, 9))
        assert said[10:] == [0] * (T - 1) + [9] + [0] * 10
        assert answer == [0] * (T + 10) + message


def test_who_remembers_nothing_scores_the_published_baseline():
    task = Copying(np.random.default_rng(0))
    batch = task.batch(50)
    y = np.zeros((len(batch.target), 9))
    blank = batch.steps < 40
    y[blank, 1:] = y[~blank, 0] = -50.0  # e⁻⁵⁰: no probability there
    # the logits leave e⁻⁵⁰ to the other classes, which float64 does not see beside 1
    assert task.errors(y, batch) == pytest.approx(np.full(50, memoryless(30)), rel=1e-12)
    assert task.chance == memoryless(30) == pytest.approx(10 * np.log(8) / 50)


def test_the_errors_are_the_loss_sequence_by_sequence():
    task = Copying(np.random.default_rng(0))
    batch = task.batch(7)
    y = np.random.default_rng(1).standard_normal((len(batch.target), 9))
    # the same float64 sums, over time first here and over everything there
    assert task.errors(y, batch).mean() == pytest.approx(cross_entropy(Tensor(y), batch.target).item(), rel=1e-12)
