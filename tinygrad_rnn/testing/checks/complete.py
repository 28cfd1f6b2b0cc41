"""Every check there is, at one point."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Unpack

from tinygrad_rnn.testing.checks.derivatives import check_jvp, check_vjp
from tinygrad_rnn.testing.checks.laws import DEFAULT, check_laws
from tinygrad_rnn.testing.laws.linear_map import Law
from tinygrad_rnn.testing.oracles.case import max_order, modes
from tinygrad_rnn.testing.oracles.limits import Tolerances
from tinygrad_rnn.testing.report.findings import GradReport

__all__ = ["check_call"]


def check_call(
    fn: Callable[..., Any],
    *inputs: Any,
    laws: Iterable[str | Law] = DEFAULT,
    reference: Callable[..., Any] | None = None,
    seed: int = 0,
    name: str | None = None,
    **tolerances: Unpack[Tolerances],
) -> list[GradReport]:
    """The modes that fn has, to the second order where it goes so far, and the laws, at one point.

    Args:
        laws: those of check_laws; they hold to rounding, so leave them out where two runs differ.
        reference, seed, name, **tolerances: as for check_vjp.
    Raises:
        GradMismatch: the first that does not hold. Kink: fn has no derivative there.

    >>> import numpy as np
    >>> from tinygrad_rnn.ops import tanh
    >>> [report.passed for report in check_call(tanh, np.array([0.5, -1.0]))]
    [True, True, True]
    """
    highest = max_order(fn)
    order = 2 if highest is None else min(2, highest)
    found = []
    if "vjp" in modes(fn):
        found += [check_vjp(fn, *inputs, order=order, reference=reference, seed=seed, name=name, **tolerances)]
    if "jvp" in modes(fn):  # asked again: some functions tell only once they have run
        found += [check_jvp(fn, *inputs, order=order, seed=seed, name=name, **tolerances)]
    return [*found, check_laws(fn, *inputs, laws=laws, seed=seed, name=name)]
