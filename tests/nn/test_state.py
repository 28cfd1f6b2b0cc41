"""Buffers, tied names, frozen parameters, and the walks over a tree of modules, against torch's."""

import copy
import pickle

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.oracles import require_torch
from tinygrad_rnn import nn
from tinygrad_rnn.exchange import load_weights, save_weights
from tinygrad_rnn.train import load_checkpoint, save_checkpoint

X = np.random.default_rng(0).standard_normal((4, 3))


def centred(lib):
    """A module that takes a running mean off, in either library."""

    class Centred(lib.Module):
        def __init__(self):
            super().__init__()
            self.head = lib.Linear(3, 2)
            zeros = np.zeros(3) if lib is nn else require_torch().zeros(3)
            self.register_buffer("mean", zeros)
            self.register_buffer("seen", zeros * 0, persistent=False)

        def forward(self, x):
            return self.head(x - self.mean)

    return Centred()


def test_buffers_are_saved_in_torchs_order_and_do_not_learn():
    torch = require_torch()
    ours, theirs = centred(nn), centred(torch.nn)
    assert [*ours.state_dict()] == [*theirs.state_dict()] == ["mean", "head.weight", "head.bias"]
    assert [n for n, _ in ours.named_buffers()] == [n for n, _ in theirs.named_buffers()] == ["mean", "seen"]
    assert len([*ours.buffers()]) == 2
    assert [n for n, _ in ours.named_parameters()] == ["head.weight", "head.bias"]
    ours.load_state_dict({**theirs.state_dict(), "mean": [1.0, 2.0, 3.0]})
    assert ours.mean.tolist() == [1, 2, 3]
    assert "  mean  (3,)  buffer" in repr(ours).splitlines()
    assert repr(ours).splitlines()[0].endswith("8 parameters")
    np.testing.assert_allclose(ours(X).data, ours.head(tg.tensor(X - [1, 2, 3])).data, rtol=1e-12)  # float64


def test_buffers_are_in_files_copies_and_plans(tmp_path):
    model = centred(nn)
    planned = tg.compile(lambda x: model(x).sum())
    x = X.astype(np.float32)
    planned(x)
    model.mean.assign([1.0, 2.0, 3.0])
    assert planned(x).item() == pytest.approx(model(x).sum().item(), rel=1e-5)
    save_weights(model, tmp_path / "weights")
    save_checkpoint(tmp_path / "checkpoint", model)
    for load in (
        lambda other: load_weights(other, tmp_path / "weights"),
        lambda other: load_checkpoint(tmp_path / "checkpoint", other),
    ):
        load(other := centred(nn))
        assert other.mean.tolist() == [1, 2, 3]
    twin = copy.deepcopy(model)
    twin.mean.assign(np.zeros(3))
    assert model.mean.tolist() == [1, 2, 3]
    assert nn.functional_call(model, {"mean": X[0]}, X[:1]).tolist() == model.head(np.zeros((1, 3))).tolist()


def test_integer_buffers_keep_their_dtype():
    model = nn.Module()
    model.register_buffer("steps", np.array(3))
    model.load_state_dict({"steps": 5})
    assert (model.steps.item(), model.steps.dtype.kind) == (5, "i")
    with pytest.raises(tg.CheckpointError, match="steps is float64, the model's is int64"):
        model.load_state_dict({"steps": 5.5})


def test_a_cells_buffers_are_the_layers():
    class Fading(nn.Cell):
        def __init__(self, *sizes, **options):
            super().__init__(*sizes, **options)
            self.register_buffer("fade", np.full(self.hidden_size, 0.5, np.float32))

        def step(self, x, state):
            return (state[0] * self.fade + self.project_input(x),)

    class Net(nn.Recurrent):
        cell_type = Fading

    layer = Net(3, 2, 2, rng=0)
    assert {"fade_l0", "fade_l1"} < {*layer.state_dict()}
    before = layer(X)[0].data
    layer.load_state_dict({**layer.state_dict(), "fade_l0": [0.0, 0.0]})
    assert not np.array_equal(layer(X)[0].data, before)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda m: m.register_buffer("head", X), "a buffer cannot be called 'head'"),
        (lambda m: m.register_buffer("a.b", X), "a buffer cannot be called 'a.b'"),
        (lambda m: m.register_buffer("_a", X), "a buffer cannot be called '_a'"),
        (lambda m: m.register_buffer(3, X), "name=3 is not a text"),
        (lambda m: m.register_buffer("a", tg.tensor(X, requires_grad=True)), "requires grad"),
        (lambda m: m.register_buffer("a", X, persistent=1), "persistent=1"),
        (lambda m: setattr(m, "mean", np.zeros(3)), r"the buffer 'mean' is not a Tensor(.|\n)*assign\(values\)"),
    ],
)
def test_what_cannot_be_a_buffer_is_said(call, said):
    with pytest.raises(tg.OptionError, match=said):
        call(centred(nn))


