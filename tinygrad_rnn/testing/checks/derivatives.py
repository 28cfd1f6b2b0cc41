"""check_vjp, check_jvp: derivatives by the rules against derivatives by no rule.

values    those of a reference, where one is given       values.py
order 1   the derivative of fn                            compare.py: along each direction
order 2   the derivative of its pullback, by x and by     slopes.py:  what runs of fn alone say
          the cotangent, and so on
float32   its gradient against the same code in float64, never against differences
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Unpack

import numpy as np

from tinygrad_rnn.autodiff.reverse import vjp
from tinygrad_rnn.engine.tensor import Array
from tinygrad_rnn.errors import GraphError, OptionError, check_number, check_option, check_seed
from tinygrad_rnn.testing.checks.explain import Check, explained
from tinygrad_rnn.testing.oracles.case import Case, joined, max_order, modes, parted
from tinygrad_rnn.testing.oracles.compare import NEARBY, ROUNDINGS, Comparison, compare, cotangent, forward, reverse
from tinygrad_rnn.testing.oracles.limits import Limits, Tolerances
from tinygrad_rnn.testing.oracles.slopes import ORACLES
from tinygrad_rnn.testing.oracles.values import check_reference
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
    reference: Callable[..., Any] | None = None,
    seed: int = 0,
    name: str | None = None,
    **tolerances: Unpack[Tolerances],
) -> GradReport:
    """Check reverse mode: ⟨Jᵀu, dx⟩ = ⟨u, df(x + t·dx)/dt⟩.

    Up to 64 numbers are moved one at a time, so that a mismatch has an index; of more, eight Gaussian directions.

    Args:
        fn: takes Tensors, returns Tensors in any nest.
        *inputs: its arguments: every float array in them, nested in tuples, lists and dicts or not, is differentiated
            (Python floats where there is no array); the rest is passed on. float32 is differenced in float64, and the
            float32 gradient compared with the float64 one.
        wrt: only the arrays in these arguments.
        order: 2 checks the gradient's gradient too, by the cotangent as well, and so on; every order below is checked
            first.
        oracle: "auto", "complex step", "Richardson" or "central differences".
        kinks: where fn has no derivative along a direction: "skip" leaves the direction out, and rejects the point
            when that is more than half of them, as where fn has no value; "raise" raises.
        reference: a function of plain arrays that has the same values.
        seed: of the cotangent and the directions.
        name: what to call fn in the report.
        **tolerances: rtol (of the sizes of the terms added up) and atol, how far a derivative may be off; step, of the
            differences; nondeterminism, how far the values of two runs may differ, 0 where nothing is said. The first
            and the third follow from the coarsest dtype on the way.
    Returns:
        What was compared.
    Raises:
        GradMismatch: they differ by more than rounding. Kink: the point was rejected (inside a Hypothesis test
        another is drawn instead). GraphError: nothing to differentiate, an output that is not a Tensor, or other values
        when fn is run again. OptionError: an option is out of range, or fn has no derivatives of this kind or order.

    >>> import tinygrad_rnn as tg
    >>> check_vjp(tg.tanh, np.array([0.5, -1.0]), order=2).directions
    4
    """
    case = replace(Case.of(fn, inputs, wrt, name), limits=Limits.of("check_vjp", tolerances))
    return _check(Check(case, "vjp", reverse, order, oracle, reference, seed), kinks)


def check_jvp(
    fn: Callable[..., Any],
    *inputs: Any,
    wrt: int | tuple[int, ...] | None = None,
    order: int = 1,
    oracle: str = "auto",
    kinks: str = "skip",
    reference: Callable[..., Any] | None = None,
    seed: int = 0,
    name: str | None = None,
    **tolerances: Unpack[Tolerances],
) -> GradReport:
    """Check forward mode: ⟨u, J·dx⟩ = ⟨u, df(x + t·dx)/dt⟩; from order 2 on, forward over reverse.

    Arguments, returns and errors are those of check_vjp.

    >>> import tinygrad_rnn as tg
    >>> check_jvp(tg.matmul, np.eye(2), np.ones((2, 3))).passed
    True
    """
    case = replace(Case.of(fn, inputs, wrt, name), limits=Limits.of("check_jvp", tolerances))
    return _check(Check(case, "jvp", forward, order, oracle, reference, seed), kinks)


def _check(check: Check, kinks: str) -> GradReport:
    _check_options(check, kinks)
    count(points=1)
    case = check.case.at([x.astype(np.float64) for x in check.case.xs])
    total = GradReport(case.name, order=check.order)
    for order in range(1, check.order + 1):
        try:
            y = _outputs(case)
            if order == 1:
                check, case = _judged(check, case)
            if not np.isfinite(y).all():
                raise case.outside(f"{y[~np.isfinite(y)][0]} among the outputs")
        except Kink as outside:
            if kinks == "raise":
                raise
            reject(outside)
        u = cotangent(y.size, check.seed + order)
        total = _added(total, _compared(check, case, y, u, order, kinks))
        if order == 1 and any(x.dtype != np.float64 for x in check.case.xs):
            _narrow(check, case, u)
        if order < check.order:
            case = case.derivative(u)
    return total


def _judged(check: Check, case: Case) -> tuple[Check, Case]:
    """Both with the precision of the coarsest dtype on the way, once the values are the reference's."""
    case = case.judged()
    eps = max(case.limits.eps, *(float(np.finfo(x.dtype).eps) for x in check.case.xs))
    given = replace(check.case, limits=replace(case.limits, eps=eps))
    if check.reference is not None:
        check_reference(given, check.reference, case.limits.rtol or ROUNDINGS * eps, lambda: check.again)
    return replace(check, case=given), case


