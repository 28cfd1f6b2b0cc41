"""Losses of classes against torch's, every option with every other, eager and compiled."""

from itertools import product

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.oracles import require_torch
from tinygrad_rnn import nn
from tinygrad_rnn.testing import check_vjp

CLOSE = {"rtol": 1e-12, "atol": 1e-13}  # float64: the same terms in another order
RNG = np.random.default_rng(0)
T, B, V = 5, 3, 4
LOGITS, TARGETS = RNG.standard_normal((T, B, V)), RNG.integers(0, V, (T, B))
WEIGHT = np.array([0.5, 2.0, 0.0, 1.5])
HOLES = np.where(RNG.random((T, B)) < 0.4, -100, TARGETS)
Q = RNG.dirichlet(np.ones(V), (T, B))
OPTIONS = list(product(["mean", "sum", "none"], [None, WEIGHT], [0.0, 0.3]))


def torchs(targets, reduction, weight, smoothing, loss="cross_entropy"):
    """(loss, gradient), torch's classes on its axis 1."""
    torch = require_torch()
    x = torch.tensor(LOGITS, requires_grad=True)
    t = torch.tensor(targets)
    weight = None if weight is None else torch.tensor(weight)
    t = t.movedim(-1, 1) if t.is_floating_point() else t
    given = x if loss == "cross_entropy" else torch.log_softmax(x, -1)
    options = {"label_smoothing": smoothing} if loss == "cross_entropy" else {}
    value = getattr(torch.nn.functional, loss)(given.movedim(-1, 1), t, weight=weight, reduction=reduction, **options)
    value.sum().backward()
    return value.detach().numpy(), x.grad.numpy()


def compare(f, expected, gradient):
    for run in (f, tg.compile(f)):
        for _ in range(2):
            x = tg.tensor(LOGITS, requires_grad=True)
            loss = run(x)
            loss.sum().backward()
            np.testing.assert_allclose(loss.data, expected, **CLOSE)
            np.testing.assert_allclose(x.grad.data, gradient, **CLOSE)


@pytest.mark.parametrize(("reduction", "weight", "smoothing"), OPTIONS)
def test_cross_entropy_of_classes_some_of_them_ignored(reduction, weight, smoothing):
    expected = torchs(HOLES, reduction, weight, smoothing)
    options = {"weight": weight, "ignore_index": -100, "label_smoothing": smoothing}
    compare(lambda x: nn.cross_entropy(x, HOLES, reduction, **options), *expected)
    holes = tg.tensor(HOLES)
    compare(lambda x: nn.cross_entropy(x, holes, reduction, **options), *expected)
    expected = torchs(TARGETS, reduction, weight, smoothing)
    options = {"weight": weight, "label_smoothing": smoothing}
    compare(lambda x: nn.cross_entropy(x, TARGETS, reduction, **options), *expected)


@pytest.mark.parametrize(("reduction", "weight", "smoothing"), OPTIONS)
def test_cross_entropy_of_class_probabilities(reduction, weight, smoothing):
    expected = torchs(Q, reduction, weight, smoothing)
    compare(lambda x: nn.cross_entropy(x, Q, reduction, weight=weight, label_smoothing=smoothing), *expected)


@pytest.mark.parametrize(("reduction", "weight"), list(product(["mean", "sum", "none"], [None, WEIGHT])))
def test_nll_loss(reduction, weight):
    expected = torchs(HOLES, reduction, weight, 0, "nll_loss")
    compare(lambda x: nn.nll_loss(tg.log_softmax(x), HOLES, reduction, weight=weight, ignore_index=-100), *expected)


def test_the_probabilities_may_learn_and_derivatives_are_right_in_both_modes():
    check_vjp(lambda x, q: nn.cross_entropy(x, q, weight=WEIGHT, label_smoothing=0.2), LOGITS, Q)
    check_vjp(lambda x, w: nn.cross_entropy(x, HOLES, weight=w, ignore_index=-100, label_smoothing=0.2), LOGITS, WEIGHT)


def test_float32_stays_there_and_the_loss_is_drawn_with_its_target():
    x = tg.tensor(LOGITS.astype(np.float32), requires_grad=True)
    for loss in (
        nn.cross_entropy(x, HOLES, weight=WEIGHT, ignore_index=-100, label_smoothing=0.1),
        nn.cross_entropy(x, tg.tensor(HOLES), ignore_index=-100),
        nn.cross_entropy(x, Q, label_smoothing=0.1),
    ):
        assert loss.dtype == np.float32
        assert "loss" in {node.role for node in tg.graph(loss).nodes}


