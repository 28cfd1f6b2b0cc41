"""A point judged by the slopes to both sides of it, which there are at kinks too.

f(x − h·dx) ─ behind ─ f(x) ─ ahead ─ f(x + h·dx)      ⟨g, dx⟩ lies between ⟨u, behind⟩ and ⟨u, ahead⟩

                smooth along dx                          at a kink
one op          ⟨g, dx⟩ is the slope                     it lies between
ops together    it is, unless one of them is at a kink   each of them by itself: relu(x) − relu(−x) has the slope 1
                                                         at 0, and by rules that are right the gradient 0

Where f raises or is not finite, or where two steps h disagree, nothing is asked. u > 0: no two wrongs cancel.
Of ops together, one may be outside of its domain where the whole is not: 1/(1 + e⁻ˣ) far left. Then nothing is asked
either, unless a `where` was meant to keep that out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import NamedTuple

import numpy as np

from tinygrad_rnn.autodiff.forward import jvp
from tinygrad_rnn.engine.context import no_grad
from tinygrad_rnn.engine.node import Node
from tinygrad_rnn.engine.tensor import Array
from tinygrad_rnn.testing.draw.program import Program
from tinygrad_rnn.testing.laws.linear_map import quiet, run
from tinygrad_rnn.testing.laws.nodes import local, recorded_ops
from tinygrad_rnn.testing.oracles.case import Case, joined, parted
from tinygrad_rnn.testing.oracles.compare import cotangent
from tinygrad_rnn.testing.report.findings import Mismatch

STEPS = (1e-4, 1e-5, 2.3e-5, 1.7e-6)  # the others where the first disagrees: on a staircase, some agree by chance
AROUND, MOST = 12, 128  # so many points near a kink, for each number up to so many, show what slopes meet there
COARSE = 0.1  # what a small step does not resolve, as of (x + 1e8) − 1e8, this one does
CLOSE = 1e-6  # of the slopes
BENT = 1e-5  # of the slopes: to both sides of a kink they differ by more
UNSURE = 1e-3  # of the slopes: where two steps differ by more, there is none
EACH = 8  # so many numbers are moved one by one, where all at once did not do
EPS = float(np.finfo(np.float64).eps)

Rule = Callable[[Array], float]  # dx ↦ the derivative along it, weighed by u


class Sides(NamedTuple):
    """Between which numbers a derivative lies, how near to them is near enough, and whether they are a kink's."""

    low: float
    high: float
    near: float
    bent: bool

    def admit(self, along: float) -> bool:
        return self.low - self.near <= along <= self.high + self.near  # NaN does not lie between


class Verdict(NamedTuple):
    """What is wrong, if anything is; whether it is NaN where there is a slope; whether there are kinks."""

    found: Mismatch | None = None
    sure: bool = False
    kinks: bool = False


def judged(case: Case, seed: int, modes: frozenset[str]) -> Mismatch | None:
    """Where the derivatives of a case are not its slopes, at its own xs; None where they are, or nothing is known."""
    with quiet():
        whole = _verdict(case, seed, modes)
        if whole is None or not (whole.found or whole.kinks):
            return whole and whole.found
        ops = recorded_ops(case)
        if len(ops) < 2 or (whole.sure and _guarded(case, ops)):
            return whole.found
        parts = [_verdict(local(op), seed, modes) for op in ops]
        wrong = next((part.found for part in parts if part and part.found), None)
        return wrong or (None if any(part is None or part.kinks for part in parts) else whole.found)


def _guarded(case: Case, ops: list[Node]) -> bool:
    """Whether a `where` was written, to keep NaN out: not so where nobody wrote the function."""
    return not isinstance(case.fn, Program) and any(op.op is not None and op.op.name == "where" for op in ops)


