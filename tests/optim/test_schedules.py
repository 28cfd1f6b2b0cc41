"""Schedules against torch's, step by step; ReduceLROnPlateau against torch's, value by value."""

import json
import math

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.oracles import require_torch
from tinygrad_rnn import optim

STEPS = 200


def optimizers(*rates):
    """The same groups here and in torch, of these rates."""
    torch = require_torch()
    ours = [{"params": [tg.tensor([1.0], requires_grad=True)], "lr": lr} for lr in rates]
    theirs = [{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": lr} for lr in rates]
    return optim.SGD(ours, lr=rates[0]), torch.optim.SGD(theirs, lr=rates[0])


def rates(optimizer):
    return [group["lr"] for group in optimizer.param_groups]


def test_schedules():
    assert [optim.step_decay(1.0, every=2, gamma=0.1)(k) for k in range(5)] == [1, 1, 0.1, 0.1, pytest.approx(0.01)]
    assert optim.exponential_decay(2.0, gamma=0.5)(3) == 0.25
    cosine = optim.cosine_decay(1.0, steps=8, floor=0.1, warmup=4)
    assert [cosine(k) for k in (0, 1, 3, 4)] == [0.25, 0.5, 1, 1]
    assert cosine(5) == pytest.approx(0.1 + 0.45 * (1 + math.cos(math.pi / 4)))
    assert cosine(8) == cosine(80) == pytest.approx(0.1)
    assert optim.constant(0.3, warmup=3)(1) == pytest.approx(0.2)
    assert [optim.step_decay(1.0, every=2, gamma=0.1, warmup=2)(k) for k in range(5)] == [0.5, 1, 1, 1, 0.1]


@pytest.mark.parametrize(("steps", "warmup"), [(1, 0), (1, 5), (3, 3), (10, 20), (200, 100)])
def test_a_schedule_reaches_its_rate(steps, warmup):
    schedule = optim.cosine_decay(2.0, steps=steps, warmup=warmup)
    assert max(map(schedule, range(max(steps, warmup)))) == 2.0
    if warmup and steps > warmup:
        torch = require_torch()
        o = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=2.0)
        rise = torch.optim.lr_scheduler.LinearLR(o, 1 / warmup, 1.0, warmup - 1)
        fall = torch.optim.lr_scheduler.CosineAnnealingLR(o, steps - warmup)
        both = torch.optim.lr_scheduler.SequentialLR(o, [rise, fall], [warmup])
        for k in range(steps):
            assert schedule(k) == pytest.approx(o.param_groups[0]["lr"], abs=1e-12)
            o.step()
            both.step()


CYCLES = [
    {"lr": 0.1},
    {"lr": 0.1, "anneal": "linear"},
    {"lr": 0.1, "pct_start": 0.25, "div_factor": 10.0, "final_div_factor": 100.0},
    {"lr": 0.1, "three_phase": True},
    {"lr": 0.1, "three_phase": True, "anneal": "linear", "pct_start": 0.4},
]


@pytest.mark.parametrize("options", CYCLES, ids=str)
@pytest.mark.parametrize("steps", [7, STEPS])
def test_one_cycle_is_torchs(options, steps):
    torch, (_, other) = require_torch(), optimizers(0.1)
    words = {"lr": "max_lr", "anneal": "anneal_strategy"}
    taken = {words.get(name, name): value for name, value in options.items()}
    theirs = torch.optim.lr_scheduler.OneCycleLR(other, total_steps=steps, cycle_momentum=False, **taken)
    ours = optim.one_cycle(steps=steps, **options)
    for k in range(steps):
        assert ours(k) == pytest.approx(rates(other)[0], rel=1e-12)
        other.step()
        if k < steps - 1:
            theirs.step()
    assert ours(steps) == ours(steps + 100) == pytest.approx(rates(other)[0], rel=1e-12)


@pytest.mark.parametrize("pct_start", [0.0, 1.0])
@pytest.mark.parametrize("three_phase", [False, True])
@pytest.mark.parametrize("steps", [1, 2, 9])
def test_a_cycle_of_any_shape_stays_between_its_rates(steps, pct_start, three_phase):
    ours = optim.one_cycle(1.0, steps=steps, pct_start=pct_start, three_phase=three_phase)
    assert all(1 / 25e4 <= ours(k) * (1 + 1e-12) <= 1 + 1e-9 for k in range(steps + 3))


def test_schedules_one_after_another_and_multiplied_are_torchs():
    torch, (_, other), (_, third) = require_torch(), optimizers(0.4), optimizers(0.4)
    s = torch.optim.lr_scheduler
    theirs = s.SequentialLR(other, [s.ExponentialLR(other, 0.9), s.StepLR(other, 7, 0.5), s.ConstantLR(other, 1.0)],
                            milestones=[20, 100])  # fmt: skip
    ours = optim.sequential(
        [optim.exponential_decay(0.4, gamma=0.9), optim.step_decay(0.4, every=7, gamma=0.5), lambda k: 0.4], [20, 100]
    )
    product = optim.chained(optim.cosine_decay(0.4, steps=STEPS), optim.step_decay(1.0, every=30), lambda k: 0.99**k)
    both = s.ChainedScheduler([s.StepLR(third, 30), s.ExponentialLR(third, 0.99)])
    for k in range(STEPS):
        assert ours(k) == pytest.approx(rates(other)[0], rel=1e-12)
        cosine = 0.5 * (1 + math.cos(math.pi * k / STEPS))
        assert product(k) == pytest.approx(rates(third)[0] * cosine, rel=1e-12)
        other.step(), third.step()
        theirs.step(), both.step()


@pytest.mark.parametrize("make", [
    lambda: optim.cosine_decay(0.1, steps=STEPS, warmup=10),
    lambda: optim.one_cycle(0.1, steps=STEPS),
    lambda: (lambda k: 0.1 / math.sqrt(1 + k)),
], ids=["cosine", "one cycle", "any function"])  # fmt: skip
def test_two_hundred_scheduled_steps_of_two_groups_equal_torchs(make):
    """Each group keeps its proportion to the first, as under torch's LambdaLR."""
    torch, schedule = require_torch(), make()
    ours, theirs = optimizers(0.1, 0.02)
    scheduler = torch.optim.lr_scheduler.LambdaLR(theirs, lambda k: schedule(k) / 0.1)
    rng = np.random.default_rng(0)
    for k in range(STEPS):
        ours.lr = schedule(k)
        np.testing.assert_allclose(rates(ours), rates(theirs), rtol=1e-12)
        for p, group in zip(ours.params, theirs.param_groups, strict=True):
            g = rng.standard_normal(1)
            p.grad, group["params"][0].grad = g, torch.tensor(g, dtype=torch.float32)
        ours.step()
        theirs.step()
        scheduler.step()
    assert ours.lr == rates(ours)[0]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: optim.constant(-1), "constant: lr=-1 is out of range"),
        (lambda: optim.constant(1, warmup=-1), "constant: warmup=-1 is out of range"),
        (lambda: optim.step_decay(1, every=0), "step_decay: every=0 is out of range"),
        (lambda: optim.exponential_decay(1, gamma=math.nan), "exponential_decay: gamma=nan is out of range"),
        (lambda: optim.cosine_decay(1, steps=0), "cosine_decay: steps=0 is out of range"),
        (lambda: optim.cosine_decay(1, steps=9, floor=-1), "cosine_decay: floor=-1 is out of range"),
        (lambda: optim.one_cycle(1, steps=0), "one_cycle: steps=0 is out of range"),
        (lambda: optim.one_cycle(1, steps=9, pct_start=2), "one_cycle: pct_start=2 is out of range"),
        (lambda: optim.one_cycle(1, steps=9, anneal="cosine"), "one_cycle: anneal='cosine' is not an option"),
        (lambda: optim.one_cycle(1, steps=9, div_factor=0), "one_cycle: div_factor=0 is out of range"),
        (lambda: optim.sequential([], []), "sequential: 'nothing' is not a schedule"),
        (lambda: optim.sequential([optim.constant(1)], [3]), "sequential: milestones=[3] do not fit 1 schedules"),
        (
            lambda: optim.sequential([optim.constant(1)] * 3, [5, 3]),
            "sequential: milestones=[5, 3] do not fit 3 schedules",
        ),
        (lambda: optim.chained(0.1), "chained: 0.1 is not a schedule"),
        (lambda: optim.ReduceLROnPlateau(0.1), "ReduceLROnPlateau: optimizer=0.1 is not an optimiser"),
    ],
)
def test_an_option_out_of_range_names_its_owner(make, said):
    with pytest.raises(tg.OptionError) as caught:
        make()
    assert str(caught.value).splitlines()[0] == said


