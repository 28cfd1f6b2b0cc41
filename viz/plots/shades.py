"""From blue by white to red: one shade for each of 65 levels, all of them light enough for black letters.

below 0   blue, and underlined, so that the sign is seen in grey too
0         white
above 0   red
NaN, ±∞   black, with white letters
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from viz.plots.numbers import Array

__all__ = ["LEVELS", "NOT_FINITE", "levels", "shade"]

LEVELS = 32  # on either side of 0
NOT_FINITE = LEVELS + 1
BLUES = ("#FFFFFF", "#D1E5F0", "#92C5DE", "#4393C3")
REDS = ("#FFFFFF", "#FDDBC7", "#F4A582", "#D6604D")


def levels(values: Array, limit: float) -> Any:
    """Each value as a whole number from −32 to 32, `limit` being 32; 33 for what is not finite.

    >>> levels(np.array([-2.0, 0.0, 0.5, np.nan]), 2.0)
    array([-32,   0,   8,  33])
    """
    finite = np.isfinite(values)
    return np.where(finite, np.rint(np.where(finite, values, 0.0) / limit * LEVELS), NOT_FINITE).astype(int)


def shade(level: int) -> str:
    """The colour of a level.

    >>> shade(-LEVELS), shade(0), shade(LEVELS), shade(NOT_FINITE)
    ('#4393C3', '#FFFFFF', '#D6604D', '#000000')
    """
    if level == NOT_FINITE:
        return "#000000"
    stops = REDS if level > 0 else BLUES
    place = abs(level) / LEVELS * (len(stops) - 1)
    k = min(math.floor(place), len(stops) - 2)
    return "#" + "".join(
        f"{round(_part(stops[k], i) + (place - k) * (_part(stops[k + 1], i) - _part(stops[k], i))):02X}"
        for i in (1, 3, 5)
    )


def _part(colour: str, i: int) -> int:
    return int(colour[i : i + 2], 16)
