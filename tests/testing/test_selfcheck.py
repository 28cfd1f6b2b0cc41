import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.engine.op import REGISTRY
from tinygrad_rnn.testing import GradMismatch, check_call
from tinygrad_rnn.testing.selfcheck import check_library, check_op
from tinygrad_rnn.testing.specs.library import CALLABLE


def test_every_op_and_module_agrees_with_differences():
    rows = list(check_library(seed=3, cases=2))
    assert not [row for row in rows if row.failed]
    assert {row.name for row in rows if row.kind == "op"} == set(CALLABLE)
    assert {"RNN", "LSTM", "GRU", "LSTMCell", "cross_entropy"} <= {row.name for row in rows if row.kind == "module"}


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