# a rate that falls on a plateau

PLATEAUS = [
    {"patience": 3},
    {"patience": 2, "factor": 0.5, "mode": "max"},
    {"patience": 1, "cooldown": 4, "threshold": 0.05, "threshold_mode": "abs"},
    {"patience": 0, "factor": 0.8, "min_lr": [0.01, 0.001], "threshold": 0.1},
    {"patience": 2, "mode": "max", "threshold_mode": "abs", "threshold": 0.3, "factor": 0.5},
    {"patience": 1, "factor": 0.9, "eps": 5e-3},
]


def losses():
    rng = np.random.default_rng(3)
    values = 2.0 / (1 + np.arange(STEPS) / 20) + 0.3 * rng.standard_normal(STEPS)
    values[[17, 40]] = np.nan, np.inf
    return values


@pytest.mark.parametrize("options", PLATEAUS, ids=str)
def test_a_plateau_is_torchs_and_goes_on_where_it_was_saved(options):
    torch = require_torch()
    ours, theirs = optimizers(0.1, 0.02)
    mine, other = (
        optim.ReduceLROnPlateau(ours, **options),
        torch.optim.lr_scheduler.ReduceLROnPlateau(theirs, **options),
    )
    fallen = 0
    for k, loss in enumerate(losses()):
        if k % 23 == 5:  # a process of its own goes on, from a file
            saved = json.loads(json.dumps(mine.state_dict()))
            ours, _ = optimizers(0.1, 0.02)
            mine = optim.ReduceLROnPlateau(ours, **options)
            mine.load_state_dict(saved)
        before = rates(ours)
        mine.step(loss)
        other.step(loss)
        assert rates(ours) == pytest.approx(rates(theirs), rel=1e-12)
        fallen += rates(ours) != before
    assert fallen
    assert (mine.best, mine.state_dict()["bad"]) == (other.best, other.num_bad_epochs)