def test_a_buffer_may_be_registered_again_replaced_and_left_empty():
    model = centred(nn)
    model.mean = tg.tensor(np.ones(3))
    model.register_buffer("mean", tg.tensor(np.full(3, 2.0)), persistent=False)
    assert "mean" not in model.state_dict()
    model.mean = None
    assert [name for name, _ in model.named_buffers()] == ["seen"]


class Tied(nn.Module):
    def __init__(self):
        self.table = nn.Embedding(3, 4, rng=0)
        self.head = nn.Linear(4, 3, rng=1)
        self.head.weight = self.table.weight


def test_a_tied_parameter_is_loaded_under_either_name():
    values = np.arange(12.0).reshape(3, 4)
    for names in (["table.weight"], ["head.weight"], ["table.weight", "head.weight"]):
        model = Tied()
        told = model.load_state_dict({**dict.fromkeys(names, values), "head.bias": np.zeros(3)})
        assert told == ([], [])
        assert model.table.weight is model.head.weight
        assert np.array_equal(model.table.weight.data, values)
    assert list(Tied().state_dict()) == ["table.weight", "head.bias"]
    with pytest.raises(tg.CheckpointError, match=r"table\.weight is missing"):
        Tied().load_state_dict({"head.bias": np.zeros(3)})
    with pytest.raises(tg.CheckpointError, match=r"table\.weight and head\.weight differ, and here they are one"):
        Tied().load_state_dict({"table.weight": values, "head.weight": values + 1, "head.bias": np.zeros(3)})
    torch = require_torch()

    class Theirs(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.table, self.head = torch.nn.Embedding(3, 4), torch.nn.Linear(4, 3)
            self.head.weight = self.table.weight

    (model := Tied()).load_state_dict(Theirs().state_dict())  # torch writes both


def test_walks_are_torchs():
    torch = require_torch()

    def build(lib):
        shared = lib.Linear(2, 2)

        class Net(lib.Module):
            def __init__(self):
                super().__init__()
                self.body = lib.Sequential(lib.Linear(3, 2), lib.Tanh(), shared)
                self.again = shared

        return Net()

    ours, theirs = build(nn), build(torch.nn)
    for prefix in ("", "model"):
        names = [[n for n, _ in net.named_modules(prefix=prefix)] for net in (ours, theirs)]
        assert names[0] == names[1]
    assert len([*ours.modules()]) == len([*theirs.modules()])
    orders = []
    for net in (ours, theirs):
        order = []
        assert net.apply(lambda m, order=order: order.append(type(m).__name__)) is net
        orders.append(order)
    assert orders[0] == orders[1]
    layer = nn.LSTM(2, 3, 2)
    assert {n for n, _ in layer.named_modules()} == {"", "dropout", "recurrent_dropout", "cells.l0", "cells.l1"}


@pytest.mark.parametrize("compiled", [False, True])
def test_a_frozen_parameter_stays_whatever_the_optimiser(compiled):
    model = nn.Sequential(nn.Linear(3, 2, rng=0), nn.Linear(2, 1, rng=1))
    model[0].weight.requires_grad = False
    assert model[1].requires_grad_(False) is model[1]
    assert [p.requires_grad for p in model.parameters()] == [False, True, False, False]
    assert len([*model.named_parameters()]) == 4
    optimizer = tg.optim.AdamW(model.parameters(), lr=0.1, weight_decay=0.1)
    before = model.state_dict()
    f = tg.compile(lambda x: model(x).sum()) if compiled else lambda x: model(x).sum()
    for _ in range(2):
        optimizer.zero_grad()
        f(X.astype(np.float32)).backward()
        optimizer.step()
    after = model.state_dict()
    assert [name for name in before if not np.array_equal(before[name], after[name])] == ["0.bias"]
    assert model[0].weight.grad is None
    model.requires_grad_()
    f(X.astype(np.float32)).backward()
    assert model[0].weight.grad is not None
    for twin in (copy.deepcopy(model[0]), pickle.loads(pickle.dumps(model[0].requires_grad_(False)))):
        assert twin.weight.name == "weight"
    with pytest.raises(tg.OptionError, match="requires_grad='no'"):
        model.requires_grad_("no")
