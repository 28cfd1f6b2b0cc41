"""Derivatives along a line without any rule: f is run at points of x + t·dx, and that is all.

complex step   Im f(x + ih·dx)/h, h = 1e-30         no cancellation; only for analytic f
differences    of runs at x ± h·dx                  everywhere else: differences.py

Source: Squire & Trapp 1998 (complex step).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tinygrad_rnn.engine.tensor import Array
from tinygrad_rnn.errors import OptionError, check_option
from tinygrad_rnn.testing.oracles.differences import Slope, Values, by_differences
from tinygrad_rnn.testing.oracles.limits import EPS, EXACT, Limits
from tinygrad_rnn.testing.report.findings import Kink

ORACLES = ("auto", "complex step", "Richardson", "central differences")
RTOL = {"complex step": 1e-12, "Richardson": 1e-7, "central differences": 1e-6}  # of S = Σ|terms added up|
IMAGINARY = 1e-30


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
