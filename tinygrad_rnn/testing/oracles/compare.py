"""One comparison: along dx, the derivative by the rules beside the derivative by no rule.

    reverse  ⟨Jᵀu, dx⟩  ┐
    forward  ⟨u, J·dx⟩  ┴─  =  ⟨u, df(x + t·dx)/dt⟩  up to  rtol·S,   S = Σ|uₖ·slopeₖ|

u is random and not uniform: a cotangent of ones does not see rows exchanged. S is the sum of sizes, not the size of
the sum: terms that cancel leave the rounding of each behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tinygrad_rnn.autodiff.forward import jvp
from tinygrad_rnn.autodiff.reverse import vjp
from tinygrad_rnn.engine.tensor import Array
from tinygrad_rnn.errors import GraphError
from tinygrad_rnn.testing.oracles.case import Case, joined, parted
from tinygrad_rnn.testing.oracles.differences import Slope, by_differences
from tinygrad_rnn.testing.oracles.slopes import RTOL, slope
from tinygrad_rnn.testing.report.findings import GradMismatch, GradReport, Kink, Mismatch

EACH = 64  # so many numbers are moved one by one
GAUSSIAN = 8  # of more, so many random directions
ROUNDINGS = 1000  # of S, that the rules may be off by in the coarsest dtype
NEARBY = 8  # points where the rules show how much of their answer is rounding

Mode = Callable[[Case, Array], Callable[[Array], float]]


def reverse(case: Case, u: Array) -> Callable[[Array], float]:
    """dx ↦ ⟨Jᵀu, dx⟩, from one pullback."""
    ys, pullback = vjp(case, *case.xs)
    gs = [gx.data for gx in pullback(parted(u, ys))]
    _same_kind(case, "gradient", case.names, gs, case.xs)
    g = joined(gs)
    return lambda dx: float(g[dx != 0] @ dx[dx != 0])  # where nothing moves, NaN may stand


def forward(case: Case, u: Array) -> Callable[[Array], float]:
    """dx ↦ ⟨u, J·dx⟩, from a push for each."""

    def pushed(dx: Array) -> float:
        ys, dys = jvp(case, case.xs, parted(dx, case.xs))
        names = [f"y{k}" if len(ys) > 1 else "y" for k in range(len(ys))]
        _same_kind(case, "tangent", names, [dy.data for dy in dys], [y.data for y in ys])
        return float(u @ joined([dy.data for dy in dys]))

    return pushed


def _same_kind(case: Case, what: str, names: Sequence[str], got: Sequence[Array], like: Sequence[Array]) -> None:
    """Raise GradMismatch unless a derivative has the shape and the dtype of what it is the derivative of."""
    for name, g, x in zip(names, got, like, strict=True):
        if (g.shape, g.dtype) != (x.shape, x.dtype):
            words = Mismatch(f"the {what} of {name} has another shape or dtype than {name}", argument=name,
                             analytic=f"{g.shape} {g.dtype}", numeric=f"{x.shape} {x.dtype}")  # fmt: skip
            raise GradMismatch(GradReport(case.name, mismatch=words))


@dataclass(frozen=True)
class Comparison:
    """The derivative along dx, weighed by u: `analytic` by the rules, `numeric` for each output by the oracle."""

    dx: Array
    u: Array
    analytic: float
    numeric: Slope
    tolerance: float

    @property
    def expected(self) -> float:
        return float(self.u @ self.numeric.values)

    @property
    def size(self) -> float:
        """S, the sum of the terms' sizes."""
        return float(np.abs(self.u) @ np.abs(self.numeric.values))

    @property
    def error(self) -> float:
        return abs(self.analytic - self.expected) / self.size if self.size else 0.0

    @property
    def wrong(self) -> bool:
        return not abs(self.analytic - self.expected) <= self.tolerance  # NaN is wrong


def compare(case: Case, y: Array, u: Array, mode: Mode, oracle: str, seed: int) -> Iterator[Comparison | Kink]:
    """A comparison for each direction at case.xs, or the Kink that is there instead.

    Args:
        y: the outputs at case.xs, end to end.
        u: as many cotangents.
    """
    at = mode(case, u)
    for dx in directions(case, seed):
        try:
            found = _along(case, dx, u, y, at, oracle)
        except Kink as kink:
            yield kink
            continue
        if oracle == "auto" and found.numeric.oracle != "complex step":
            oracle = "Richardson"  # the function is not analytic: it need not be asked again
        yield _closer(case, found, y, mode) if found.wrong else found


