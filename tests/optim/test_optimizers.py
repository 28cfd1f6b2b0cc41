"""Each optimiser against torch's of the same name, from the same start with the same gradients; and its options."""

import math

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.oracles import require_torch
from tinygrad_rnn import nn, optim

CASES = [  # every option of every optimiser, alone and together
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01, "maximize": True}),
    ("Adagrad", {"lr": 0.1}),
    ("Adagrad", {"lr": 0.1, "eps": 1e-3, "weight_decay": 0.1, "maximize": True}),
    ("RMSProp", {"lr": 0.01, "alpha": 0.95}),
    ("RMSProp", {"lr": 0.01, "momentum": 0.9}),
    ("RMSProp", {"lr": 0.01, "centered": True}),
    ("RMSProp", {"lr": 0.01, "alpha": 0.9, "eps": 1e-4, "momentum": 0.8, "centered": True, "weight_decay": 0.1}),
    ("RMSProp", {"lr": 0.01, "maximize": True}),
    ("Adadelta", {}),
    ("Adadelta", {"lr": 0.5, "rho": 0.8, "eps": 1e-4, "weight_decay": 0.1, "maximize": True}),
    ("Adam", {"lr": 0.01}),
    ("Adam", {"lr": 0.01, "betas": (0.8, 0.99), "eps": 1e-4, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.01, "amsgrad": True}),
    ("Adam", {"lr": 0.01, "amsgrad": True, "maximize": True, "weight_decay": 0.1}),
    ("AdamW", {"lr": 0.01, "weight_decay": 0.1}),
    ("AdamW", {"weight_decay": 0.1, "amsgrad": True, "maximize": True, "betas": (0.8, 0.99), "eps": 1e-4}),
    ("NAdam", {}),
    ("NAdam", {"betas": (0.8, 0.99), "eps": 1e-4, "momentum_decay": 0.1, "weight_decay": 0.1, "maximize": True}),
]
TORCHS = {"RMSProp": "RMSprop"}  # its name for it
# options of a second group beside the first: each that the class has, at another value
OTHERS = {
    "lr": 0.003, "weight_decay": 0.02, "maximize": True, "momentum": 0.5, "nesterov": False, "eps": 1e-3, "alpha": 0.8,
    "centered": True, "rho": 0.7, "betas": (0.7, 0.95), "amsgrad": True, "momentum_decay": 0.2,
}  # fmt: skip
STEPS = 200


@pytest.fixture
def double():
    """torch keeps NAdam's Πμ in its default dtype, whatever that of the parameters is."""
    torch = require_torch()
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def torch_of(name):
    return getattr(require_torch().optim, TORCHS.get(name, name))


def pair(shapes):
    """The same parameters here and in torch."""
    torch = require_torch()
    starts = [np.random.default_rng(k).standard_normal(shape) for k, shape in enumerate(shapes)]
    return [tg.tensor(a, requires_grad=True) for a in starts], [torch.tensor(a, requires_grad=True) for a in starts]


def give(ours, theirs, k, without=()):
    """The same gradients of step k, of no fixed scale; none for some."""
    torch, rng = require_torch(), np.random.default_rng([7, k])
    for n, (p, q) in enumerate(zip(ours, theirs, strict=True)):
        g = rng.standard_normal(p.shape) * rng.choice([0.01, 1.0, 10.0])
        p.grad, q.grad = (None, None) if n in without else (g, torch.tensor(g))


def assert_equal(ours, theirs):
    for p, q in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(p.data, q.detach(), rtol=1e-12, atol=1e-12)  # float64, the same formula, 200 steps


@pytest.mark.parametrize(("name", "options"), CASES, ids=str)
def test_two_hundred_steps_equal_torchs(double, name, options):
    ours, theirs = pair([(4, 3), (5,)])
    mine, other = getattr(optim, name)(ours, **options), torch_of(name)(theirs, **options)
    for k in range(STEPS):
        give(ours, theirs, k)
        mine.step()
        other.step()
    assert_equal(ours, theirs)


@pytest.mark.parametrize("name", dict(CASES))
def test_groups_equal_torchs(double, name):
    """A group for each option; one without a gradient, one that is frozen, one that joins, and rates that change."""
    kind = getattr(optim, name)
    options = {"momentum": 0.9} if name == "SGD" else {}
    own = [{option: OTHERS[option]} for option in kind.options()]
    ours, theirs = pair([(2, 2)] * (len(own) + 2))

    def groups(params):
        return [{"params": [params[0]]}, *({"params": [p], **each} for p, each in zip(params[1:], own, strict=False))]

    mine, other = kind(groups(ours), lr=0.01, **options), torch_of(name)(groups(theirs), lr=0.01, **options)
    for k in range(STEPS):
        if k == 50:
            for each, params in ((mine, ours), (other, theirs)):
                each.add_param_group({"params": params[-1:], "lr": 0.02})
        if k == 100:
            ours[1].requires_grad = theirs[1].requires_grad = False
        for each in (mine, other):
            each.param_groups[2]["lr"] = 0.01 / (1 + k)
        give(ours, theirs, k, without=(2,) if k % 3 == 0 else ())
        if k >= 100:
            theirs[1].grad = None  # torch steps a frozen one that has a gradient
        mine.step()
        other.step()
    assert_equal(ours, theirs)


def test_every_option_is_in_the_tables():
    assert {name for name, _ in CASES} == {kind.__name__ for kind in optim.OPTIMIZERS.values()}
    for name in dict(CASES):
        options = getattr(optim, name).options()
        assert set(options) == set().union(*(each for other, each in CASES if other == name)) | {"lr"}
        assert set(options) <= set(OTHERS)


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
        (lambda p: optim.SGD(p, maximize=1), "SGD: maximize=1 is not a truth value"),
        (lambda p: optim.RMSProp(p, alpha=-0.1), "RMSProp: alpha=-0.1 is out of range"),
        (lambda p: optim.RMSProp(p, momentum=-1), "RMSProp: momentum=-1 is out of range"),
        (lambda p: optim.RMSProp(p, centered="yes"), "RMSProp: centered='yes' is not a truth value"),
        (lambda p: optim.Adadelta(p, rho=1.1), "Adadelta: rho=1.1 is out of range"),
        (lambda p: optim.Adadelta(p, eps=-1e-9), "Adadelta: eps=-1e-09 is out of range"),
        (lambda p: optim.Adam(p, amsgrad=None), "Adam: amsgrad=None is not a truth value"),
        (lambda p: optim.NAdam(p, momentum_decay=-1), "NAdam: momentum_decay=-1 is out of range"),
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
    two = optim.SGD([{"params": layer.weight}, {"params": layer.bias}], momentum=0.9, nesterov=True)
    assert repr(two) == "SGD(lr=0.01, weight_decay=0.0, momentum=0.9, nesterov=True) of 1 parameter in 2 groups"
    assert repr(optim.Adagrad(layer.parameters())) == "Adagrad(lr=0.01, weight_decay=0.0, eps=1e-10) of 1 parameter"
