"""Losses of numbers against torch's; sequence losses, and what stands in pads."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tests.oracles import require_torch
from tinygrad_rnn import nn
from tinygrad_rnn.testing import check_vjp

CLOSE = {"rtol": 1e-12, "atol": 1e-12}  # float64: the same terms in another order
RNG = np.random.default_rng(0)
LOGITS, TARGETS = RNG.standard_normal((5, 3, 4)), RNG.integers(0, 4, (5, 3))  # T, B, V and T, B
LENGTHS = np.array([5, 0, 2])


def by_loops(lengths):
    losses = np.zeros((5, 3))
    for b, n in enumerate(lengths):
        for t in range(n):
            x = LOGITS[t, b]
            losses[t, b] = np.log(np.exp(x).sum()) - x[TARGETS[t, b]]
    return losses


@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["whole", "padded"])
def test_the_reductions_of_a_sequence_loss(lengths):
    each = by_loops([5, 5, 5] if lengths is None else lengths)
    count = 15 if lengths is None else 7
    expected = {"none": each, "sum": each.sum(), "token": each.sum() / count, "sequence": each.sum() / 3}
    for reduction, value in expected.items():
        found = nn.sequence_loss(LOGITS, TARGETS, lengths, reduction)
        np.testing.assert_allclose(found.data, value, **CLOSE)
    assert nn.sequence_loss(LOGITS, TARGETS).item() == nn.cross_entropy(LOGITS, TARGETS).item()


@pytest.mark.parametrize("reduction", ["token", "sequence", "sum"])
def test_pads_reach_nothing_and_the_gradient_is_torchs(reduction):
    torch = require_torch()
    own = np.arange(5)[:, None] < LENGTHS
    logits = tg.tensor(np.where(own[..., None], LOGITS, np.nan), requires_grad=True)
    loss = nn.sequence_loss(logits, np.where(own, TARGETS, -7), LENGTHS, reduction)
    loss.backward()
    theirs = torch.tensor(LOGITS, requires_grad=True)
    ignored = torch.tensor(np.where(own, TARGETS, -100)).reshape(-1)
    how = "mean" if reduction == "token" else "sum"
    value = torch.nn.functional.cross_entropy(theirs.reshape(-1, 4), ignored, reduction=how)
    value = value / 3 if reduction == "sequence" else value
    value.backward()
    np.testing.assert_allclose(loss.item(), value.item(), **CLOSE)
    np.testing.assert_allclose(logits.grad.data, theirs.grad, **CLOSE)


def test_a_sequence_loss_that_cannot_be_is_said():
    with pytest.raises(tg.ShapeError, match="no step to average"):
        nn.sequence_loss(LOGITS, TARGETS, [0, 0, 0])
    assert nn.sequence_loss(LOGITS, TARGETS, [0, 0, 0], "sequence").item() == 0
    with pytest.raises(tg.ShapeError, match="do not match"):
        nn.sequence_loss(LOGITS, TARGETS[:4], LENGTHS)
    with pytest.raises(tg.ShapeError, match="not a batch of sequences"):
        nn.sequence_loss(LOGITS[0], TARGETS[0])
    with pytest.raises(tg.ShapeError, match="not in 0 … 5"):
        nn.sequence_loss(LOGITS, TARGETS, [6, 1, 1])
    with pytest.raises(tg.DTypeError, match="targets are float64"):
        nn.sequence_loss(LOGITS, TARGETS * 1.0)
    with pytest.raises(ValueError, match="'token', 'sequence'"):
        nn.sequence_loss(LOGITS, TARGETS, reduction="mean")


def test_no_tokens_at_all_sum_to_nothing():
    assert nn.cross_entropy(np.zeros((0, 4)), np.zeros(0, int), "sum").item() == 0


def test_binary_cross_entropy_of_float32_stays_there_and_is_drawn_with_its_target():
    logits = tg.tensor(np.zeros(3, np.float32), requires_grad=True)
    loss = nn.binary_cross_entropy_with_logits(logits, np.array([0.0, 1.0, 0.5]), pos_weight=np.float64(2))
    assert loss.dtype == np.float32
    assert {"target", "loss"} <= {node.role for node in tg.graph(loss).nodes}


@given(st.floats(-50, 50), st.floats(0, 1), st.floats(0.1, 10))
def test_binary_cross_entropy_is_torchs(x, y, w):
    torch = require_torch()
    ours = tg.tensor([x], requires_grad=True)
    theirs = torch.tensor([x], requires_grad=True, dtype=torch.float64)
    weight = torch.tensor([w], dtype=torch.float64)
    loss = nn.binary_cross_entropy_with_logits(ours, [y], pos_weight=[w])
    expected = torch.nn.functional.binary_cross_entropy_with_logits(
        theirs, torch.tensor([y], dtype=torch.float64), pos_weight=weight
    )
    loss.backward()
    expected.backward()
    np.testing.assert_allclose(loss.item(), expected.item(), **CLOSE)
    np.testing.assert_allclose(ours.grad.data, theirs.grad, **CLOSE)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_binary_cross_entropy_is_exact_where_sigmoid_is_not(reduction):
    x, y = np.array([800.0, -800.0, 800.0, 0.0]), np.array([1.0, 0.0, 0.0, 0.5])
    expected = np.array([0.0, 0.0, 800.0, np.log(2)])
    found = nn.binary_cross_entropy_with_logits(x, y, reduction).data
    np.testing.assert_allclose(found, expected if reduction == "none" else getattr(expected, reduction)(), **CLOSE)
    check_vjp(lambda x, y: nn.binary_cross_entropy_with_logits(x, y, "none"), x / 100, y)
    with pytest.raises(tg.ShapeError, match="shapes differ"):
        nn.binary_cross_entropy_with_logits(x, y[:2])
    with pytest.raises(ValueError, match="'mean', 'sum' or 'none'"):
        nn.binary_cross_entropy_with_logits(x, y, "token")


D = RNG.standard_normal((6, 4)) * 2
TARGET = RNG.standard_normal((6, 4))
POSITIVE = RNG.dirichlet(np.ones(4), 6) * (np.arange(4) > 0)  # with zeros
PAIRS = [
    ("mse_loss", TARGET, {}),
    ("l1_loss", TARGET, {}),
    ("smooth_l1_loss", TARGET, {}),
    ("smooth_l1_loss", TARGET, {"beta": 0.3}),
    ("smooth_l1_loss", TARGET, {"beta": 0.0}),
    ("huber_loss", TARGET, {}),
    ("huber_loss", TARGET, {"delta": 2.5}),
    ("kl_div", POSITIVE, {}),
    ("kl_div", TARGET, {"log_target": True}),
]


@pytest.mark.filterwarnings("ignore:reduction")  # torch warns of what its mean is
@pytest.mark.parametrize(("name", "target", "options"), PAIRS)
@pytest.mark.parametrize("reduction", ["mean", "sum", "none", "batchmean"])
def test_losses_of_numbers_are_torchs_eager_and_compiled(name, target, options, reduction):
    torch = require_torch()
    f = getattr(nn, name)
    if reduction == "batchmean" and name != "kl_div":
        with pytest.raises(tg.OptionError, match=f"{name}: reduction='batchmean'"):
            f(D, target, reduction)
        return
    theirs = torch.tensor(D, requires_grad=True)
    expected = getattr(torch.nn.functional, name)(theirs, torch.tensor(target), reduction=reduction, **options)
    expected.sum().backward()
    for run in (f, tg.compile(f)):
        for _ in range(2):
            ours = tg.tensor(D, requires_grad=True)
            loss = run(ours, target, reduction, **options)
            loss.sum().backward()
            np.testing.assert_allclose(loss.data, expected.detach(), **CLOSE)
            np.testing.assert_allclose(ours.grad.data, theirs.grad, **CLOSE)
    assert {"target", "loss"} <= {node.role for node in tg.graph(f(ours, target)).nodes}
    assert f(tg.tensor(D.astype(np.float32)), target).dtype == np.float32


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda: nn.smooth_l1_loss(D, TARGET, beta=-1), tg.OptionError, "smooth_l1_loss: beta=-1"),
        (lambda: nn.huber_loss(D, TARGET, delta=0), tg.OptionError, "huber_loss: delta=0"),
        (lambda: nn.kl_div(D, TARGET, log_target=1), tg.OptionError, "kl_div: log_target=1"),
        (lambda: nn.l1_loss(D, TARGET[:2]), tg.ShapeError, "l1_loss: the shapes differ"),
        (lambda: nn.kl_div(np.zeros((0, 2)), np.zeros((0, 2)), "batchmean"), tg.ShapeError, "no rows to average"),
    ],
)
def test_what_does_not_fit_is_said(call, error, said):
    with pytest.raises(error, match=said):
        call()
