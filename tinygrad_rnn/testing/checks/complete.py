"""Every check there is, at one point."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from tinygrad_rnn.testing.checks.derivatives import check_jvp, check_vjp
from tinygrad_rnn.testing.checks.laws import DEFAULT, check_laws
from tinygrad_rnn.testing.laws.linear_map import Law, modes
from tinygrad_rnn.testing.report.findings import GradReport

__all__ = ["check_call"]


def check_call(
    fn: Callable[..., Any],
    *inputs: Any,
    laws: Iterable[str | Law] = DEFAULT,
    seed: int = 0,
    name: str | None = None,
) -> list[GradReport]:
    """Both modes to the second order, and the laws, at one point; of a function that has one of the modes, that one.

    Raises:
        GradMismatch: the first that does not hold. Kink: fn has no derivative there.

    >>> import numpy as np
    >>> from tinygrad_rnn.ops import tanh
    >>> [report.passed for report in check_call(tanh, np.array([0.5, -1.0]))]
    [True, True, True]
    """
    checks = [check for mode, check in (("vjp", check_vjp), ("jvp", check_jvp)) if mode in modes(fn)]
    reports = [check(fn, *inputs, order=2, seed=seed, name=name) for check in checks]
    return [*reports, check_laws(fn, *inputs, laws=laws, seed=seed, name=name)]
