"""Every check there is, on one call; and on every op, module and loss of the library, a row for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from tinygrad_rnn import nn
from tinygrad_rnn.testing.checks.derivatives import check_jvp, check_vjp
from tinygrad_rnn.testing.checks.modules import check_module
from tinygrad_rnn.testing.draw.source import RandomSource
from tinygrad_rnn.testing.report.findings import GradReport, Kink
from tinygrad_rnn.testing.specs.library import CALLABLE, LIBRARY, call_of


@dataclass(frozen=True)
class Row:
    """What checking one op or module showed: how many points, the worst |analytic − numeric| / S, and what failed."""

    kind: str
    name: str
    cases: int = 0
    worst: float = 0.0
    note: str = ""
    failed: bool = False


def check_library(seed: int = 0, cases: int = 8) -> Iterator[Row]:
    """A row for every op, each at `cases` random points, then one for every module and loss."""
    rng = np.random.default_rng(seed)
    for op in CALLABLE:
        yield check_op(op, rng, cases)
    for name, check in networks(rng):
        yield _row("module", name, [check])


def check_op(op: str, rng: np.random.Generator, cases: int = 8) -> Row:
    """The row of one op, at random points away from its kinks."""
    if not LIBRARY[op].differentiable:
        return Row("op", op, note="no gradient: its values are piecewise constant")
    calls = [call_of(op, RandomSource(rng)) for _ in range(cases)]
    calls = [call for call in calls if call.arrays]
    checks = (partial(f, call.function, *call.arrays, name=str(call)) for call in calls for f in (check_vjp, check_jvp))
    return _row("op", op, list(checks))


def _row(kind: str, name: str, checks: list[Callable[[], GradReport]]) -> Row:
    worst, done = 0.0, 0
    for check in checks:
        try:
            worst = max(worst, check().worst)
            done += 1
        except Kink:
            continue
        except Exception as error:  # whatever a rule raises is a finding about that rule
            return Row(kind, name, done, np.inf, f"{type(error).__name__}: {error}", failed=True)
    return Row(kind, name, done, worst, "" if done else "no point could be checked", failed=not done)


def networks(rng: np.random.Generator) -> Iterator[tuple[str, Callable[[], GradReport]]]:
    """(name, its check) for each module and loss."""
    x, batch = rng.standard_normal((2, 3)), rng.standard_normal((4, 2, 3))
    ids = np.array([[0, 2], [2, 1]])
    modules = [
        (nn.Linear(3, 2, rng=rng), x),
        (nn.Embedding(4, 3, rng=rng), ids),
        *((kind(3, 2, rng=rng), x) for kind in (nn.RNNCell, nn.LSTMCell, nn.GRUCell)),
        *((kind(3, 2, 2, rng=rng), batch) for kind in (nn.RNN, nn.LSTM, nn.GRU)),
    ]
    for module, given in modules:
        yield type(module).__name__, partial(check_module, module, given)
    yield "cross_entropy", lambda: check_vjp(nn.cross_entropy, x, [0, 2])
    yield "mse_loss", lambda: check_vjp(nn.mse_loss, x, rng.standard_normal((2, 3)))
