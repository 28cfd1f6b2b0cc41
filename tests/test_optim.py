"""Each optimiser against torch's of the same name, from the same start with the same gradients."""

import math

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.oracles import require_torch
from tinygrad_rnn import nn, optim

CASES = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
    ("Adagrad", {"lr": 0.1}),
    ("RMSProp", {"lr": 0.01, "alpha": 0.95}),
    ("Adam", {"lr": 0.01}),
    ("Adam", {"lr": 0.01, "betas": (0.8, 0.99), "weight_decay": 0.1}),
    ("AdamW", {"lr": 0.01, "weight_decay": 0.1}),
]


@pytest.mark.parametrize(("name", "options"), CASES)
def test_twenty_steps_equal_torchs(name, options):
    torch = require_torch()
    rng = np.random.default_rng(0)
    start, gradients = rng.standard_normal((4, 3)), rng.standard_normal((20, 4, 3))
    ours, theirs = tg.tensor(start, requires_grad=True), torch.tensor(start, requires_grad=True)
    mine = getattr(optim, name)([ours], **options)
    other = getattr(torch.optim, {"RMSProp": "RMSprop"}.get(name, name))([theirs], **options)
    for g in gradients:
        ours.grad, theirs.grad = g, torch.tensor(g)
        mine.step()
        other.step()
    np.testing.assert_allclose(ours.data, theirs.detach(), rtol=1e-12)  # float64, the same formula


@pytest.mark.parametrize(
    ("name", "options", "clip"), [("Adam", {"lr": 5e-3}, None), ("SGD", {"lr": 0.5, "momentum": 0.9}, 0.1)]
)
@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_ten_steps_of_a_network_track_torch(kind, name, options, clip):
    torch = require_torch()
    ours, theirs = getattr(nn, kind)(3, 5, 2, rng=0, dtype=np.float64), getattr(torch.nn, kind)(3, 5, 2).double()
    theirs.load_state_dict({k: torch.tensor(v) for k, v in ours.state_dict().items()})
    mine = getattr(optim, name)(ours.parameters(), **options)
    other = getattr(torch.optim, name)(theirs.parameters(), **options)
    rng = np.random.default_rng(0)
    state = q_state = None
    clipped = 0
    for _ in range(10):  # chunks of one long sequence: the state is carried and detached
        x, target = rng.standard_normal((7, 2, 3)), 3 * rng.standard_normal((7, 2, 5))
        output, state = ours(x, state)
        q_output, q_state = theirs(torch.tensor(x), q_state)
        state = tg.train.detach_state(state)
        q_state = tuple(s.detach() for s in q_state) if kind == "LSTM" else q_state.detach()
        mine.zero_grad()
        other.zero_grad()
        nn.mse_loss(output, target).backward()
        torch.nn.functional.mse_loss(q_output, torch.tensor(target)).backward()
        if clip:
            norm = tg.train.clip_grad_norm_(ours.parameters(), clip)
            clipped += norm > clip
            assert math.isclose(norm, float(torch.nn.utils.clip_grad_norm_(theirs.parameters(), clip)), rel_tol=1e-9)
        mine.step()
        other.step()
    assert clipped == (10 if clip else 0)
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        np.testing.assert_allclose(p.data, q.detach(), rtol=0, atol=1e-6)


def test_parameters_without_a_gradient_stay_and_shared_ones_step_once():
    a, b = tg.tensor([1.0], requires_grad=True), tg.tensor([1.0], requires_grad=True)
    a.grad = [1.0]
    optim.SGD((p for p in (a, b, a)), lr=0.5).step()
    assert (a.item(), b.item()) == (0.5, 1.0)


def test_frozen_parameters_are_left_alone():
    layer = nn.Linear(2, 2, rng=0)
    layer.bias.requires_grad = False
    optimizer = optim.Adam(layer.parameters())
    layer(np.ones((1, 2))).sum().backward()
    before = layer.state_dict()
    layer.weight.requires_grad = False  # frozen with a gradient still on it
    optimizer.step()
    assert all(np.array_equal(before[name], values) for name, values in layer.state_dict().items())


def test_float32_stays_float32_and_state_goes_out_and_in():
    p = tg.tensor(np.ones(3, np.float32), requires_grad=True)
    q = tg.tensor(np.ones(3, np.float32), requires_grad=True)
    one, two = optim.Adam([p], lr=0.1), optim.Adam([q], lr=0.1)
    for k in range(6):
        p.grad = q.grad = np.array([1.0, -2.0, k], np.float32)
        one.step()
        if k == 2:
            two = optim.Adam([q], lr=0.1)
            two.load_state_dict(one.state_dict())
            q.assign(p)
        elif k > 2:
            two.step()
    assert p.dtype == np.float32
    assert np.array_equal(p.data, q.data)
    assert all(a.dtype == np.float32 for name, a in one.state_dict().items() if not name.endswith(".t"))
    with pytest.raises(tg.CheckpointError, match="does not fit"):
        two.load_state_dict({"0.m": np.zeros(7)})
    with pytest.raises(tg.CheckpointError, match="does not fit"):
        two.load_state_dict({"3.m": np.zeros(3)})
    with pytest.raises(tg.CheckpointError, match="does not fit"):
        two.load_state_dict({"0.s": np.zeros(3)})  # RMSProp's


