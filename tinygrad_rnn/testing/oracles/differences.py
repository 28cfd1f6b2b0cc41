"""Slopes from real runs of a function, and how far off they may be: nothing is assumed of it.

central        D(h) = (f(x + h·dx) − f(x − h·dx))/2h            error h²
Richardson     (4·D(h/2) − D(h))/3                              error h⁴
jump           J(h) = D⁺(h) − D⁻(h), the slope to the right less the one to the left;
               2·J(h/2) − J(h) is 0 for a smooth f to order h³, and the jump itself at a kink
doubt          |D(h) − D(h/2)|, the jump, and rounding/h

A shorter step helps where f bends, a longer one where it is rounded. Where the second derivative alone jumps, the
doubt falls with h, and the slope is found; at a kink it stays, and where f is not finite nearby nothing is known.

Source: Richardson 1911.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from tinygrad_rnn.engine.tensor import Array
from tinygrad_rnn.testing.oracles.limits import EPS, EXACT, Limits
from tinygrad_rnn.testing.report.findings import Kink

Values = Callable[[Sequence[Array]], Array]  # the arguments → every output, laid end to end

STEP = 1e-3  # the first, in float64
LONGER = (3, 2, 1)  # decades, for a second look
FEW, MOST = 3, 9  # shorter steps: before a kink is believed; while they promise more, and for a second look
FLAT = 1e-9  # a change of slope that is none: x³ and x⁴ at 0 have no scale of their own


@dataclass(frozen=True)
class Slope:
    """df(x + t·dx)/dt at t = 0 for each output, how far off each may be, and how it was found.

    Attributes:
        kink: why there is no derivative, where no step found one; the values are what comes nearest.
    """

    values: Array
    doubt: Array
    oracle: str
    kink: str = ""


@dataclass(frozen=True)
class Look:
    """What the runs at ±h and ±h/2 say of each output.

    Attributes:
        wide, narrow: D(h) and D(h/2).
        left, right: the slopes to both sides, by h/2.
        jump: 2·J(h/2) − J(h).
        least: by how much it moves at least, ∞ where it stands still.
        rounding: of D.
    """

    h: float
    wide: Array
    narrow: Array
    left: Array
    right: Array
    jump: Array
    least: Array
    rounding: Array

    @property
    def bend(self) -> Array:
        return np.abs(self.wide - self.narrow)

    @property
    def scale(self) -> Array:
        return np.maximum(np.abs(self.wide), np.abs(self.narrow))

    @property
    def finite(self) -> bool:
        return bool(np.isfinite(self.bend + self.jump).all())

    @property
    def unexplained(self) -> float:
        """By how much the worst output bends or jumps, beyond rounding."""
        excess = self.bend + np.abs(self.jump) - 10 * self.rounding
        return float(excess.max(initial=0.0)) if self.finite else np.inf

    def smooth(self, bent: float) -> bool:
        """Whether nothing bends by more than this share of its slope, and nothing jumps."""
        bends = self.bend > bent * self.scale + 10 * self.rounding + FLAT
        return self.finite and not bends.any() and not self.jumps(1e-4).any()

    def jumps(self, share: float) -> Array:
        """Which slopes jump by more than this share of them."""
        return np.abs(self.jump) > share * self.scale + 10 * self.rounding + FLAT

    def values(self, oracle: str) -> Array:
        return self.narrow if oracle == "central differences" else (4 * self.narrow - self.wide) / 3


@np.errstate(all="ignore")
def by_differences(
    f: Values,
    xs: Sequence[Array],
    dxs: Sequence[Array],
    y: Array,
    oracle: str = "Richardson",
    limits: Limits = EXACT,
    *,
    closely: bool = False,
) -> Slope:
    """The slope by the first step at which f looks smooth; by the least doubt for each output where it never does.

    Args:
        closely: never mind what looks smooth: every step, and the least doubt.
    """
    oracle = oracle if oracle == "central differences" else "Richardson"
    inside = 1 + max((float(np.abs(x).max(initial=0)) for x in xs), default=0.0)  # what y is made of may be larger
    coarse = max(limits.eps, limits.nondeterminism) / EPS
    first = limits.step or STEP * max(coarse**0.2, 1e-6 * inside)
    ratio = 10.0 if coarse <= 1 else 3.0  # between bending and rounding little room is left
    look = partial(_look, f, xs, dxs, y, limits, inside)
    seen: list[Look] = []
    for k in range(1 if limits.step else MOST):
        seen.append(look(first * ratio**-k))
        if not closely and seen[-1].smooth(max(1e-5, 10 * limits.eps**0.5)):
            left = seen[-1].bend if oracle == "central differences" else 0.0  # of h²
            return Slope(seen[-1].values(oracle), seen[-1].rounding + left, oracle)
        if not closely and k + 1 >= FEW and not _promising(*seen[-2:]):
            break
    if not limits.step and (closely or seen[-1].unexplained > 2 * seen[0].unexplained):  # noise
        seen = [look(first * ratio**k) for k in LONGER] + seen
    return _surest(seen, oracle, float(np.clip(30 * limits.eps**0.5, 1e-3, 1e-2)))


def _promising(before: Look, last: Look) -> bool:
    """Whether a still shorter step may say more."""
    return not last.finite or 0 < last.unexplained < before.unexplained / 2


def _look(
    f: Values, xs: Sequence[Array], dxs: Sequence[Array], y: Array, limits: Limits, inside: float, h: float
) -> Look:
    def at(t: float) -> Array:
        try:
            found = f([x + t * dx for x, dx in zip(xs, dxs, strict=True)])
        except Kink:  # outside the domain
            return np.full(y.shape, np.nan)
        return found if found.shape == y.shape else np.full(y.shape, np.nan)

    around = np.stack([at(h), at(-h), at(h / 2), at(-h / 2)])
    right, left, near_right, near_left = around - y
    moved, size = np.abs(around - y), np.maximum(np.abs(around).max(axis=0), np.abs(y))
    return Look(
        h=h,
        wide=(right - left) / (2 * h),
        narrow=(near_right - near_left) / h,
        left=(0 - near_left) / (h / 2),
        right=near_right / (h / 2),
        jump=(4 * (near_right + near_left) - (right + left)) / h,
        least=np.where(moved > 0, moved, np.inf).min(axis=0),
        rounding=(8 * limits.eps * (size + inside) + 4 * limits.nondeterminism) / h,
    )


def _surest(seen: Sequence[Look], oracle: str, allowed: float) -> Slope:
    """For each output the value that is least in doubt, and a kink where that is still more than `allowed` of it.

    Noise has no length: what f jumps by at shorter steps, and at the next longer one, is in the slope too; and where f
    moves by grains, as a small term beside a large one does, a step at which it stands still says nothing.

    Args:
        seen: from the longest step to the shortest.
    """
    values = np.nan_to_num([look.values(oracle) for look in seen])
    rounding = np.nan_to_num([look.rounding for look in seen], nan=np.inf, posinf=np.inf)
    scale = np.maximum.accumulate(np.nan_to_num([look.scale for look in seen], posinf=0.0))
    bend, jumps = np.stack([look.bend for look in seen]), np.stack([look.jumps(0.1) for look in seen])
    h = np.array([[look.h] for look in seen])
    noise = np.nan_to_num(np.abs([look.jump for look in seen]) * h, posinf=0.0)
    noise = np.maximum.accumulate(np.maximum(noise, np.roll(noise, 1, axis=0))[::-1])[::-1]
    grain = np.where(jumps, np.inf, [look.least for look in seen]).min(axis=0)
    noise = np.maximum(noise, np.where(np.isfinite(grain), grain, 0.0))
    doubts = np.where(jumps | ~np.isfinite(bend), np.inf, bend + 4 * noise / h + rounding)
    best = (doubts.argmin(axis=0), np.arange(grain.size))
    unclear = doubts[best] - allowed * scale[best] - np.where(np.isfinite(rounding), 10 * rounding, 0.0)[best] - FLAT
    return Slope(values[best], doubts[best], oracle, _kink(seen, unclear))


def _kink(seen: Sequence[Look], excess: Array) -> str:
    """What to say of the output that is most in doubt."""
    if not (excess > 0).any():
        return ""
    worst, last = int(np.argmax(excess)), seen[-1]
    if not last.finite:
        return "the function is not finite around this point"
    if abs(last.jump[worst]) > last.bend[worst]:
        return f"the slopes to the left and to the right differ: {last.left[worst]:.4g} and {last.right[worst]:.4g}"
    return f"the slope changes within a step of {last.h:g}: a kink is near, or the function is too steep"