def _verdict(case: Case, seed: int, modes: frozenset[str]) -> Verdict | None:
    """None outside of the domain."""
    try:
        y = case.vector(case.xs)
    except Exception:  # whatever a function says there
        return None
    if not y.size or y.dtype != np.float64 or not np.isfinite(y).all():
        return None
    point = Point(case, y, np.abs(cotangent(y.size, seed)), seed)
    try:
        rules = dict(point.rules(modes))
        if point.smooth(rules):
            return Verdict()
        verdict = point.by_axes(rules)
        return verdict if verdict.found or not verdict.kinks else Verdict(point.together(rules), kinks=True)
    except (np.linalg.LinAlgError, ArithmeticError):  # outside of the rule's domain
        return None
    except Exception as error:  # what ran forwards has to run backwards
        return Verdict(Mismatch("raises", case.name, hint=f"{type(error).__name__}: {error}".splitlines()[0]))


@dataclass(frozen=True)
class Point:
    """A case at its own xs, with its outputs and weights for them."""

    case: Case
    y: Array
    u: Array
    seed: int

    def rules(self, modes: frozenset[str]) -> Iterator[tuple[str, Rule]]:
        """The derivative along dx, by each mode; forwards, an infinite slope elsewhere makes 0·∞ of it."""
        finite = True
        if "vjp" in modes:
            ys, pull = run(self.case)
            g = joined(pull(parted(self.u, ys)))
            finite = bool(np.isfinite(g).all())
            yield "", lambda dx: float(g[dx != 0] @ dx[dx != 0])
        if "jvp" in modes and finite:
            yield " in forward mode", self._pushed

    def _pushed(self, dx: Array) -> float:
        with no_grad():
            dys = jvp(self.case, self.case.xs, parted(dx, self.case.xs))[1]
        return float(self.u @ joined([dy._array for dy in dys]))

    @cached_property
    def scale(self) -> Array:
        """How far each number is moved: by parts of 1, or of the largest beside it where that is smaller."""
        sizes = [float(np.abs(x).max(initial=0)) for x in self.case.xs]
        return joined([np.full(x.size, min(size or 1.0, 1.0)) for x, size in zip(self.case.xs, sizes, strict=True)])

    def smooth(self, rules: dict[str, Rule]) -> bool:
        """Whether all is well along one direction of all numbers at once, as it nearly always is."""
        dx = self.scale * np.random.default_rng(self.seed).uniform(0.5, 1.5, self.scale.size)
        sides = self.sides(dx)
        return sides is not None and not sides.bent and all(sides.admit(rule(dx)) for rule in rules.values())

    def axes(self) -> Iterator[tuple[int, Array]]:
        """Some of the numbers, and the direction in which each moves alone."""
        for k in range(self.scale.size)[:: -(-self.scale.size // EACH)]:
            yield k, np.where(np.arange(self.scale.size) == k, self.scale, 0.0)

    def together(self, rules: dict[str, Rule]) -> Mismatch | None:
        """Several numbers at once: two arguments that are equal do not both get what there is for one."""
        rng = np.random.default_rng(self.seed)
        signs = [np.ones(self.scale.size), *rng.choice([-1.0, 1.0], (3, self.scale.size))]
        ds = [self.scale, *(self.scale * sign * rng.uniform(0.5, 1.5, self.scale.size) for sign in signs)]
        for (name, rule), dx in product(rules.items(), ds):
            sides, along = self.sides(dx, sure=True), rule(dx)
            if sides and not sides.admit(along) and not self.widened(dx, sides, nothing=True).admit(along):
                return Mismatch("differs", f"the derivative by several numbers at once{name}", f"{along:.6g}",
                                _between(sides.low, sides.high, sides.bent))  # fmt: skip
        return None

    def by_axes(self, rules: dict[str, Rule]) -> Verdict:
        """One number after the other: along an axis there are two sides, and nothing between the axes."""
        kinks = False
        for k, dx in self.axes():
            sides = self.sides(dx)
            kinks = kinks or sides is None or sides.bent
            for name, rule in rules.items() if sides else ():
                along = rule(dx)
                sure = sides if sides is None or sides.admit(along) else self.sides(dx, sure=True)
                if sure is not None and not sure.admit(along) and not self.widened(dx, sure).admit(along):
                    return Verdict(self._words(k, name, along, sure), not (sure.bent or np.isfinite(along)), kinks)
        return Verdict(kinks=kinks)

    def sides(self, dx: Array, sure: bool = False) -> Sides | None:
        """The slopes to both sides, None where there are none.

        Args:
            sure: seen at several steps, and as far off as these differ by.
        """
        found = [self._slopes(dx, h) for h in (STEPS if sure else STEPS[:1])]
        if not np.isfinite(found).all():
            return None
        behind, ahead = found[0]
        largest = max((float(np.abs(x).max(initial=0)) for x in self.case.xs), default=0.0)
        size = float(self.u @ np.maximum(np.abs(behind), np.abs(ahead)))
        rounding = 12 * EPS * float(self.u @ (1 + np.abs(self.y) + largest)) / STEPS[0]
        doubt = float(self.u @ np.abs(np.array(found) - found[0]).max(axis=0).sum(axis=0))
        if doubt > UNSURE * size + 100 * rounding:
            return None
        low, high = (float(self.u @ pick(behind, ahead)) for pick in (np.minimum, np.maximum))
        return Sides(low, high, CLOSE * size + rounding + 4 * doubt, high - low > BENT * size + 10 * rounding)

    def widened(self, dx: Array, sides: Sides, nothing: bool = False) -> Sides:
        """Made wider by the slopes at large steps, and by those around: each of three equal numbers is their middle.

        Args:
            nothing: by 0 too: of arguments that are equal each may be given nothing, as clip gives its bounds.
        """
        steps = (COARSE, COARSE / float(np.abs(dx).max()))
        seen = [part for h in steps for part in self._slopes(dx, h)] + [0 * self.y] * nothing
        rng = np.random.default_rng(self.seed)
        for _ in range(AROUND * min(self.scale.size, MOST)):
            near = self.scale * 1e-3 * rng.standard_normal(self.scale.size)
            seen.append((self._moved(near + 1e-6 * dx) - self._moved(near - 1e-6 * dx)) / 2e-6)
        finite = np.stack([slope for slope in seen if np.isfinite(slope).all()] or [np.full_like(self.y, np.nan)])
        low, high = float(self.u @ finite.min(axis=0)), float(self.u @ finite.max(axis=0))
        return sides._replace(low=float(np.fmin(sides.low, low)), high=float(np.fmax(sides.high, high)))

    def _slopes(self, dx: Array, h: float) -> Array:
        """Behind and ahead, with h·f″ taken out: 2·D(h/2) − D(h)."""
        return np.stack([2 * self._slope(dx, t / 2) - self._slope(dx, t) for t in (-h, h)])

    def _slope(self, dx: Array, t: float) -> Array:
        return (self._moved(t * dx) - self.y) / t

    def _moved(self, dx: Array) -> Array:
        xs = [x + part for x, part in zip(self.case.xs, parted(dx, self.case.xs), strict=True)]
        try:
            y = self.case.vector(xs)
        except Exception:  # outside of the domain
            return np.full_like(self.y, np.nan)
        return y if y.shape == self.y.shape else np.full_like(self.y, np.nan)

    def _words(self, k: int, name: str, along: float, sides: Sides) -> Mismatch:
        ends = np.cumsum([x.size for x in self.case.xs])
        which = int(np.searchsorted(ends, k, side="right"))
        x = self.case.xs[which]
        index = np.unravel_index(k - (int(ends[which]) - x.size), x.shape)
        place = f"{self.case.names[which]}{[int(i) for i in index] if index else ''}, of shape {x.shape}"
        scale = float(self.scale[k])
        between = _between(sides.low / scale, sides.high / scale, sides.bent)
        return Mismatch("differs", f"the derivative by {place}{name}",
                        f"{along / scale:.6g}", between)  # fmt: skip


def _between(low: float, high: float, bent: bool) -> str:
    return f"between the slopes {low:.6g} and {high:.6g}" if bent else f"the slope {low:.6g}"
