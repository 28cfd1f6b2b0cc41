import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.engine.op import REGISTRY
from tinygrad_rnn.nn import cosine, likelihood
from tinygrad_rnn.nn import losses as losses_module
from tinygrad_rnn.testing import GradMismatch, check_call, selfcheck
from tinygrad_rnn.testing.selfcheck import check_library, check_op, is_module, second_name
from tinygrad_rnn.testing.specs.library import CALLABLE


def test_every_op_module_and_loss_agrees_with_differences():
    rows = list(check_library(seed=3, cases=2))
    assert [row for row in rows if row.failed] == []
    assert {row.name for row in rows if row.kind == "op"} == {*CALLABLE, *tg.ops.__all__}
    classes = {name for name in nn.__all__ if is_module(getattr(nn, name))}
    assert {row.name for row in rows if row.kind == "module"} == classes | set(nn.variants.__all__)
    losses = {*losses_module.__all__, *likelihood.__all__, *cosine.__all__}
    assert {row.name for row in rows if row.kind == "loss"} == losses
    assert all(row.cases or row.note for row in rows)
    assert max(row.worst for row in rows if row.kind != "op") < 1e-6  # an op's terms may cancel


def test_a_new_module_is_there_unasked(monkeypatch):
    class Doubled(nn.Module):
        def __init__(self, in_features):
            self.weight = nn.Parameter(np.ones(in_features))

        def forward(self, x):
            return tg.matmul(x, self.weight) * 2

    class Wrong(Doubled):
        def forward(self, x):
            return tg.tensor(super().forward(x).data)

    class Strange(nn.Module):
        def __init__(self, flavour):
            pass

        def forward(self, x):
            return x

    monkeypatch.setattr(nn, "__all__", ["Wrong", "Strange"])
    monkeypatch.setattr(nn, "Wrong", Wrong, raising=False)
    monkeypatch.setattr(nn, "Strange", Strange, raising=False)
    monkeypatch.setattr(selfcheck, "CALLABLE", [])
    rows = {row.name: row for row in check_library() if row.kind == "module"}
    assert rows["Wrong"].failed
    assert rows["Strange"].failed
    assert "'flavour'" in rows["Strange"].note
    monkeypatch.setattr(nn, "Wrong", Doubled)
    assert not next(row for row in check_library() if row.name == "Doubled").failed


def test_an_op_without_a_spec_fails_its_row(monkeypatch):
    monkeypatch.setattr(tg.ops, "cube", tg.tanh(1.0), raising=False)
    assert second_name("cube").failed
    assert second_name("mod").note == "is remainder"


@pytest.mark.parametrize(
    ("name", "table", "wrong"),
    [
        ("tanh", "vjps", lambda g, y, x: g * (1 + y * y)),
        ("tanh", "jvps", lambda g, y, x: g),
        ("matmul", "vjps", lambda gy, y, a, b: gy[..., :0] @ b),
        ("sum", "vjps", lambda gy, y, x, **_: -1.0 * np.ones(x.shape)),
        ("exp", "vjps", lambda g, y, x: g * np.nan),
    ],
)
def test_a_wrong_rule_fails_its_row(monkeypatch, name, table, wrong):
    rules = getattr(REGISTRY[name], table)
    monkeypatch.setattr(REGISTRY[name], table, [wrong, *rules[1:]])
    row = check_op(name, np.random.default_rng(0))
    assert row.failed
    assert row.note


def test_check_call_does_all_three():
    reports = check_call(lambda x, w: tg.softmax(x @ w), np.ones((2, 3)), np.eye(3), name="head")
    assert [report.name for report in reports] == ["head"] * 3
    assert [bool(report.laws) for report in reports] == [False, False, True]
    with pytest.raises(GradMismatch):
        check_call(lambda x: x.detach() * x, np.ones(2))
