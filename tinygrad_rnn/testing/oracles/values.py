"""Values by another way: the same function of plain arrays, compared before any derivative is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_rnn.engine.apply import as_array
from tinygrad_rnn.engine.tensor import Array, Tensor
from tinygrad_rnn.engine.trees import flatten
from tinygrad_rnn.testing.oracles.case import Case
from tinygrad_rnn.testing.report.again import Again
from tinygrad_rnn.testing.report.findings import GradMismatch, GradReport, Kink, Mismatch

BESIDE = 1e-2  # of each number


def check_reference(case: Case, reference: Callable[..., Any], rtol: float, again: Callable[[], Again]) -> None:
    """Raise GradMismatch unless a case has the outputs of its reference: their shapes, kinds of dtype, values.

    At the point and beside it, since what a module copied when it was made is right until its parameters move.

    Args:
        rtol: how far values may be off, as a share of themselves and of the largest.
    """
    for point in (case, case.near(BESIDE)):
        leaves, build = flatten(point.arguments(point.xs))
        try:
            got = point.outputs(point.xs)
        except Kink:
            continue
        expected = reference(*build([x.data if isinstance(x, Tensor) else x for x in leaves]))
        check_values(case.name, got, expected, rtol, lambda y, exact: y.dtype.kind == exact.dtype.kind, again)


def check_values(
    name: str, got: Any, expected: Any, rtol: float, fits: Callable[[Array, Array], bool], again: Callable[[], Again]
) -> None:
    """Raise GradMismatch unless one nest holds the arrays of the other: their shapes, dtypes that fit, their values."""
    ys, exacts = ([np.asarray(as_array(y)) for y in flatten(nest)[0]] for nest in (got, expected))
    if len(ys) != len(exacts):
        raise _other(name, f"{len(ys)} outputs", f"{len(exacts)}", again)
    for y, exact in zip(ys, exacts, strict=True):
        size = np.abs(exact).max(initial=0, where=np.isfinite(exact)) if exact.dtype.kind == "f" else 0
        if (
            y.shape != exact.shape
            or not fits(y, exact)
            or not np.allclose(y, exact, rtol=rtol, atol=0.1 * rtol * size, equal_nan=True)
        ):
            raise _other(name, f"{y!r:.200}", f"{exact!r:.200}", again)


def _other(name: str, got: str, expected: str, again: Callable[[], Again]) -> GradMismatch:
    def report() -> GradReport:
        words = Mismatch("the values are not the reference's", analytic=got, numeric=expected, **again()._asdict())
        return GradReport(name, "reference", mismatch=words)

    return GradMismatch(report)
