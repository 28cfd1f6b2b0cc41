"""One comparison: along dx, the derivative by the rules beside the derivative by no rule.

    reverse  ⟨Jᵀu, dx⟩  ┐
    forward  ⟨u, J·dx⟩  ┴─  =  ⟨u, df(x + t·dx)/dt⟩  up to  rtol·S,   S = Σ|uₖ·slopeₖ|

u is random and not uniform: a cotangent of ones does not see rows exchanged. S is the sum of sizes, not the size of
the sum: terms that cancel leave the rounding of each behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from tinygrad_rnn.autodiff.forward import jvp
from tinygrad_rnn.autodiff.reverse import vjp
from tinygrad_rnn.engine.tensor import Array
from tinygrad_rnn.testing.oracles.case import Case, joined, parted
from tinygrad_rnn.testing.oracles.slopes import EPS, RTOL, STEPS, Slope, slope, smooth
from tinygrad_rnn.testing.report.findings import Kink

EACH = 64  # so many numbers are moved one by one
GAUSSIAN = 8  # of more, so many random directions

Mode = Callable[[Case, Array], Callable[[Array], float]]


def reverse(case: Case, u: Array) -> Callable[[Array], float]:
    """dx ↦ ⟨Jᵀu, dx⟩, from one pullback."""
    ys, pullback = vjp(case, *case.xs)
    g = joined([gx.data for gx in pullback(parted(u, ys))])
    return lambda dx: float(g @ dx)


def forward(case: Case, u: Array) -> Callable[[Array], float]:
    """dx ↦ ⟨u, J·dx⟩, from a push for each."""
    return lambda dx: float(u @ joined([dy.data for dy in jvp(case, case.xs, parted(dx, case.xs))[1]]))


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
    analytic = mode(case, u)
    for dx in directions(sum(x.size for x in case.xs), seed):
        try:
            found = slope(case.vector, case.xs, parted(dx, case.xs), y, oracle)
        except Kink as kink:
            yield kink
            continue
        if oracle == "auto" and found.oracle != "complex step":
            oracle = "Richardson"  # the function is not analytic: it need not be asked again
        compared = Comparison(dx, u, analytic(dx), found, _tolerance(dx, u, y, found))
        yield _confirmed(case, compared, y) if compared.wrong and found.oracle == "Richardson" else compared


def _confirmed(case: Case, found: Comparison, y: Array) -> Comparison:
    """A mismatch with differences, looked at with smaller steps too: what two steps disagree by is no evidence.

    Values that cancel inside the function leave more rounding than its outputs show.
    """
    try:
        again = smooth(case.vector, case.xs, parted(found.dx, case.xs), y, steps=STEPS[1:])
    except Kink:
        return found
    spread = float(np.abs(found.u) @ np.abs(again.values - found.numeric.values))
    return replace(found, tolerance=found.tolerance + 4 * spread)


def _tolerance(dx: Array, u: Array, y: Array, found: Slope) -> float:
    weights = np.abs(u)
    rules = 64 * EPS * float(weights @ (1 + np.abs(y))) * float(np.abs(dx).max(initial=0))  # they round too
    return RTOL[found.oracle] * float(weights @ np.abs(found.values)) + float(weights @ found.rounding) + rules


def cotangent(size: int, seed: int) -> Array:
    """Random signs and sizes from ½ to 3/2: none is 0, no two are equal."""
    rng = np.random.default_rng(seed)
    return rng.uniform(0.5, 1.5, size) * rng.choice([-1.0, 1.0], size)


def directions(size: int, seed: int) -> Iterator[Array]:
    """Each unit vector while there are few; of more, Gaussian ones."""
    if size <= EACH:
        yield from np.eye(size)
    else:
        yield from np.random.default_rng(seed).standard_normal((GAUSSIAN, size))