def test_every_target_ignored_is_said_where_torch_gives_nan():
    nobody = np.full((T, B), 9)
    for f in (nn.cross_entropy, nn.nll_loss):
        assert f(LOGITS, nobody, "sum", ignore_index=9).item() == 0
        for weight in (None, WEIGHT):
            with pytest.raises(tg.ShapeError, match="every target is ignored"):
                f(LOGITS, nobody, ignore_index=9, weight=weight)
            planned = tg.compile(lambda x, t, f=f, weight=weight: f(x, t, ignore_index=9, weight=weight))
            planned(LOGITS, TARGETS)
            planned(LOGITS, TARGETS)
            with pytest.raises(tg.ShapeError, match="every target is ignored"):
                planned(LOGITS, nobody)


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda: nn.cross_entropy(LOGITS, HOLES), tg.ShapeError, r"not one of the classes(.|\n)*ignore_index=-100"),
        (lambda: nn.cross_entropy(LOGITS, HOLES, ignore_index=1), tg.ShapeError, "not one of the classes"),
        (lambda: nn.cross_entropy(LOGITS, TARGETS, ignore_index=0.5), tg.OptionError, "ignore_index=0.5"),
        (lambda: nn.cross_entropy(LOGITS, TARGETS, label_smoothing=1.5), tg.OptionError, "label_smoothing=1.5"),
        (lambda: nn.cross_entropy(LOGITS, TARGETS, weight=WEIGHT[:3]), tg.ShapeError, r"each class(.|\n)*\(4,\)"),
        (lambda: nn.cross_entropy(LOGITS, TARGETS, WEIGHT), tg.OptionError, "reduction=array"),
        (lambda: nn.cross_entropy(LOGITS, Q, ignore_index=3), tg.OptionError, "ignore_index with class probabilities"),
        (lambda: nn.cross_entropy(LOGITS, Q > 1), tg.DTypeError, "targets are bool"),
        (lambda: nn.cross_entropy(LOGITS, np.eye(4, dtype=int)[TARGETS]), tg.ShapeError, "probabilities are floats"),
        (lambda: nn.cross_entropy(np.ones((2, V, 7)), np.ones((2, 7), int)), tg.ShapeError, r"moveaxis\(logits, 1"),
        (lambda: nn.nll_loss(LOGITS, TARGETS[:1]), tg.ShapeError, "nll_loss: log_p and targets do not match"),
        (lambda: nn.nll_loss(LOGITS, TARGETS, "max"), tg.OptionError, "nll_loss: reduction='max'"),
    ],
)
def test_what_does_not_fit_is_said(call, error, said):
    with pytest.raises(error, match=said):
        call()


@pytest.mark.parametrize("model", ["layer and head", "topology"])
def test_a_sequence_loss_refuses_logits_whose_steps_are_on_the_other_axis(model):
    """T = B: the shapes do not say it, the record does."""
    x, targets, lengths = np.ones((4, 4, 3), np.float32), np.zeros((4, 4), int), [4, 1, 2, 3]
    for batch_first in (True, False):
        layer, head = nn.GRU(3, 5, batch_first=batch_first, rng=0), nn.Linear(5, V, rng=1)
        if model == "topology":
            logits = nn.ManyToMany(layer, head)(x)[0]
        else:
            logits = nn.Dropout(0.5, rng=0)(2 * tg.tanh(head(layer(x)[0])))
        with pytest.raises(tg.ShapeError, match=f"their record says so(.|\n)*batch_first={batch_first}\\)"):
            nn.sequence_loss(logits, targets, lengths, batch_first=not batch_first)
        right = nn.sequence_loss(logits, targets, lengths, batch_first=batch_first)
        swapped = tg.swapaxes(logits, 0, 1)
        assert nn.sequence_loss(swapped, targets, lengths, batch_first=not batch_first).item() == right.item()
        right.backward()
        nn.sequence_loss(logits.detach(), targets, lengths)  # nothing is known of it


@pytest.mark.parametrize("reduction", ["token", "sequence", "sum", "none"])
def test_a_sequence_loss_of_batch_first_is_that_of_the_swapped(reduction):
    lengths = [5, 0, 2]
    plain = nn.sequence_loss(LOGITS, TARGETS, lengths, reduction).data
    first = nn.sequence_loss(LOGITS.swapaxes(0, 1), TARGETS.T, lengths, reduction, batch_first=True).data
    np.testing.assert_array_equal(first, plain.T if reduction == "none" else plain)
    with pytest.raises(tg.OptionError, match="batch_first=1"):
        nn.sequence_loss(LOGITS, TARGETS, batch_first=1)
