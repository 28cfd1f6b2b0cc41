import numpy as np
import pytest

from tinygrad_rnn.primitive import REGISTRY
from tinygrad_rnn.testing import check_everything
from tinygrad_rnn.testing.checks import LIMIT, STRUCTURAL, check_op


def test_every_op_and_module_agrees_with_differences():
    rows = list(check_everything(seed=3))
    assert not [row for row in rows if not row.passed]
    assert {row.name for row in rows if row.kind == "op"} == set(REGISTRY) - STRUCTURAL
    assert {"RNN", "LSTM", "GRU", "LSTMCell"} <= {row.name for row in rows if row.kind == "module"}


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
def test_a_wrong_rule_is_caught(monkeypatch, name, table, wrong):
    op = REGISTRY[name]
    rules = list(getattr(op, table))
    monkeypatch.setattr(op, table, [wrong, *rules[1:]])
    row = check_op(op, np.random.default_rng(0))
    assert not row.passed
    assert row.worst > LIMIT