def _check_options(check: Check, kinks: str) -> None:
    owner = f"check_{check.kind}"
    check_number(owner, "order", check.order, whole=True, least=1, most=5)  # each costs two or three times the last
    check_option(owner, "oracle", check.oracle, ORACLES)
    check_option(owner, "kinks", kinks, ("skip", "raise"))
    check_seed(owner, check.seed)
    if not (check.reference is None or callable(check.reference)):
        raise OptionError(
            f"{owner}: reference={check.reference!r:.60} is not a function", expected="a function of arrays"
        )
    has, highest = modes(check.case.fn), max_order(check.case.fn)
    if check.kind not in has:
        raise OptionError(f"{owner}: {check.case.name} has no {check.kind} rules", expected=" or ".join(sorted(has)))
    if highest is not None and check.order > highest:
        raise OptionError(f"{owner}: {check.case.name} has no derivatives of order {check.order}",
                          expected=f"order={highest} at most")  # fmt: skip


def _outputs(case: Case) -> Array:
    """The outputs, end to end, once it is sure that there is something to compare."""
    y = joined([y.data for y in case.tensors()])
    again = case.vector(case.xs)
    same = y.shape == again.shape and np.allclose(y, again, 0, case.limits.nondeterminism, equal_nan=True)
    if not same:
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
        reject(Kink(
            f"{case.name}: no derivative here along {len(rejected)} of the directions tried",
            got=str(rejected[0]),
            help="check at another point, or what the rule chooses there: check_laws(…, laws=['ties'])",
        ))  # fmt: skip
    oracles = " and ".join(sorted({found.numeric.oracle for found in seen}))
    worst = max((found.error for found in seen), default=0.0)
    return GradReport(case.name, oracles, order, len(seen), len(rejected), worst)


def _narrow(check: Check, wide: Case, u: Array) -> None:
    """The gradient in the dtype that was given, against the same code in float64."""

    def gradient(case: Case) -> list[Array]:
        ys, pullback = vjp(case, *case.xs)
        return [g.data for g in pullback(parted(u, ys))]

    given = check.case
    rtol = NARROW * given.limits.eps / float(np.finfo(np.float32).eps)
    for k, (got, exact) in enumerate(zip(gradient(given), gradient(wide), strict=True)):
        x = given.xs[k]
        allowed = rtol * (float(np.abs(exact).max(initial=0)) + 1e-2 * float(np.abs(u).max(initial=0)))
        error = float(np.abs(got.astype(np.float64) - exact).max(initial=0))
        if got.dtype == x.dtype and not error <= allowed:  # the rounding of x may be what the gradient shows
            near = [given.near(4 * given.limits.eps, seed) for seed in range(NEARBY)]
            around = np.array([gradient(case)[k] for case in near], np.float64)
            allowed += 4 * float(np.ptp(around, axis=0).max(initial=0))
        if got.dtype != x.dtype or not error <= allowed:
            words = Mismatch(
                what=f"in {x.dtype} the gradient is not the one in float64",
                argument=given.names[k],
                analytic=f"{got.dtype}, off by {error:.3g}",
                numeric=f"float64, within {allowed:.3g}",
                **check.again._asdict(),
            )
            raise GradMismatch(GradReport(given.name, "float64", worst=error * rtol / allowed, mismatch=words))


def _added(total: GradReport, part: GradReport) -> GradReport:
    oracles = dict.fromkeys(name for report in (total, part) for name in report.oracle.split(" and ") if name)
    return replace(
        total,
        oracle=" and ".join(oracles),
        directions=total.directions + part.directions,
        kinks=total.kinks + part.kinks,
        worst=max(total.worst, part.worst),
    )