def test_what_makes_no_sense_is_refused():
    p = tg.tensor([1.0], requires_grad=True)
    for make in (
        lambda: optim.SGD([], lr=0.1),
        lambda: optim.SGD([p], lr=-1),
        lambda: optim.SGD([p], lr=math.nan),
        lambda: optim.SGD([tg.tensor([1.0])], lr=1),
        lambda: optim.SGD([p], lr=1, nesterov=True),
        lambda: optim.Adam([p], betas=(0.9, 1.0)),
        lambda: optim.SGD([p * 2], lr=1),
        lambda: optim.SGD([np.ones(2)], lr=1),
    ):
        with pytest.raises(ValueError, match=r"SGD|Adam"):
            make()
    p.grad = [1.0]
    with pytest.raises(TypeError, match=r"defines no update"):
        optim.Optimizer([p], lr=1).step()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda p: optim.SGD(p, lr=-0.1), "SGD: lr=-0.1 is out of range"),
        (lambda p: optim.SGD(p, lr="0.1"), "SGD: lr='0.1' is out of range"),
        (lambda p: optim.SGD(p, lr=math.inf), "SGD: lr=inf is out of range"),
        (lambda p: optim.SGD(p, weight_decay=math.nan), "SGD: weight_decay=nan is out of range"),
        (lambda p: optim.SGD(p, momentum=-1), "SGD: momentum=-1 is out of range"),
        (lambda p: optim.SGD(p, momentum=math.nan), "SGD: momentum=nan is out of range"),
        (lambda p: optim.SGD(p, nesterov=True), "SGD: nesterov=True with momentum=0"),
        (lambda p: optim.Adagrad(p, eps=-1), "Adagrad: eps=-1 is out of range"),
        (lambda p: optim.RMSProp(p, alpha=1), "RMSProp: alpha=1 is out of range"),
        (lambda p: optim.RMSProp(p, eps="small"), "RMSProp: eps='small' is out of range"),
        (lambda p: optim.Adam(p, betas=(0.9, 1.0)), "Adam: betas[1]=1.0 is out of range"),
        (lambda p: optim.Adam(p, betas=(math.nan, 0.9)), "Adam: betas[0]=nan is out of range"),
        (lambda p: optim.Adam(p, betas=0.9), "Adam: betas=0.9 is not a pair"),
        (lambda p: optim.Adam(p, betas=(0.9,)), "Adam: betas=(0.9,) is not a pair"),
        (lambda p: optim.AdamW(p, eps=math.nan), "AdamW: eps=nan is out of range"),
        (lambda p: optim.AdamW(p, weight_decay=-1), "AdamW: weight_decay=-1 is out of range"),
        (lambda p: optim.AdamW([p[0] * 2]), "AdamW: a parameter is not a leaf Tensor"),
        (lambda p: optim.AdamW([]), "AdamW: none of the 0 parameters requires grad"),
        (lambda p: optim.constant(-1), "constant: lr=-1 is out of range"),
        (lambda p: optim.constant(1, warmup=-1), "constant: warmup=-1 is out of range"),
        (lambda p: optim.step_decay(1, every=0), "step_decay: every=0 is out of range"),
        (lambda p: optim.exponential_decay(1, gamma=math.nan), "exponential_decay: gamma=nan is out of range"),
        (lambda p: optim.cosine_decay(1, steps=0), "cosine_decay: steps=0 is out of range"),
        (lambda p: optim.cosine_decay(1, steps=9, floor=-1), "cosine_decay: floor=-1 is out of range"),
    ],
)
def test_an_option_out_of_range_names_its_owner_and_is_refused_at_once(make, said):
    with pytest.raises(tg.OptionError) as caught:
        make([tg.tensor([1.0], requires_grad=True)])
    assert str(caught.value).splitlines()[0] == said


@pytest.mark.parametrize("kind", optim.OPTIMIZERS.values())
def test_a_parameter_keeps_its_name_and_its_label_through_a_step(kind):
    layer = nn.LSTM(2, 3, num_layers=2, rng=0)
    before = [(name, p, p.name, p.node.label) for name, p in layer.named_parameters()]
    values = [p.numpy() for p in layer.parameters()]
    optimizer = kind(layer.parameters(), lr=0.1)
    for _ in range(2):  # what is made in the first step is used in the second
        optimizer.zero_grad()
        (layer(np.ones((3, 1, 2), np.float32))[0] ** 2).sum().backward()
        optimizer.step()
    after = [(name, p, p.name, p.node.label) for name, p in layer.named_parameters()]
    assert [row[:1] + row[2:] for row in after] == [row[:1] + row[2:] for row in before]
    assert all(p is q for (_, p, *_), (_, q, *_) in zip(before, after, strict=True))
    assert all(role == "parameter" and name for *_, (role, name) in after)
    assert not any(np.array_equal(old, p.data) for old, p in zip(values, layer.parameters(), strict=True))
    found = tg.graph(layer(np.ones((3, 1, 2), np.float32))[0]).parameters
    assert sorted(node.name for node in found) == sorted(name for *_, (_, name) in after)


def test_an_optimiser_prints_its_settings_and_how_many_parameters_it_steps():
    layer = nn.Linear(2, 2, rng=0)
    expected = "AdamW(lr=0.1, weight_decay=0.01, betas=(0.9, 0.999), eps=1e-08) of 2 parameters"
    assert repr(optim.AdamW(layer.parameters(), lr=0.1)) == expected
    layer.bias.requires_grad = False
    assert repr(optim.Adagrad(layer.parameters())) == "Adagrad(lr=0.01, weight_decay=0.0, eps=1e-10) of 1 parameter"


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
    torch = pytest.importorskip("torch") if warmup and steps > warmup else None
    if torch is not None:
        o = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=2.0)
        rise = torch.optim.lr_scheduler.LinearLR(o, 1 / warmup, 1.0, warmup - 1)
        fall = torch.optim.lr_scheduler.CosineAnnealingLR(o, steps - warmup)
        both = torch.optim.lr_scheduler.SequentialLR(o, [rise, fall], [warmup])
        for k in range(steps):
            assert schedule(k) == pytest.approx(o.param_groups[0]["lr"], abs=1e-12)
            o.step()
            both.step()
