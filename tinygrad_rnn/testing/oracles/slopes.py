"""Derivatives along a line without any rule: f is run at points of x + t·dx, and that is all.

complex step   Im f(x + ih·dx)/h, h = 1e-30         no cancellation; only for analytic f
central        D(h) = (f(x + h·dx) − f(x − h·dx))/2h            error h²
Richardson     (4·D(h/2) − D(h))/3                              error h⁴
jump           J(h) = D⁺(h) − D⁻(h), the slope to the right less the one to the left;
               2·J(h/2) − J(h) is 0 for a smooth f to order h³, and the jump itself at a kink
doubt          |D(h) − D(h/2)|, the jump, and rounding/h: how far the difference may be off

A shorter step helps where f bends, a longer one where it is rounded. Where the second derivative alone jumps, the
doubt falls with h, and the slope is found; at a kink it stays, and where f is not finite nearby nothing is known: Kink.

Sources: Squire & Trapp 1998 (complex step); Richardson 1911.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from tinygrad_rnn.engine.tensor import Array
from tinygrad_rnn.errors import OptionError, check_option
from tinygrad_rnn.testing.oracles.limits import EPS, EXACT, Limits
from tinygrad_rnn.testing.report.findings import Kink

Values = Callable[[Sequence[Array]], Array]  # the arguments → every output, laid end to end

ORACLES = ("auto", "complex step", "Richardson", "central differences")
RTOL = {"complex step": 1e-12, "Richardson": 1e-7, "central differences": 1e-6}  # of S = Σ|terms added up|
STEP = 1e-3  # the longest, in float64
FEW, MOST = 3, 9  # steps to try: before a kink is believed; while shorter ones promise more, and for a second look
IMAGINARY = 1e-30
FLAT = 1e-9  # a change of slope that is none: x³ and x⁴ at 0 have no scale of their own


@dataclass(frozen=True)
class Slope:
    """df(x + t·dx)/dt at t = 0 for each output, how far off each may be, and how it was found.

    Attributes:
        kink: why there is no derivative, where no step found one; the values are what comes next to it.
    """

    values: Array
    doubt: Array
    oracle: str
    kink: str = ""


def slope(
    f: Values,
    xs: Sequence[Array],
    dxs: Sequence[Array],
    y: Array,
    oracle: str = "auto",
    limits: Limits = EXACT,
) -> Slope:
    """The derivative of f along dxs.

    Args:
        f: takes arrays like xs, returns one vector.
        y: f(xs).
        oracle: "auto" takes the complex step where it agrees with Richardson, which it does for analytic f.
        limits: the step that is asked for; how coarse the values are.
    Raises:
        Kink: f has no derivative at xs along dxs. OptionError: there is no such oracle.

    >>> x, dx = [np.array([0.5])], [np.array([1.0])]
    >>> found = slope(lambda xs: np.tanh(xs[0]), x, dx, np.tanh(x[0]))
    >>> found.oracle, bool(abs(found.values[0] - (1 - np.tanh(0.5) ** 2)) < 1e-15)
    ('complex step', True)
    >>> slope(lambda xs: np.abs(xs[0]), [np.zeros(1)], dx, np.zeros(1))
    Traceback (most recent call last):
    tinygrad_rnn.testing.report.findings.Kink: the slopes to the left and to the right differ: -1 and 1
    """
    check_option("slope", "oracle", oracle, ORACLES)
    by_complex = complex_step(f, xs, dxs) if oracle in ("auto", "complex step") else None
    if oracle == "complex step":
        if by_complex is None:
            raise OptionError("complex step: the function does not take complex arrays", help="oracle='Richardson'")
        return by_complex
    by_real = by_differences(f, xs, dxs, y, oracle, limits)
    if by_real.kink:
        raise Kink(by_real.kink)
    if by_complex is not None and _agree(by_complex, by_real):
        return replace(by_complex, doubt=by_complex.doubt + _apart(by_complex, by_real))
    return by_real


def _apart(a: Slope, b: Slope) -> Array:
    """Where they agree only because the difference cannot tell, as on a tail of |x|: that far off may either be."""
    apart = np.abs(a.values - b.values)
    return np.where(apart > 1e-6 * np.abs(b.values), 2 * apart, 0.0)


def _agree(a: Slope, b: Slope) -> bool:
    """To what a difference can tell: where the complex step is wrong, it is wrong by whole terms."""
    return bool(np.all(np.abs(a.values - b.values) <= 1e-6 * np.abs(b.values) + 10 * b.doubt))


def complex_step(f: Values, xs: Sequence[Array], dxs: Sequence[Array]) -> Slope | None:
    """Im f(x + ih·dx)/h, or None where f does not take complex arrays."""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("error")  # NumPy warns when it drops an imaginary part
            ahead = f([x + 1j * IMAGINARY * dx for x, dx in zip(xs, dxs, strict=True)])
    except Exception:  # whatever f does not like of complex numbers
        return None
    values = ahead.imag / IMAGINARY
    return Slope(values, 4 * EPS * np.abs(values), "complex step") if np.isfinite(values).all() else None


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
    """The slope by the longest step at which f looks smooth; by the least doubt for each output where it never does.

    Args:
        closely: never mind what looks smooth: every step, and the least doubt.
    """
    oracle = oracle if oracle == "central differences" else "Richardson"
    inside = 1 + max((float(np.abs(x).max(initial=0)) for x in xs), default=0.0)  # what y is made of may be larger
    coarse = max(limits.eps, limits.nondeterminism) / EPS
    longest = limits.step or STEP * max(coarse**0.2, 1e-6 * inside)
    look = partial(_look, f, xs, dxs, y, limits, inside)
    seen: list[Look] = []
    for k in range(1 if limits.step else MOST):
        seen.append(look(longest * 10.0**-k))
        if not closely and seen[-1].smooth(max(1e-5, 10 * limits.eps**0.5)):
            left = seen[-1].bend if oracle == "central differences" else 0.0  # of h²
            return Slope(seen[-1].values(oracle), seen[-1].rounding + left, oracle)
        if not closely and k + 1 >= FEW and not _promising(*seen[-2:]):
            break
    if not limits.step and (closely or seen[-1].unexplained > 2 * seen[0].unexplained):  # noise: longer steps help
        seen = [look(longest * 10.0**k) for k in (3, 2, 1)] + seen
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

    right, left, near_right, near_left = at(h), at(-h), at(h / 2), at(-h / 2)
    with np.errstate(all="ignore"):
        around = np.stack([right, left, near_right, near_left])
        moved = np.abs(around - y)
        to_left, to_right = (y - near_left) / (h / 2), (near_right - y) / (h / 2)
        return Look(
            h=h,
            wide=(right - left) / (2 * h),
            narrow=(near_right - near_left) / h,
            left=to_left,
            right=to_right,
            jump=2 * (to_right - to_left) - ((right - y) - (y - left)) / h,
            least=np.where(moved > 0, moved, np.inf).min(axis=0),
            rounding=(
                8 * limits.eps * (np.maximum(np.abs(around).max(axis=0), np.abs(y)) + inside)
                + 4 * limits.nondeterminism
            )
            / h,
        )


def _surest(seen: Sequence[Look], oracle: str, allowed: float) -> Slope:
    """For each output the value that is least in doubt, and a kink where that is still more than `allowed` of it.

    Noise has no length: what f jumps by at shorter steps, and at the next longer one, is in the slope too; and where f
    moves by grains, as a small term beside a large one does, a step at which it stands still says nothing.

    Args:
        seen: from the longest step to the shortest.
    """
    values = [np.nan_to_num(look.values(oracle)) for look in seen]
    jumps = [look.jumps(0.1) for look in seen]
    noises = np.stack([np.nan_to_num(np.abs(look.jump) * look.h, posinf=0.0) for look in seen])
    noises = np.maximum.accumulate(np.maximum(noises, [noises[0], *noises[:-1]])[::-1])[::-1]
    moves = np.min([np.where(jump, np.inf, look.least) for jump, look in zip(jumps, seen, strict=True)], axis=0)
    grain = np.where(np.isfinite(moves), moves, 0.0)
    doubts = [
        np.where(
            jump | ~np.isfinite(look.bend), np.inf, 4 * (look.bend + np.maximum(noise, grain) / look.h) + look.rounding
        )
        for jump, look, noise in zip(jumps, seen, noises, strict=True)
    ]
    best = (np.argmin(doubts, axis=0), np.arange(grain.size))
    doubt = np.stack(doubts)[best]
    scale = np.maximum.accumulate(np.nan_to_num([look.scale for look in seen], posinf=0.0))[best]
    slack = FLAT + 10 * np.nan_to_num([look.rounding for look in seen], posinf=0.0)[best]
    return Slope(np.stack(values)[best], doubt, oracle, _kink(seen, doubt - allowed * scale - slack))


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
