"""Trials: what ends one, that seeds decide everything, and that processes change nothing."""

import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import tinygrad_rnn as tg
from tinygrad_rnn import Tensor
from tinygrad_rnn.nn import mse_loss
from tinygrad_rnn.tasks import TASKS, Adding, Job, Reader, Recent, Task, TrialConfig, at_the_end, attempt, attempts
from tinygrad_rnn.tasks.trial import _alone
from tinygrad_rnn.train import training_step


class Last(Task):
    """The last of five numbers: a task that a few hundred sequences teach."""

    name, title = "last", "the last number"
    inputs = outputs = 1
    criterion, measure = "mean square error < 0.01", "mean square error"
    configs = {
        "rnn": TrialConfig("rnn", 8, batch=50),
        "wild": TrialConfig("rnn", 8, "sgd", lr=1e30, batch=50, clip_norm=None),
    }

    def batch(self, rows):
        x = self.rng.uniform(-1, 1, (5, rows, 1)).astype("float32")
        return at_the_end(x, np.full(rows, 5), x[-1, :, 0])

    def loss(self, y, batch):
        return mse_loss(y[:, 0], batch.target)

    def errors(self, y, batch):
        return np.abs(y[:, 0] - batch.target)

    def solved(self, network, recent):
        return recent.full and float(np.mean(recent.errors**2)) < 0.01

    def score(self, network):
        return float(np.mean(self.fresh(network, 100) ** 2))


def same(one, other):
    return replace(one, seconds=0.0) == replace(other, seconds=0.0)


def test_a_task_of_ones_own_is_learnt_and_stops_when_solved():
    outcome = attempt(Job(Last, "rnn", 0, 50_000))
    assert outcome.solved
    assert not outcome.diverged
    assert 2000 <= outcome.sequences < 50_000
    assert outcome.score < 0.01


def test_the_budget_ends_a_trial():
    outcome = attempt(Job(Last, "rnn", 0, 120))
    assert (outcome.sequences, outcome.solved, outcome.diverged) == (150, False, False)  # the batch that crosses it


def test_numbers_that_are_not_finite_end_a_trial():
    outcome = attempt(Job(Last, "wild", 0, 5000))
    assert outcome.diverged
    assert not outcome.solved
    assert outcome.sequences < 5000
    assert np.isfinite(outcome.largest)  # of the steps before


def test_a_config_that_the_task_has_not_and_no_process_at_all_are_refused():
    with pytest.raises(tg.OptionError, match="last: config='rmn' is not an option"):
        attempt(Job(Last, "rmn", 0, 100))
    with pytest.raises(tg.OptionError, match="attempts: processes=0"):
        next(attempts([], processes=0))


class Slow(Last):
    """Never solved, and asked every hundred sequences whether it is."""

    every = 100
    configs = {
        "some": TrialConfig("gru", 3, "rmsprop", 0.5, 40, {"alpha": 0.7}, clip_norm=0.25, clip_value=0.125),
        "free": TrialConfig("gru", 3, batch=40, clip_norm=None),
    }

    def solved(self, network, recent):
        asked.append(len(recent.errors))
        return False


asked = []


@pytest.mark.parametrize(("name", "bounds"), [("some", (0.25, 0.125)), ("free", (None, None))])
def test_a_trial_learns_as_its_config_says(name, bounds, monkeypatch):
    seen, norms = [], []

    def step(loss, optimizer, **options):
        seen.append((optimizer, options))
        norms.append(training_step(loss, optimizer, **options)[1])
        return loss.item(), norms[-1]

    monkeypatch.setattr("tinygrad_rnn.tasks.trial.training_step", step)
    asked.clear()
    outcome = attempt(Job(Slow, name, 0, 500, eager=True))
    assert asked == [120, 200, 320, 400, 520]  # the first look after each hundred
    assert (outcome.sequences, len(seen)) == (520, 13)
    assert outcome.largest == max(norms)
    assert 0 <= outcome.seconds < 60
    assert [options for _, options in seen] == [{"max_norm": bounds[0], "max_value": bounds[1]}] * 13
    if name == "some":
        optimizer = seen[0][0]
        assert isinstance(optimizer, tg.optim.RMSProp)
        assert (optimizer.lr, optimizer.alpha) == (0.5, 0.7)


