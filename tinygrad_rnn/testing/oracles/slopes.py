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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tinygrad_rnn.engine.tensor import Array
from tinygrad_rnn.errors import OptionError, check_option
from tinygrad_rnn.testing.oracles.limits import EPS, EXACT, Limits
from tinygrad_rnn.testing.report.findings import Kink

Values = Callable[[Sequence[Array]], Array]  # the arguments → every output, laid end to end

ORACLES = ("auto", "complex step", "Richardson", "central differences")
RTOL = {"complex step": 1e-12, "Richardson": 1e-7, "central differences": 1e-6}  # of S = Σ|terms added up|
STEP = 1e-3  # the longest, in float64
FEW, MANY, MOST = 3, 5, 8  # steps to try: before a kink is believed; for a second look; while f is not finite
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
    """What the runs at ±h and ±h/2 say of each output: D(h), D(h/2), the slopes to both sides, 2·J(h/2) − J(h)."""

    h: float
    wide: Array
    narrow: Array
    left: Array
    right: Array
    jump: Array
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
        slack = 10 * self.rounding + FLAT
        bends, jumps = self.bend > bent * self.scale + slack, np.abs(self.jump) > 1e-4 * self.scale + slack
        return self.finite and not bends.any() and not jumps.any()

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
    seen: list[Look] = []
    for look in _looks(f, xs, dxs, y, limits, MANY if closely else FEW):
        seen.append(look)
        if not closely and look.smooth(max(1e-5, 10 * limits.eps**0.5)):
            doubt = look.rounding + (look.bend if oracle == "central differences" else 0.0)  # what is left of h²
            return Slope(look.values(oracle), doubt, oracle)
    return _surest(seen, oracle, float(np.clip(30 * limits.eps**0.5, 1e-3, 1e-2)))


def _looks(
    f: Values, xs: Sequence[Array], dxs: Sequence[Array], y: Array, limits: Limits, count: int
) -> Iterator[Look]:
    """At shorter and shorter steps: `count`, and more of them as long as they promise more."""

    def at(t: float) -> Array:
        try:
            found = f([x + t * dx for x, dx in zip(xs, dxs, strict=True)])
        except Kink:  # outside the domain
            found = np.array(np.nan)
        return found if found.shape == y.shape else np.full(y.shape, np.nan)

    inside = 1 + max((float(np.abs(x).max(initial=0)) for x in xs), default=0.0)  # what y is made of may be larger
    coarse = max(limits.eps, limits.nondeterminism) / EPS
    longest = limits.step or STEP * max(coarse**0.2, 1e-6 * inside)
    before = np.inf
    for k in range(1 if limits.step else MOST):
        h = longest * 10.0**-k
        right, left, near_right, near_left = at(h), at(-h), at(h / 2), at(-h / 2)
        with np.errstate(all="ignore"):
            size = np.abs(np.stack([right, left, near_right, near_left, y])).max(axis=0, initial=0)
            rounding = (8 * limits.eps * (size + inside) + 4 * limits.nondeterminism) / h
            to_left, to_right = (y - near_left) / (h / 2), (near_right - y) / (h / 2)
            wide, narrow = (right - left) / (2 * h), (near_right - near_left) / h
            jump = 2 * (to_right - to_left) - ((right - y) - (y - left)) / h
            look = Look(h, wide, narrow, to_left, to_right, jump, rounding)
        yield look
        promising = not look.finite or 0 < look.unexplained < before / 2
        if k + 1 >= count and not promising:
            return
        before = look.unexplained


def _surest(seen: Sequence[Look], oracle: str, allowed: float) -> Slope:
    """For each output the value that is least in doubt, and a kink where that is still more than `allowed` of it.

    What f jumps by at a shorter step is noise, and all the more noise in the slope.
    """
    noise, doubts = np.zeros_like(seen[0].wide), []
    for look in reversed(seen):
        noise = np.maximum(noise, np.nan_to_num(np.abs(look.jump) * look.h, nan=0.0, posinf=0.0))
        doubts.append(4 * (look.bend + noise / look.h) + look.rounding)
    looks = seen[::-1]
    table = np.nan_to_num(np.stack(doubts), nan=np.inf, posinf=np.inf)
    best = (table.argmin(axis=0), np.arange(table.shape[1]))
    doubt = table[best]
    values = np.stack([look.values(oracle) for look in looks])[best]
    scale = np.nan_to_num([look.scale for look in looks], posinf=0.0).max(axis=0)
    slack = FLAT + 10 * np.nan_to_num([look.rounding for look in looks], nan=0.0, posinf=0.0)[best]
    return Slope(values, doubt, oracle, _kink(seen, doubt - allowed * scale - slack))


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