def test_a_plateau_takes_a_tensor_and_refuses_what_is_no_figure():
    ours = optim.SGD([tg.tensor([1.0], requires_grad=True)], lr=1.0)
    plateau = optim.ReduceLROnPlateau(ours, patience=0, factor=0.5)
    for loss in (tg.tensor([2.0]).sum(), np.float32(2.0), 2):
        plateau.step(loss)
    assert ours.lr == 0.25
    for wrong in ("low", None, [1.0], np.ones(2)):
        with pytest.raises(tg.OptionError, match="is not a number"):
            plateau.step(wrong)
    before = plateau.state_dict()
    for wrong in (
        {},
        {**before, "lr": [1, 2]},
        {**before, "bad": -1},
        {**before, "best": None},
        {**before, "lr": [-1]},
    ):
        with pytest.raises(tg.CheckpointError, match="ReduceLROnPlateau"):
            plateau.load_state_dict(wrong)
    assert plateau.state_dict() == before


def test_fit_leaves_the_rate_to_whoever_changes_it_between_epochs():
    corpus = tg.train.Corpus("to be or not to be " * 20)
    model = tg.train.CharModel("rnn", len(corpus.vocabulary), 4, 1, rng=0)
    optimizer = optim.SGD(model.parameters(), lr=0.5)
    plateau = optim.ReduceLROnPlateau(optimizer, factor=0.1, patience=0, threshold=10.0, threshold_mode="abs")
    progress = tg.train.fit(
        model, corpus.ids, corpus.ids, optimizer, epochs=3, batch=4, bptt=10,
        on_epoch=lambda progress: plateau.step(progress.history[-1]["valid"]),
    )  # fmt: skip
    assert [row["lr"] for row in progress.history] == pytest.approx([0.5, 0.5, 0.05])
