"""check_vjp, check_jvp: derivatives by the rules against derivatives by no rule.

order 1   the derivative of fn                         compare.py: along each direction
order 2   the derivative of its pullback, and so on    slopes.py:  what runs of fn alone say
float32   its gradient against the same code in float64, never against differences
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from tinygrad_rnn.autodiff.reverse import vjp
from tinygrad_rnn.engine.tensor import Array
from tinygrad_rnn.errors import DTypeError, GraphError, check_number, check_option, check_seed
from tinygrad_rnn.testing.checks.explain import Check, explained
from tinygrad_rnn.testing.oracles.case import Case, parted
from tinygrad_rnn.testing.oracles.compare import Comparison, compare, cotangent, forward, reverse
from tinygrad_rnn.testing.oracles.slopes import ORACLES
from tinygrad_rnn.testing.report.counts import count, reject
from tinygrad_rnn.testing.report.findings import GradMismatch, GradReport, Kink, Mismatch

__all__ = ["check_jvp", "check_vjp"]

NARROW = 1e-4  # of S, for float32: some 600 roundings


def check_vjp(
    fn: Callable[..., Any],
    *inputs: Any,
    wrt: int | tuple[int, ...] | None = None,
    order: int = 1,
    oracle: str = "auto",
    kinks: str = "skip",
    seed: int = 0,
    name: str | None = None,
) -> GradReport:
    """Check reverse mode: ⟨Jᵀu, dx⟩ = ⟨u, df(x + t·dx)/dt⟩.

    Up to 64 numbers are moved one at a time, so that a mismatch has an index; of more, eight Gaussian directions.

    Args:
        fn: takes Tensors, returns Tensors in any nest.
        *inputs: its arguments: every float array in them, nested in tuples, lists and dicts or not, is differentiated
            (Python floats where there is no array); the rest is passed on. float32 is differenced in float64, and the
            float32 gradient compared with the float64 one.
        wrt: only the arrays in these arguments.
        order: 2 checks the gradient's gradient too, and so on; every order below is checked first.
        oracle: "auto", "complex step", "Richardson" or "central differences".
        kinks: where fn has no derivative along a direction: "skip" leaves the direction out, and rejects the point
            when that is more than half of them; "raise" raises.
        seed: of the cotangent and the directions.
        name: what to call fn in the report.
    Returns:
        What was compared.
    Raises:
        GradMismatch: they differ by more than rounding. Kink: the point was rejected (inside a Hypothesis test
        another is drawn instead). GraphError: nothing to differentiate, or fn gives other values when run again.

    >>> import tinygrad_rnn as tg
    >>> check_vjp(tg.tanh, np.array([0.5, -1.0]), order=2).directions
    4
    """
    return _check(Check(Case.of(fn, inputs, wrt, name), "vjp", reverse, order, oracle, seed), kinks)


def check_jvp(
    fn: Callable[..., Any],
    *inputs: Any,
    wrt: int | tuple[int, ...] | None = None,
    order: int = 1,
    oracle: str = "auto",
    kinks: str = "skip",
    seed: int = 0,
    name: str | None = None,
) -> GradReport:
    """Check forward mode: ⟨u, J·dx⟩ = ⟨u, df(x + t·dx)/dt⟩; from order 2 on, forward over reverse.

    Arguments, returns and errors are those of check_vjp.

    >>> import tinygrad_rnn as tg
    >>> check_jvp(tg.matmul, np.eye(2), np.ones((2, 3))).passed
    True
    """
    return _check(Check(Case.of(fn, inputs, wrt, name), "jvp", forward, order, oracle, seed), kinks)


def _check(check: Check, kinks: str) -> GradReport:
    owner = f"check_{check.kind}"
    check_number(owner, "order", check.order, whole=True, least=1)
    check_option(owner, "oracle", check.oracle, ORACLES)
    check_option(owner, "kinks", kinks, ("skip", "raise"))
    check_seed(owner, check.seed)
    count(points=1)
    given = check.case
    case = given.at([x.astype(np.float64) for x in given.xs])
    total = GradReport(case.name, order=check.order)
    for order in range(1, check.order + 1):
        y = _outputs(case)
        u = cotangent(y.size, check.seed + order)
        total = _added(total, _compared(check, case, y, u, order, kinks))
        if order == 1 and any(x.dtype != np.float64 for x in given.xs):
            _narrow(check, given, case, u)
        case = case.derivative(u)
    return total


def _outputs(case: Case) -> Array:
    """The outputs, end to end, once it is sure that they can be differenced."""
    y = case.vector(case.xs)
    if y.size and y.dtype != np.float64:
        raise DTypeError(f"{case.name}: the outputs are {y.dtype} for float64 inputs",
                         help="differences need float64: where is it cast?")  # fmt: skip
    if not np.array_equal(y, case.vector(case.xs), equal_nan=True):
        raise GraphError(f"{case.name}: run again, it gives other values", expected="the same value for the same input",
                         help="call eval() on what holds a Dropout, or make its random numbers inside")  # fmt: skip
    return y


def _compared(check: Check, case: Case, y: Array, u: Array, order: int, kinks: str) -> GradReport:
    """Every direction at one order."""
    seen: list[Comparison] = []
    rejected: list[Kink] = []
    for found in compare(case, y, u, check.mode, check.oracle, check.seed):
        if isinstance(found, Kink):
            if kinks == "raise":
                raise found
            rejected.append(found)
        elif found.wrong:
            raise GradMismatch(partial(explained, check, case, found, order))
        else:
            seen.append(found)
    if len(rejected) > len(seen):
        reject(case.name, rejected)
    oracles = " and ".join(sorted({found.numeric.oracle for found in seen}))
    worst = max((found.error for found in seen), default=0.0)
    return GradReport(case.name, oracles, order, len(seen), len(rejected), worst)


def _narrow(check: Check, given: Case, wide: Case, u: Array) -> None:
    """The gradient in the dtype that was given, against the same code in float64."""

    def gradient(case: Case) -> tuple[Any, ...]:
        ys, pullback = vjp(case, *case.xs)
        return pullback(parted(u, ys))

    for name, x, got, exact in zip(given.names, given.xs, gradient(given), gradient(wide), strict=True):
        rtol = NARROW * float(np.finfo(x.dtype).eps / np.finfo(np.float32).eps)
        scale = float(np.abs(exact.data).max(initial=0)) + 1e-2 * float(np.abs(u).max(initial=0))
        error = float(np.abs(got.data.astype(np.float64) - exact.data).max(initial=0))
        if got.dtype != x.dtype or not error <= rtol * scale:
            words = Mismatch(
                what=f"in {x.dtype} the gradient is not the one in float64",
                argument=name,
                analytic=f"{got.dtype}, off by {error:.3g}",
                numeric=f"float64, within {rtol * scale:.3g}",
                **check.again._asdict(),
            )
            raise GradMismatch(GradReport(given.name, "float64", worst=error / scale, mismatch=words))


def _added(total: GradReport, part: GradReport) -> GradReport:
    oracles = dict.fromkeys(name for report in (total, part) for name in report.oracle.split(" and ") if name)
    return replace(
        total,
        oracle=" and ".join(oracles),
        directions=total.directions + part.directions,
        kinks=total.kinks + part.kinks,
        worst=max(total.worst, part.worst),
    )
