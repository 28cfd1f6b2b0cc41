"""Cosines against torch's, zeros too."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.oracles import require_torch
from tinygrad_rnn import nn
from tinygrad_rnn.testing import check_vjp

RNG = np.random.default_rng(0)
A, B = RNG.standard_normal((2, 5, 3))
SIGNS = np.array([1, -1, 1, -1, -1])


@pytest.mark.parametrize("axis", [-1, 0])
def test_similarity_is_torchs(axis):
    torch = require_torch()
    a = np.concatenate([A, np.zeros((1, 3))])
    b = np.concatenate([B, np.ones((1, 3))])
    expected = torch.nn.functional.cosine_similarity(torch.tensor(a), torch.tensor(b), dim=axis)
    for f in (nn.cosine_similarity, tg.compile(nn.cosine_similarity)):
        np.testing.assert_allclose(f(a, b, axis).data, expected, rtol=1e-12)
    np.testing.assert_allclose(nn.cosine_similarity(A, B[0]).data, nn.cosine_similarity(A, B[[0] * 5]).data)
    check_vjp(lambda a, b: nn.cosine_similarity(a, b, axis), A, B)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("margin", [0.0, -0.4, 0.3])
def test_the_embedding_loss_is_torchs(reduction, margin):
    torch = require_torch()
    a, b = torch.tensor(A, requires_grad=True), torch.tensor(B, requires_grad=True)
    expected = torch.nn.functional.cosine_embedding_loss(a, b, torch.tensor(SIGNS), margin=margin, reduction=reduction)
    expected.sum().backward()
    for f in (nn.cosine_embedding_loss, tg.compile(nn.cosine_embedding_loss)):
        x, y = tg.tensor(A, requires_grad=True), tg.tensor(B, requires_grad=True)
        loss = f(x, y, SIGNS, reduction, margin=margin)
        loss.sum().backward()
        for ours, theirs in ((loss.data, expected.detach()), (x.grad.data, a.grad), (y.grad.data, b.grad)):
            np.testing.assert_allclose(ours, theirs, rtol=1e-9)  # torch adds 1e-12 to the squared lengths


def test_what_does_not_fit_is_said():
    with pytest.raises(tg.OptionError, match="margin=2"):
        nn.cosine_embedding_loss(A, B, SIGNS, margin=2)
    with pytest.raises(tg.ShapeError, match="target does not match"):
        nn.cosine_embedding_loss(A, B, SIGNS[:2])
    with pytest.raises(tg.OptionError, match="eps=0"):
        nn.cosine_similarity(A, B, eps=0)
    with pytest.raises(tg.TinygradError):
        nn.cosine_similarity(A, B, 5)
