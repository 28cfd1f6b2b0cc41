"""Each setting of a trial does what it says: one step of descent, beside the same step in NumPy. One without an entry
in the table fails.
"""

from dataclasses import replace

import numpy as np
import pytest

from tests.tasks.test_trial import Last
from tinygrad_rnn.tasks import Job, TrialConfig, attempt
from tinygrad_rnn.train.config import options_of

PLAIN = TrialConfig("rnn", 3, "sgd", lr=0.1, batch=4, clip_norm=None)
EFFECTS = {}


def of(name):
    return lambda effect: EFFECTS.setdefault(name, effect)


@pytest.mark.parametrize("name", options_of(TrialConfig))
def test_a_setting_has_an_effect(name):
    EFFECTS[name]()


class Watched(Last):
    """Of a single batch it keeps what was read, and the network that learnt from it."""

    def batch(self, rows):
        type(self).rows = rows
        return super().batch(rows)

    def score(self, network):
        type(self).network = network
        return 0.0


def step(**changed):
    """(g, Δ): the gradient of the first batch and what the weights changed by, all parameters end to end."""
    config = replace(PLAIN, **changed)
    Watched.configs = {"it": config}
    attempt(Job(Watched, "it", 0, 1, eager=True))
    data, weights = np.random.default_rng(0).spawn(2)
    task, network = Last(data), config.network(1, 1, weights)
    batch = task.batch(config.batch)
    task.loss(network(batch), batch).backward()
    before, after, g = (
        np.concatenate([values(p).numpy().ravel() for p in net.parameters()])
        for net, values in ((network, lambda p: p), (Watched.network, lambda p: p), (network, lambda p: p.grad))
    )
    return g, after - before


def close(a, b):
    np.testing.assert_allclose(a, b, rtol=0, atol=1e-6)


@of("lr")
def _():
    for lr in (0.1, 0.3):
        g, change = step(lr=lr)
        close(change, -lr * g)


@of("clip_norm")
def _():
    g, change = step(clip_norm=0.01)
    close(change, -0.1 * 0.01 * g / np.linalg.norm(g))
    assert np.linalg.norm(g) > 0.02


@of("clip_value")
def _():
    g, change = step(clip_value=0.02)
    close(change, -0.1 * np.clip(g, -0.02, 0.02))
    assert abs(g).max() > 0.04


@of("optimizer")
def _():
    g, change = step(optimizer="adam")
    close(change[abs(g) > 1e-4], -0.1 * np.sign(g[abs(g) > 1e-4]))
    g, change = step(optimizer="sgd")
    close(change, -0.1 * g)


@of("batch")
def _():
    for rows in (4, 7):
        step(batch=rows)
        assert Watched.rows == rows


def made(**changed):
    return replace(PLAIN, **changed).network(1, 1, np.random.default_rng(0)).state_dict()


@of("model")
def _():
    for model, gates in (("rnn", 1), ("lstm", 4), ("gru", 3)):
        assert made(model=model)["rnn.weight_hh_l0"].shape == (gates * 3, 3)


@of("hidden")
def _():
    for hidden in (3, 5):
        assert made(hidden=hidden)["rnn.weight_hh_l0"].shape == (hidden, hidden)


@of("memory")
def _():
    usual, long = (made(model="gru", hidden=200, memory=steps)["rnn.bias_ih_l0"] for steps in (0, 50))
    tau = np.exp(np.split(long - usual, 3)[1])
    assert 1 - 1e-5 <= tau.min() < 5
    assert 44 < tau.max() < 49 + 1e-3


@of("spread")
def _():
    wide, usual = made(hidden=50, spread=0.7), made(hidden=50)
    assert wide["rnn.weight_hh_l0"].std() == pytest.approx(0.7, abs=0.04)  # of 2,500: its deviation is 0.01
    assert not wide["rnn.bias_ih_l0"].any()
    assert abs(usual["rnn.weight_hh_l0"]).max() <= 50**-0.5
    assert usual["rnn.bias_ih_l0"].any()


def budgets(*words):
    """How many sequences a trial may see, asked for on the command line."""
    from tinygrad_rnn.cli import parser
    from tinygrad_rnn.cli.task import jobs_of

    Watched.configs = {"it": replace(PLAIN, budget=321, quick=123)}
    return {job.budget for job in jobs_of(Watched, parser().parse_args(["task", "adding", *words]))}


@of("budget")
def _():
    assert budgets() == {321}


@of("quick")
def _():
    assert budgets("--quick") == {123}
