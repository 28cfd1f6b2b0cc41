"""ModuleList and ModuleDict, against torch's."""

import copy

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.oracles import require_torch
from tinygrad_rnn import nn


def linears(n, lib=nn):
    return [lib.Linear(3, 3) for _ in range(n)]


class Net(nn.Module):
    def __init__(self, lib=nn):
        super().__init__()
        self.layers = nn.ModuleList(linears(2))
        self.heads = nn.ModuleDict({"tag": nn.Linear(3, 2), "chunk": nn.Linear(3, 1)})

    def forward(self, x):
        for layer in self.layers:
            x = tg.tanh(layer(x))
        return self.heads["tag"](x)


def test_names_are_torchs_and_its_state_loads():
    torch = require_torch()

    class Theirs(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = torch.nn.ModuleList(linears(2, torch.nn))
            self.heads = torch.nn.ModuleDict({"tag": torch.nn.Linear(3, 2), "chunk": torch.nn.Linear(3, 1)})

    ours, theirs = Net(), Theirs()
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours.load_state_dict(theirs.state_dict())
    assert [name for name, _ in ours.named_modules()] == [name for name, _ in theirs.named_modules()]
    assert [name for name, _ in ours.named_children()] == [name for name, _ in theirs.named_children()]
    assert [type(m).__name__ for m in ours.children()] == ["ModuleList", "ModuleDict"]


def test_scopes_tree_copies_and_plans_know_the_parts():
    net = Net()
    loss = net(np.ones((2, 3))).sum()
    scopes = {node.scope for node in tg.graph(loss).nodes if node.op == "inner"}
    assert scopes == {("Net", "layers.0"), ("Net", "layers.1"), ("Net", "heads.tag")}
    assert "    0: Linear(3, 3)  12 parameters" in repr(net).splitlines()
    twin = copy.deepcopy(net)
    assert list(twin.state_dict()) == list(net.state_dict())
    assert twin.layers[0] is not net.layers[0]
    planned = tg.compile(lambda x: net(x).sum())
    x = np.ones((2, 3), np.float32)
    before = planned(x).item()
    net.layers.append(nn.Linear(3, 3, rng=5))
    assert planned(x).item() != before  # another network: recorded again
    assert planned(x).item() == pytest.approx(net(x).sum().item(), rel=1e-6)


def test_a_list_does_what_a_list_does():
    a, b, c, d = linears(4)
    modules = nn.ModuleList([a, b])
    modules.append(c).extend([d])
    assert list(modules) == [a, b, c, d]
    assert (len(modules), modules[-1], modules[1]) == (4, d, b)
    part = modules[1:3]
    assert isinstance(part, nn.ModuleList)
    assert list(part) == [b, c]
    del modules[0]
    modules.insert(0, d)
    modules[1] = a
    assert list(modules) == [d, a, c, d]
    assert len(list(modules.parameters())) == 6  # d stands there twice
    assert len(list(modules.modules())) == 4
    assert list(nn.Sequential(a, tg.tanh)[:1]) == [a]
    assert isinstance(nn.Sequential(a, b)[:1], nn.Sequential)
    assert b in modules[:] or list(modules[:]) == list(modules)


def test_a_dict_does_what_a_dict_does():
    a, b, c = linears(3)
    modules = nn.ModuleDict({"a": a})
    modules.update(nn.ModuleDict({"b": b}))
    modules["c"] = c
    assert list(modules) == list(modules.keys()) == ["a", "b", "c"]
    assert list(modules.values()) == [a, b, c]
    assert dict(modules.items()) == {"a": a, "b": b, "c": c}
    assert modules.pop("a") is a
    del modules["b"]
    assert ("c" in modules, "a" in modules, len(modules)) == (True, False, 1)


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda: nn.ModuleList([3]), tg.OptionError, "ModuleList: module=3 is not a Module"),
        (lambda: nn.ModuleList([tg.tanh]), tg.OptionError, "is not a Module"),
        (lambda: nn.ModuleList(3), tg.OptionError, "the modules are not a sequence"),
        (lambda: nn.ModuleList(linears(2))[2], tg.ShapeError, r"there is no module 2(.|\n)*−2 … 1"),
        (lambda: nn.ModuleList(linears(2))["0"], tg.OptionError, "index='0'"),
        (lambda: nn.ModuleList(linears(1)).insert(None, linears(1)[0]), tg.OptionError, "index=None"),
        (lambda: nn.ModuleDict({"a.b": linears(1)[0]}), tg.OptionError, "cannot be called 'a.b'"),
        (lambda: nn.ModuleDict({"a": 3}), tg.OptionError, "a=3 is not a Module"),
        (lambda: nn.ModuleDict([3]), tg.OptionError, "not a mapping"),
        (lambda: nn.ModuleDict()["a"], tg.OptionError, "there is no module 'a'"),
        (lambda: nn.ModuleList()(3), TypeError, "ModuleList defines no forward"),
    ],
)
def test_what_does_not_fit_is_said(call, error, said):
    with pytest.raises(error, match=said):
        call()
