"""A gradient as a colour and a width: one colour per decade, the same in every figure, and text that reads on it."""

from __future__ import annotations

import math

HEAT = ("#F2F0F7", "#DADAEB", "#BCBDDC", "#9E9AC8", "#807DBA", "#6A51A3", "#4A1486")


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

    >>> [text_on(heat) for heat in HEAT]
    ['#000000', '#000000', '#000000', '#000000', '#000000', '#FFFFFF', '#FFFFFF']
    """
    return max(("#000000", "#FFFFFF"), key=lambda ink: contrast(ink, fill))


def heat(norm: float | None) -> tuple[str, str]:
    """Fill and extra style for a gradient of this norm: one colour per decade, the same in every figure.

    No gradient (dashed white), exactly zero (white), and not finite (black) never look alike nor like a small one.

    >>> heat(2e-3)
    ('#807DBA', '')
    >>> heat(None), heat(0.0), heat(math.nan)
    (('#FFFFFF', 'dashed'), ('#FFFFFF', ''), ('#000000', ''))
    """
    if norm is None:
        return "#FFFFFF", "dashed"
    if not math.isfinite(norm):
        return "#000000", ""
    return ("#FFFFFF", "") if norm == 0 else (HEAT[min(max(math.floor(math.log10(norm)) + 7, 0), 6)], "")


def backward_pen(norm: float) -> float:
    """Width of a backward edge: 0.8 at 1e-8 and below, 5 at 1 and above.

    >>> backward_pen(1e-12), backward_pen(1.0)
    (0.8, 5.0)
    """
    if norm == 0 or not math.isfinite(norm):
        return 0.8
    return 0.8 + 4.2 * min(max((math.log10(norm) + 8) / 8, 0.0), 1.0)
