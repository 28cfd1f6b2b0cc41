"""Both forms of the adding problem: the targets computed again from what the network sees."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_rnn.tasks import Adding, Adding1997, Recent
from tinygrad_rnn.tasks.adding import adding, adding_1997

seeds = st.integers(0, 2**32)


@given(seeds, st.integers(1, 20), st.integers(2, 60))
def test_the_target_is_the_sum_of_the_two_marked_values(seed, rows, T):
    batch = adding(np.random.default_rng(seed), rows, T)
    values, markers = batch.x[..., 0], batch.x[..., 1]
    assert ((values >= 0) & (values < 1)).all()
    for row in range(rows):
        first, second = np.flatnonzero(markers[:, row])  # exactly two, or this does not unpack
        assert first < T // 2 <= second
        assert markers[first, row] == markers[second, row] == 1
        assert batch.target[row] == values[first, row] + values[second, row]
    assert (batch.steps == T - 1).all()
    assert batch.rows.tolist() == list(range(rows))


@pytest.mark.parametrize(("make", "lowest"), [(adding, 0), (adding_1997, -1)])
def test_the_values_are_spread_evenly(make, lowest):
    values = make(np.random.default_rng(0), 500).x[20:90, :, 0]  # 35,000 that are neither 0 nor beyond the end
    assert values.min() == pytest.approx(lowest, abs=1e-3)
    assert values.max() == pytest.approx(1, abs=1e-3)
    assert values.mean() == pytest.approx((lowest + 1) / 2, abs=0.01)  # three times its own spread


@given(seeds, st.integers(1, 20), st.integers(20, 60))
def test_the_form_of_1997_by_its_definition(seed, rows, T):
    batch = adding_1997(np.random.default_rng(seed), rows, T)
    for row in range(rows):
        length = batch.steps[row] + 1
        assert T <= length <= T + T // 10
        values, markers = batch.x[:length, row].T
        assert not batch.x[length:, row].any()
        assert (np.abs(values) <= 1).all()
        assert markers[0] == markers[-1] == -1
        assert set(markers[1:-1]) <= {0, 1}
        marked = np.flatnonzero(markers == 1)
        assert len(marked) in (1, 2)
        assert marked[0] < max(10, T // 2)
        assert marked[-1] < max(10, T // 2)
        if len(marked) == 1:  # the first pair was chosen: it has the value 0
            assert values[0] == 0
        else:
            assert marked[0] < 10
        # float32 sums in another order: an ulp of a number below 1
        assert batch.target[row] == pytest.approx(0.5 + values[marked].sum() / 4, abs=1e-7)


def test_answering_without_looking_scores_what_the_papers_say():
    """1/6 for the sum of two U[0, 1); the mean of 200,000 squares of spread 0.2 is within 4·0.2/√200,000 = 0.002."""
    targets = adding(np.random.default_rng(0), 200_000, 2).target
    assert np.mean((targets - 1) ** 2) == pytest.approx(Adding.chance, abs=0.002)


def test_every_place_is_marked_sometimes():
    batch = adding_1997(np.random.default_rng(0), 5000)
    marked = np.flatnonzero((batch.x[..., 1] == 1).any(axis=1))
    assert marked.tolist() == list(range(1, 50))
    assert set(batch.steps + 1) == set(range(100, 111))
    assert batch.x.shape == (110, 5000, 2)


def errors(*parts):
    recent = Recent()
    recent.add(np.concatenate([np.full(n, e) for n, e in parts]))
    return recent


@pytest.mark.parametrize(
    ("parts", "solved"),
    [
        ([(2000, 0.039)], True),
        ([(1999, 0.0)], False),
        ([(1999, 0.0), (1, 0.04)], False),
        ([(5, 1.0), (2000, 0.03)], True),
    ],
)
def test_solved_when_the_last_2000_were_right(parts, solved):
    assert Adding1997(np.random.default_rng(0)).solved(None, errors(*parts)) is solved


class Answers:
    """The right answers, all off by as much."""

    def __init__(self, off):
        self.off = off

    def __call__(self, batch):
        self.data = batch.target[:, None] + self.off
        return self


def test_the_other_form_is_solved_by_the_mean_square_on_new_sequences():
    task = Adding(np.random.default_rng(0))
    assert not task.solved(Answers(0), errors((1999, 0.0)))
    assert task.solved(Answers(0), errors((2000, 0.0999)))
    assert not task.solved(Answers(0), errors((2000, 0.1001)))
    assert task.solved(Answers(0.0999), errors((2000, 0.0)))
    assert not task.solved(Answers(0.1001), errors((2000, 0.0)))
