"""Derivatives along a line without any rule: f is run at points of x + t·dx, and that is all.

complex step   Im f(x + ih·dx)/h, h = 1e-30         no cancellation; only for analytic f
central        D(h) = (f(x + h·dx) − f(x − h·dx))/2h            error h²
Richardson     (4·D(h/2) − D(h))/3                              error h⁴
jump           J(h) = D⁺(h) − D⁻(h), the slope to the right less the one to the left;
               2·J(h/2) − J(h) is 0 for a smooth f to order h³, and the jump itself at a kink

At a kink, or where f is not finite nearby, no step h helps: Kink. Near one, a smaller h does.

Sources: Squire & Trapp 1998 (complex step); Richardson 1911.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tinygrad_rnn.engine.tensor import Array
from tinygrad_rnn.errors import OptionError, check_option
from tinygrad_rnn.testing.report.findings import Kink

Values = Callable[[Sequence[Array]], Array]  # the arguments → every output, laid end to end

ORACLES = ("auto", "complex step", "Richardson", "central differences")
RTOL = {"complex step": 1e-12, "Richardson": 1e-7, "central differences": 1e-6}  # of S = Σ|terms added up|
STEPS = (1e-3, 1e-4, 1e-5)  # the first at which f is smooth is taken
IMAGINARY = 1e-30
FLAT = 1e-9  # a change of slope that is none: x³ and x⁴ at 0 have no scale of their own
EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Slope:
    """df(x + t·dx)/dt at t = 0 for each output, the rounding it carries, and how it was found."""

    values: Array
    rounding: Array
    oracle: str


def slope(f: Values, xs: Sequence[Array], dxs: Sequence[Array], y: Array, oracle: str = "auto") -> Slope:
    """The derivative of f along dxs.

    Args:
        f: takes arrays like xs, returns one vector.
        y: f(xs).
        oracle: "auto" takes the complex step where it agrees with Richardson, which it does for analytic f.
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
    by_real = smooth(f, xs, dxs, y, oracle)
    if by_complex is not None and _agree(by_complex, by_real):
        return replace(by_complex, rounding=by_complex.rounding + _doubt(by_complex, by_real))
    return by_real


def _doubt(a: Slope, b: Slope) -> Array:
    """Where they agree only because the difference cannot tell, as on a tail of |x|: that far off may either be."""
    apart = np.abs(a.values - b.values)
    return np.where(apart > 1e-6 * np.abs(b.values), 2 * apart, 0.0)


def _agree(a: Slope, b: Slope) -> bool:
    """To what a difference can tell: where the complex step is wrong, it is wrong by whole terms."""
    return bool(np.all(np.abs(a.values - b.values) <= 1e-6 * np.abs(b.values) + 10 * b.rounding))


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


def smooth(
    f: Values,
    xs: Sequence[Array],
    dxs: Sequence[Array],
    y: Array,
    oracle: str = "Richardson",
    steps: Sequence[float] = STEPS,
) -> Slope:
    """The slope by real differences, at the largest step at which f looks smooth. Raises Kink where it never does."""
    kink: Kink | None = None
    for h in steps:
        try:
            return _differences(f, xs, dxs, y, h, oracle)
        except Kink as found:
            kink = found
    raise kink or ValueError("there is no step to try")


def _differences(f: Values, xs: Sequence[Array], dxs: Sequence[Array], y: Array, h: float, oracle: str) -> Slope:
    def at(t: float) -> Array:
        with np.errstate(all="ignore"):
            return f([x + t * dx for x, dx in zip(xs, dxs, strict=True)])

    right, left, near_right, near_left = at(h), at(-h), at(h / 2), at(-h / 2)
    around = np.stack([right, left, near_right, near_left, y])
    if not np.isfinite(around).all():
        raise Kink("the function is not finite around this point")
    size = np.abs(around).max(axis=0, initial=0)
    inside = 1 + max((float(np.abs(x).max(initial=0)) for x in xs), default=0.0)  # what y is made of may be larger
    rounding = 8 * EPS * (size + inside) / h
    slack = 10 * rounding + FLAT
    wide, narrow = (right - left) / (2 * h), (near_right - near_left) / h
    jump = 2 * ((near_right - 2 * y + near_left) / (h / 2)) - (right - 2 * y + left) / h
    scale = np.maximum(np.abs(wide), np.abs(narrow))
    if np.any(np.abs(jump) > 1e-4 * scale + slack):
        worst = int(np.argmax(np.abs(jump)))
        to_left, to_right = (y - near_left)[worst] / (h / 2), (near_right - y)[worst] / (h / 2)
        raise Kink(f"the slopes to the left and to the right differ: {to_left:.4g} and {to_right:.4g}")
    if np.any(np.abs(wide - narrow) > 1e-5 * scale + slack):
        raise Kink(f"the slope changes within a step of {h:g}: a kink is near, or the function is too steep")
    if oracle == "central differences":
        return Slope(narrow, rounding + np.abs(wide - narrow), oracle)  # what is left of h²
    return Slope((4 * narrow - wide) / 3, rounding, "Richardson")
