"""When a task counts as solved: at its criterion, on neither side of it, and not before 2,000 sequences were seen."""

import numpy as np
import pytest

from tinygrad_rnn.tasks import Adding, Adding1997, Clipping, Copying, Reber, Recent, TemporalOrder
from tinygrad_rnn.tasks.copying import memoryless

LIMIT = memoryless(30) / 10
ONE_AT, ONE_BELOW = [0.3] + [0.0] * 1999, [0.299] + [0.0] * 1999
CASES = [
    (Adding, [0.0999] * 2000, True),
    (Adding, [0.1001] * 2000, False),
    (Adding1997, [0.0399] * 2000, True),
    (Adding1997, [0.0] * 1999 + [0.04], False),
    (TemporalOrder, [0.0999] * 2000, True),
    (TemporalOrder, [0.1001] * 2000, False),
    (TemporalOrder, ONE_BELOW, True),
    (TemporalOrder, ONE_AT, False),
    (Copying, [0.99 * LIMIT] * 2000, True),
    (Copying, [1.01 * LIMIT] * 2000, False),
]


@pytest.mark.parametrize(("kind", "errors", "solved"), CASES)
def test_solved_is_at_the_criterion_and_not_before(kind, errors, solved, monkeypatch):
    task, recent = kind(np.random.default_rng(0)), Recent()
    monkeypatch.setattr(task, "score", lambda network: 0.0099)
    recent.add(np.array(errors[:-1]))
    assert not task.solved(None, recent)
    recent.add(np.array(errors[-1:]))
    assert task.solved(None, recent) is solved


def test_the_adding_problem_is_judged_on_fresh_sequences_too(monkeypatch):
    task, recent = Adding(np.random.default_rng(0)), Recent()
    recent.add(np.zeros(2000))
    monkeypatch.setattr(task, "score", lambda network: 0.0101)
    assert not task.solved(None, recent)


def test_strings_of_reber_are_judged_all_at_once_and_none_as_it_comes():
    task = Reber(np.random.default_rng(0))
    assert task.errors(np.zeros((3, 7)), task.batch(1)).shape == (0,)


SCORES = [  # the errors of fresh sequences, how many of them are asked for, and what is said of them
    (Adding, [0.1, 0.3], 10_000, 0.05),
    (Adding1997, [0.04, 0.0399, 0.05], 2560, 2),
    (TemporalOrder, [0.3, 0.2999, 0.4], 2560, 2),
    (Copying, [0.1, 0.3], 1000, 0.2),
    (Clipping, [True, False, True], 10_000, 2),
]


@pytest.mark.parametrize(("kind", "errors", "sequences", "score"), SCORES)
def test_the_score_counts_fresh_sequences_as_it_says(kind, errors, sequences, score, monkeypatch):
    task, asked = kind(np.random.default_rng(0)), []

    def fresh(network, count, *judge):
        asked.append(count)
        return np.array(errors)

    monkeypatch.setattr(task, "fresh", fresh)
    assert task.score(None) == pytest.approx(score)
    assert asked == [sequences]
