"""A coloured text on a sheet of matplotlib, each character in a cell of its own.

Letters of one width, set line by line, stand exactly on their cells: the font's advance is known, and never rounded.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any, TypeAlias

import numpy as np

from viz.plots.frame import INK, matplotlib, styled
from viz.plots.letters import cells
from viz.plots.markup import runs
from viz.plots.shades import LEVELS, NOT_FINITE, shade

__all__ = ["Cell", "lacking", "sheet"]

Cell: TypeAlias = tuple[str, int]  # what is shown, and its level
FONT = "DejaVu Sans Mono"  # matplotlib brings it
SIZE, LINE, EDGE = 11.0, 18.0, 14.0  # in points: a letter, a line, the margin
ADVANCE = 1233 / 2048 * SIZE  # of each letter of this font
BASE, UNDERLINE = 12.5, 1.2  # in points: from the top of a line to the foot of its letters; how thick a line is


def lacking(owner: str, text: str) -> set[str]:
    """The characters of `text` that the font does not have."""
    matplotlib(owner)
    from matplotlib.font_manager import findfont, get_font

    font = get_font(findfont(FONT))
    return {char for char in set(text) if not font.get_char_index(ord(char))}


def sheet(
    owner: str, title: str, keys: Sequence[str], limit: float, text: Sequence[Sequence[Cell]], columns: int
) -> Any:
    """A figure as large as it has to be: title, scale and keys above, then the text."""
    with styled(owner) as package:
        wide = 2 * EDGE + (max(columns, 63) + 1) * ADVANCE
        high = 2 * EDGE + (len(text) + len(keys) + 3.5) * LINE
        figure = package.figure.Figure((wide / 72, high / 72))
        ax = figure.add_axes((0, 0, 1, 1), xlim=(0, wide), ylim=(high, 0))
        ax.set_axis_off()
        ax.text(EDGE, EDGE + BASE, title, weight="bold", parse_math=False)
        for k, key in enumerate(keys):
            ax.text(EDGE, EDGE + (k + 2.2) * LINE + BASE, key, size=10)
        said = {-LEVELS: f"−{limit:.3g}", 0: "0", LEVELS: f"+{limit:.3g}"}
        scale = [(said.get(k, "").center(7), k) for k in range(-LEVELS, LEVELS + 1, 8)]
        top = EDGE + (len(keys) + 3) * LINE
        rows = [(EDGE + 1.1 * LINE, scale), *((top + k * LINE, line) for k, line in enumerate(text))]
        _grounds(ax, rows)
        for y, line in rows:
            _letters(ax, y + BASE, line)
    return figure


def _grounds(ax: Any, rows: Sequence[tuple[float, Sequence[Cell]]]) -> None:
    """A rectangle for each run of one level, and below 0 a line at its foot."""
    from matplotlib.collections import PolyCollection

    boxes, colours = [], []
    for y, line in rows:
        ends = [EDGE + ADVANCE * n for n in accumulate((cells(shown) for shown, _ in line), initial=0)]
        for level, places in runs([level for _, level in line]):
            left, right = ends[places.start], ends[places.stop]
            boxes.append(_box(left, right, y, y + LINE - 1))
            colours.append(shade(level))
            if level < 0:
                boxes.append(_box(left, right, y + LINE - 1 - UNDERLINE, y + LINE - 1))
                colours.append(INK)
    corners: Any = np.array(boxes)  # all with four: much faster than one by one
    ax.add_collection(PolyCollection(corners, facecolors=colours, edgecolors="none", antialiaseds=False))


def _box(left: float, right: float, top: float, bottom: float) -> list[tuple[float, float]]:
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def _letters(ax: Any, y: float, line: Sequence[Cell]) -> None:
    """The line twice, each time with the letters of one ink alone."""
    for ink, white in (("#000000", False), ("#FFFFFF", True)):
        shown = "".join(s if (level == NOT_FINITE) == white else " " * cells(s) for s, level in line)
        if shown.strip():
            ax.text(EDGE, y, shown, family=FONT, size=SIZE, color=ink, parse_math=False)
