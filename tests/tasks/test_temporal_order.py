"""Temporal order, 1997 and 2013: the class read off the string by a person's rule."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_rnn.tasks import Recent, TemporalOrder
from tinygrad_rnn.tasks.temporal_order import SYMBOLS, temporal_order, temporal_order_2013

seeds = st.integers(0, 2**32)
CLASSES = {"XX": 0, "XY": 1, "YX": 2, "YY": 3}


def strings(batch):
    """Each row as text, up to where its answer is asked for."""
    for row, end in zip(batch.rows, batch.steps, strict=True):
        assert not batch.x[end + 1 :, row].any()
        assert (batch.x[: end + 1, row].sum(axis=-1) == 1).all()  # one-hot
        yield "".join(SYMBOLS[k] for k in batch.x[: end + 1, row].argmax(axis=-1))


@given(seeds)
def test_the_form_of_1997_by_its_definition(seed):
    batch = temporal_order(np.random.default_rng(seed), 20)
    for text, target in zip(strings(batch), batch.target, strict=True):
        assert 100 <= len(text) <= 110
        assert text[0] == "E"
        assert text[-1] == "B"
        assert set(text[1:-1]) <= set("abcdXY")
        first, second = (t for t, s in enumerate(text) if s in "XY")
        assert 10 <= first <= 20
        assert 50 <= second <= 60
        assert target == CLASSES[text[first] + text[second]]


@given(seeds, st.integers(10, 60))
def test_the_form_of_2013_by_its_definition(seed, length):
    batch = temporal_order_2013(np.random.default_rng(seed), 20, length)
    assert batch.x.shape == (length, 20, 6)
    for text, target in zip(strings(batch), batch.target, strict=True):
        first, second = (t for t, s in enumerate(text) if s in "XY")
        assert length // 10 <= first < 2 * length // 10
        assert 5 * length // 10 <= second < 6 * length // 10
        assert target == CLASSES[text[first] + text[second]]


def test_all_places_lengths_and_classes_come():
    batch = temporal_order(np.random.default_rng(0), 3000)
    informative = np.flatnonzero(batch.x[..., 4:6].any(axis=(1, 2)))
    assert informative.tolist() == [*range(10, 21), *range(50, 61)]
    assert set(batch.steps + 1) == set(range(100, 111))
    assert batch.x.shape == (110, 3000, 8)
    # 3,000 draws of probability 1/4: four times the spread of √(3,000·3/16)
    assert np.bincount(batch.target) == pytest.approx(np.full(4, 750), abs=4 * (3000 * 3 / 16) ** 0.5)


def test_right_is_every_output_within_three_tenths():
    task = TemporalOrder(np.random.default_rng(0))
    batch = task.batch(2)._replace(target=np.array([1, 2]))
    y = np.log(np.array([[0.05, 0.75, 0.1, 0.1], [0.3, 0.01, 0.68, 0.01]]))
    assert task.errors(y, batch) == pytest.approx([0.25, 0.32])  # the logs come back through exp, to rounding
    recent = Recent()
    recent.add(np.full(2000, 0.09))
    assert task.solved(None, recent)
    recent.add(np.array([0.31]))
    assert not task.solved(None, recent)
    recent.add(np.full(2000, 0.11))
    assert not task.solved(None, recent)
