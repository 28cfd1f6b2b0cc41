"""Clipping: the configs differ by nothing else, and what counts as solved and as gone astray."""

from dataclasses import replace

import numpy as np
import pytest

from tinygrad_rnn.tasks import Clipping, Job, Recent, attempt


def of(nats):
    recent = Recent()
    recent.add(np.full(2000, nats))
    return recent


class Answers:
    """Answers every sequence rightly but those whose number in its batch is below `wrong`."""

    def __init__(self, wrong):
        self.wrong = wrong

    def __call__(self, batch):
        self.data = np.eye(4)[(batch.target + (batch.rows < self.wrong)) % 4]
        return self


def test_each_pair_of_recipes_differs_by_the_clipping_alone():
    configs = Clipping.configs
    for name in ("rnn", "rnn, lr 0.1"):
        clipped, free = configs[f"{name}, clipped"], configs[f"{name}, not clipped"]
        assert replace(clipped, clip_norm=None) == free
        assert clipped.clip_norm == 1


def test_solved_is_fewer_than_one_in_a_hundred_of_10_000():
    task = Clipping(np.random.default_rng(0))
    assert task.score(Answers(3)) == 3 * 20  # 20 batches of 500
    assert task.solved(Answers(4), of(0.09))
    assert not task.solved(Answers(5), of(0.09))
    assert not task.solved(Answers(0), of(0.11))


def test_astray_is_worse_than_guessing():
    task = Clipping(np.random.default_rng(0))
    assert not task.diverged(of(np.log(4)))
    assert task.diverged(of(1.41))
    assert not task.diverged(Recent())


def test_the_same_seed_sees_the_same_data_with_and_without_clipping():
    first = [attempt(Job(Clipping, name, 0, 20)).largest for name in Clipping.configs]
    assert first == [pytest.approx(first[0], rel=0)] * 4  # one batch: the same gradient, before clipping