def test_a_network_that_reads_its_values_learns_as_it_is(monkeypatch):
    plain = attempt(Job(Last, "rnn", 0, 500))
    forward = Reader.forward

    def read(network, batch):
        y = forward(network, batch)
        return y if y.data.max() < 1e9 else y * 0

    monkeypatch.setattr(Reader, "forward", read)
    assert attempt(Job(Last, "rnn", 0, 500)).score == pytest.approx(plain.score, rel=1e-4)  # by a plan, and without


@pytest.mark.parametrize(("count", "sizes"), [(7, [3, 3, 1]), (6, [3, 3]), (2, [2])])
def test_fresh_sequences_are_as_many_as_are_asked_for(count, sizes):
    task, judged = Last(np.random.default_rng(0)), []
    found = task.fresh(lambda batch: Tensor(batch.x[-1]), count, lambda y, batch: judged.append(y) or y[:, 0], rows=3)
    assert [len(y) for y in judged] == sizes
    assert np.array_equal(found, np.concatenate(judged)[:, 0])


def test_a_seed_decides_everything():
    first, again, other = (attempt(Job(Last, "rnn", seed, 500)) for seed in (3, 3, 4))
    assert same(first, again)
    assert not same(replace(first, job=other.job), other)


def test_processes_change_nothing():
    jobs = [Job(Adding, "rnn", seed, 100) for seed in range(2)]
    by = {o.job: o for o in attempts(jobs, processes=2)}
    for outcome in attempts(jobs, processes=1):
        assert same(outcome, by[outcome.job])


@pytest.mark.parametrize("name", TASKS)
def test_every_task_runs_with_each_of_its_recipes(name):
    for config in TASKS[name].configs:
        outcome = attempt(Job(TASKS[name], config, 0, 20))
        assert np.isfinite(outcome.score)
        assert not outcome.solved


def test_every_task_says_what_it_is():
    for task in TASKS.values():
        assert task.title
        assert task.criterion
        assert task.measure
        assert task(np.random.default_rng(0)).batch(3).x.dtype == np.float32
        assert set(task.published) <= set(task.configs)
        assert all(config.quick <= config.budget for config in task.configs.values())


DRAWN = {  # by the seed 0, of three sequences: the sum of what is read and of what is to be answered, as they were
    "adding": (163.6901, 3.7907), "adding-1997": (23.3097, 1.1226), "reber": (27, 86), "temporal-order": (321, 7),
    "copying": (150, 145), "clipping": (60, 7),
}  # fmt: skip


@pytest.mark.parametrize("name", TASKS)
def test_a_seed_draws_the_sequences_that_it_drew(name):
    batch = TASKS[name](np.random.default_rng(0)).batch(3)
    assert (batch.x.sum(dtype=float), batch.target.sum(dtype=float)) == pytest.approx(DRAWN[name], abs=1e-3)


def test_recent_holds_the_last_so_many():
    recent = Recent(5)
    for k in range(4):
        recent.add(np.array([k, k + 0.5]))
    assert recent.errors.tolist() == [1.5, 2.0, 2.5, 3.0, 3.5]


def test_any_executor_makes_the_same_trials():
    jobs = [Job(Last, "rnn", seed, 400) for seed in range(3)]
    with ThreadPoolExecutor(1) as executor:  # BLAS's number of threads is one for the whole process
        found = {o.job: o for o in attempts(jobs, executor=executor)}
    for outcome in map(attempt, jobs):
        assert replace(found[outcome.job], seconds=0) == replace(outcome, seconds=0)
    with pytest.raises(tg.OptionError, match=r"an executor of concurrent\.futures"):
        next(attempts(jobs, executor=3))


def test_a_trial_that_fails_on_an_executor_cancels_the_others():
    begun = []

    class Failing(Last):
        name = "failing"

        def batch(self, rows):
            begun.append(rows)
            raise ValueError("no batch")

    jobs = [Job(Failing, "rnn", seed, 100) for seed in range(200)]
    with ThreadPoolExecutor(1) as executor, pytest.raises(ValueError, match="no batch"):
        list(attempts(jobs, executor=executor))
    assert 1 <= len(begun) < 200


def test_a_worker_has_one_thread_and_leaves_an_interruption_to_its_parent():
    before = signal.getsignal(signal.SIGINT)
    try:
        with threadpool_limits(2):
            _alone()
            assert {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"} == {1}
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
