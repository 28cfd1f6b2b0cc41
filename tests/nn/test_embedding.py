"""Embedding's padding row and given table, and one-hot, against torch's."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.oracles import require_torch
from tinygrad_rnn import nn

IDS = np.array([[0, 2, 1], [2, 4, 2]])
GY = np.random.default_rng(0).standard_normal((2, 3, 3))


@pytest.mark.parametrize("padding_idx", [2, -1, 0, None])
@pytest.mark.parametrize("compiled", [False, True])
def test_a_padding_row_begins_with_zeros_and_does_not_learn(padding_idx, compiled):
    torch = require_torch()
    theirs = torch.nn.Embedding(5, 3, padding_idx, dtype=torch.float64)
    ours = nn.Embedding(5, 3, padding_idx, dtype=np.float64, rng=0)
    assert ours.padding_idx == theirs.padding_idx
    if padding_idx is not None:
        assert not ours.weight.data[padding_idx].any()
        assert ours.weight.data.any(axis=1).sum() == 4
    values = np.random.default_rng(1).standard_normal((5, 3))  # the padding row is not 0: it is read, and held
    ours.weight.assign(values)
    with torch.no_grad():
        theirs.weight.copy_(torch.tensor(values))
    y = tg.compile(ours) if compiled else ours
    for _ in range(2):
        ours.weight.grad = None
        (y(IDS) * GY).sum().backward()
    (theirs(torch.tensor(IDS)) * torch.tensor(GY)).sum().backward()
    np.testing.assert_array_equal(y(IDS).data, theirs(torch.tensor(IDS)).detach())
    np.testing.assert_allclose(ours.weight.grad.data, theirs.weight.grad, rtol=1e-12)


def test_a_given_table_is_kept_and_frozen_unless_said():
    table = np.arange(15.0).reshape(5, 3)
    layer = nn.Embedding.from_pretrained(table, padding_idx=1)
    assert np.array_equal(layer(IDS).data, table[IDS])
    assert layer.weight.dtype == np.float64
    assert not layer.weight.requires_grad
    assert layer.state_dict().keys() == {"weight"}
    learning = nn.Embedding.from_pretrained(table.astype(np.float32), freeze=False)
    learning(IDS).sum().backward()
    assert learning.weight.grad.dtype == np.float32
    with pytest.raises(tg.ShapeError, match="not a matrix"):
        nn.Embedding.from_pretrained(table[0])
    with pytest.raises(tg.DTypeError, match="int64"):
        nn.Embedding.from_pretrained(table.astype(int))
    with pytest.raises(tg.OptionError, match="freeze=1"):
        nn.Embedding.from_pretrained(table, freeze=1)
    for wrong in (5, -6, 1.5, "0"):
        with pytest.raises(tg.OptionError, match="padding_idx="):
            nn.Embedding(5, 3, wrong)
    assert repr(nn.Embedding(5, 3, 0)).startswith("Embedding(5, 3, padding_idx=0)")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_one_hot_is_of_the_models_dtype_all_the_way(dtype):
    torch = require_torch()
    one_hot = nn.OneHot(5, dtype=dtype)
    net = nn.Sequential(
        one_hot, nn.GRU(5, 2, dtype=dtype, rng=0), lambda result: result[0], nn.Linear(2, 1, dtype=dtype)
    )
    ids = tg.tensor(IDS)
    for given in (IDS, ids):
        assert np.array_equal(one_hot(given).data, torch.nn.functional.one_hot(torch.tensor(IDS), 5).numpy())
        assert net(given).dtype == dtype
    planned = tg.compile(net)
    assert planned(IDS).dtype == planned(IDS[::-1].copy()).dtype == dtype
    with pytest.raises(tg.ShapeError, match="outside the table of 5 rows"):
        one_hot([5])
    with pytest.raises(tg.DTypeError, match="OneHot: the ids are float64"):
        one_hot([0.5])
    assert repr(one_hot) == "OneHot(5)"
