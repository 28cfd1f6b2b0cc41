"""A gradient as a colour and a line: one colour per decade, the same in every figure, and text that reads on it.

1e-8 ░░░▒▒▒▓▓▓ 1e0    violet: the darker, the larger; on a dark ground the lighter
1e1  ▒▒▓▓ 1e4         orange: it explodes
–  dashed      0  barred      NaN, ∞  black
"""

from __future__ import annotations

import math
from collections.abc import Iterable

__all__ = ["EXPLODING", "HEAT", "backward_pen", "backward_style", "contrast", "decades", "heat", "text_on"]

LEAST = -8  # the decade of the first colour; what is smaller has that colour too
HEAT = ("#F2F0F7", "#DADAEB", "#BCBDDC", "#9E9AC8", "#807DBA", "#7567AE", "#6A51A3", "#5A3394", "#4A1486")
EXPLODING = ("#FDBE85", "#FD8D3C", "#E6550D", "#A63603")
LIGHT_GROUND, DARK_GROUND, BLACK = "#FFFFFF", "#16191D", "#000000"


def contrast(one: str, other: str) -> float:
    """How far two colours are apart for a reader: WCAG's ratio, from 1 (the same) to 21 (black on white).

    >>> round(contrast("#000000", "#FFFFFF"))
    21
    """
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    parts = (int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5))
    r, g, b = (v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4 for v in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def text_on(fill: str) -> str:
    """Black or white, whichever reads better on `fill`.

    >>> [text_on(colour) for colour in EXPLODING]
    ['#000000', '#000000', '#000000', '#FFFFFF']
    """
    return max(("#000000", "#FFFFFF"), key=lambda ink: contrast(ink, fill))


def heat(norm: float | None, dark: bool = False) -> tuple[str, str]:
    """Fill and extra style for a gradient of this norm: one colour per decade, the same in every figure.

    Not computed (dashed), exactly zero (barred at its ends) and not finite (black) look neither alike nor like a small
    gradient. On a dark ground each of the two hues is reversed, so that the large ones glow.

    >>> heat(2e-3), heat(2e3), heat(2e-3, dark=True)
    (('#7567AE', ''), ('#E6550D', ''), ('#9E9AC8', ''))
    >>> heat(None), heat(0.0), heat(math.nan)
    (('#FFFFFF', 'dashed'), ('#FFFFFF', 'diagonals'), ('#000000', ''))
    """
    if norm is None or norm == 0:
        return DARK_GROUND if dark else LIGHT_GROUND, "dashed" if norm is None else "diagonals"
    if not math.isfinite(norm):
        return BLACK, ""
    step = -1 if dark else 1
    return (HEAT[::step] + EXPLODING[::step])[_decade(norm) - LEAST], ""


def _decade(norm: float) -> int:
    """The power of ten at or below a norm, within those that have a colour."""
    return min(max(math.floor(math.log10(norm)), LEAST), LEAST + len(HEAT + EXPLODING) - 1)


def decades(norms: Iterable[float | None], dark: bool = False) -> list[tuple[str, str, str, str]]:
    """For a legend: label, fill, extra style and ink of each decade that is there, from none and zero to NaN.

    >>> decades([2e-3, 7e-3, 0.0, 1e9])
    [('0', '#FFFFFF', 'diagonals', '#000000'), ('1e-3', '#7567AE', '', '#FFFFFF'), ('≥ 1e4', '#A63603', '', '#FFFFFF')]
    """
    found = {_label(norm): heat(norm, dark) for norm in sorted(norms, key=_rank)}
    return [(label, fill, style, text_on(fill)) for label, (fill, style) in found.items()]


def _rank(norm: float | None) -> tuple[int, float]:
    if norm is None:
        return 0, 0.0
    return (2, 0.0) if math.isnan(norm) else (1, norm)


def _label(norm: float | None) -> str:
    if norm is None:
        return "–"
    if norm == 0 or not math.isfinite(norm):
        return "0" if norm == 0 else "NaN" if math.isnan(norm) else "∞"
    decade = _decade(norm)
    if decade == LEAST:
        return f"< 1e{LEAST + 1}"
    return f"≥ 1e{decade}" if decade == LEAST + len(HEAT + EXPLODING) - 1 else f"1e{decade}"


def backward_pen(norm: float) -> float:
    """Width of a backward edge: 0.8 at 1e-8 and below, 5 from 1 to 10; above, at once 6.5, and 8 from 1e4 on.

    >>> backward_pen(1e-12), backward_pen(1.0), backward_pen(10.0), backward_pen(1e7), backward_pen(math.nan)
    (0.8, 5.0, 6.5, 8.0, 8.0)
    """
    if norm == 0:
        return 0.8
    if not math.isfinite(norm):
        return 8.0
    size = math.log10(norm)
    return 0.8 + 4.2 * min(max((size + 8) / 8, 0.0), 1.0) if size < 1 else min(6 + size / 2, 8.0)


def backward_style(norm: float) -> str:
    """The line of a backward edge: dashed, solid where the gradient explodes, dotted where it is not a number.

    >>> backward_style(1e-3), backward_style(10.0), backward_style(math.inf)
    ('dashed', 'solid', 'dotted')
    """
    if not math.isfinite(norm):
        return "dotted"
    return "solid" if norm >= 10 else "dashed"