def _along(case: Case, dx: Array, u: Array, y: Array, analytic: Callable[[Array], float], oracle: str) -> Comparison:
    found = slope(case.vector, case.xs, parted(dx, case.xs), y, oracle, case.limits)
    return Comparison(dx, u, analytic(dx), found, _tolerance(case, dx, u, y, found))


def _closer(case: Case, found: Comparison, y: Array, mode: Mode) -> Comparison | Kink:
    """A mismatch, looked at again: what two steps disagree by is no evidence, nor what the rules round.

    A complex step stands where the differences, whose every step is tried, do not contradict it.
    """
    by, dx, u = found.numeric, found.dx, found.u
    if abs(mode(case, u)(dx) - found.analytic) > case.limits.nondeterminism * float(np.abs(u).sum()):
        raise GraphError(f"{case.name}: run again, its rules give another derivative",
                         expected="the same for the same input")  # fmt: skip
    rounded = ROUNDINGS * case.limits.eps * case.largest() * (1 + found.size)
    wobble = min(4 * _wobble(case, found, mode), rounded)  # more than that is no rounding
    if by.oracle == "complex step":
        found = replace(found, tolerance=found.tolerance + wobble)
    if not found.wrong:
        return found
    real = by_differences(case.vector, case.xs, parted(dx, case.xs), y, by.oracle, case.limits, closely=True)
    if by.oracle == "complex step" and np.all(np.abs(by.values - real.values) <= real.doubt):
        return found
    again = replace(found, numeric=real, tolerance=_tolerance(case, dx, u, y, real) + wobble)
    return Kink(real.kink) if real.kink and not again.wrong else again


def _wobble(case: Case, found: Comparison, mode: Mode) -> float:
    """By how much the rules round: how their error differs between neighbours, and how they leave a line of four.

    A mistake is the same at all of them, and a derivative is straight over so short a way.
    """
    errors, bends = [0.0], [0.0]
    for k in range(NEARBY):
        line = first, *_ = [case.near(t * case.limits.eps**0.5, k) for t in (-2, -1, 1, 2)]
        scale = 1 + k / 10  # what is linear rounds anew too
        dx, u = found.dx * scale, found.u * scale
        try:
            a, b, c, d = (mode(near, u)(dx) / scale**2 for near in line)
            y = first.vector(first.xs)
            there = slope(first.vector, first.xs, parted(dx, case.xs), y, found.numeric.oracle, case.limits)
        except (ValueError, ArithmeticError):  # a kink, or the edge of the domain
            continue
        errors.append(a - float(u @ there.values) / scale**2)
        bends.append(abs((d - c) - (b - a)))
    return float(np.ptp(errors[1:] or errors) + max(bends))


def _tolerance(case: Case, dx: Array, u: Array, y: Array, found: Slope) -> float:
    limits, weights = case.limits, np.abs(u)
    rtol = max(RTOL[found.oracle], ROUNDINGS * case.limits.eps) if limits.rtol is None else limits.rtol
    rules = 64 * case.limits.eps * float(weights @ (1 + np.abs(y))) * float(np.abs(dx).max(initial=0))  # they round too
    rules += limits.atol + limits.nondeterminism * float(weights.sum())
    return rtol * float(weights @ np.abs(found.values)) + float(weights @ found.doubt) + rules


def cotangent(size: int, seed: int) -> Array:
    """Random signs and sizes from ½ to 3/2: none is 0, no two are equal."""
    rng = np.random.default_rng(seed)
    return rng.uniform(0.5, 1.5, size) * rng.choice([-1.0, 1.0], size)


def directions(case: Case, seed: int) -> Iterator[Array]:
    """Each unit vector while there are few; of more, Gaussian ones. Cotangents move with each, at random."""
    held = sum(x.size for x in case.xs[len(case.xs) - case.cotangents :])
    size, rng = sum(x.size for x in case.xs) - held, np.random.default_rng(seed)
    for dx in np.eye(size) if size <= EACH else rng.standard_normal((GAUSSIAN, size)):
        yield np.concatenate([dx, rng.standard_normal(held)])
