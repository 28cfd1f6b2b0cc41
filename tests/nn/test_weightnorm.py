"""Weight normalisation against torch's, on a matrix, a table and the weights of a layer."""

import copy

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.oracles import require_torch
from tinygrad_rnn import nn
from tinygrad_rnn.testing import check_module

X = np.random.default_rng(0).standard_normal((4, 2, 3))


@pytest.mark.parametrize("axis", [0, 1, None])
@pytest.mark.parametrize(("kind", "name"), [("Linear", "weight"), ("LSTM", "weight_hh_l0"), ("GRU", "weight_ih_l0")])
def test_values_and_gradients_are_torchs(kind, name, axis):
    torch = require_torch()
    theirs = getattr(torch.nn, kind)(3, 2, dtype=torch.float64)
    ours = getattr(nn, kind)(3, 2, dtype=np.float64)
    ours.load_state_dict(theirs.state_dict())
    plain = first(ours(X)).data
    ours = nn.WeightNorm(ours, name, axis)
    torch.nn.utils.parametrizations.weight_norm(theirs, name, axis)
    np.testing.assert_allclose(first(ours(X)).data, plain, rtol=1e-12)
    new = {n: np.random.default_rng(k).standard_normal(p.shape) for k, (n, p) in enumerate(ours.named_parameters())}
    ours.load_state_dict(new)
    names = {f"{name}_g": f"parametrizations.{name}.original0", f"{name}_v": f"parametrizations.{name}.original1"}
    theirs.load_state_dict({names.get(n, n.removeprefix("module.")): torch.tensor(v) for n, v in new.items()})
    for run in (ours, tg.compile(ours)):
        for _ in range(2):
            ours.zero_grad()
            theirs.zero_grad()
            y, expected = first(run(X)), first(theirs(torch.tensor(X)))
            (y * y).sum().backward()
            (expected * expected).sum().backward()
            np.testing.assert_allclose(y.data, expected.detach(), rtol=1e-10)
            known = dict(theirs.named_parameters())
            for n, p in ours.named_parameters():
                match = known[names.get(n, n.removeprefix("module."))].grad
                np.testing.assert_allclose(p.grad.data, match, rtol=1e-9, atol=1e-12)


def first(result):
    return result[0] if isinstance(result, tuple) else result


def test_it_is_a_module_like_others():
    layer = nn.WeightNorm(nn.Linear(3, 2, rng=0, dtype=np.float64))
    check_module(layer, X[0])
    assert [n for n, _ in layer.named_parameters()] == ["weight_g", "weight_v", "module.bias"]
    twin = copy.deepcopy(layer)
    twin.weight_g.assign(2 * twin.weight_g.data)
    assert np.allclose(twin(X).data - twin.module.bias.data, 2 * (layer(X).data - layer.module.bias.data))
    table = nn.WeightNorm(nn.Embedding(5, 2, rng=0))
    assert table([1, 4]).shape == (2, 2)
    assert repr(layer).splitlines()[:3] == [
        "WeightNorm()  10 parameters",
        "  weight_g  (2, 1)",
        "  weight_v  (2, 3)",
    ]
    assert {node.scope for node in tg.graph(layer(X).sum()).nodes if node.op == "inner"} == {("WeightNorm", "module")}


def test_what_cannot_be_normalised_is_said():
    with pytest.raises(tg.OptionError, match=r"Linear has no parameter 'weights'(.|\n)*weight, bias"):
        nn.WeightNorm(nn.Linear(3, 2), "weights")
    with pytest.raises(tg.OptionError, match="axis=2"):
        nn.WeightNorm(nn.Linear(3, 2), axis=2)
    with pytest.raises(tg.OptionError, match="is not a Module"):
        nn.WeightNorm(3)
