"""Lines over time that can be told apart without colour; what a scale cannot show stands in a strip at its edge.

∞          ∞∞∞     infinite, and NaN, above
1e0  ────╮
1e-5     ╰───
0        0000      exactly 0, which has no logarithm, below
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from viz.plots.numbers import Array, plain

__all__ = ["Entry", "Series", "draw", "legend", "time_axis"]

COLOURS = ("#005F95", "#A84300", "#00694D", "#9C3F73", "#8A5A00", "#5F6368")
DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2)), (0, (9, 3)))
MARKERS = "os^Dv*P"
STRIP = "#FFFFFF"
ROW, PAD = 0.06, 0.05  # of the height: a row of a strip, and the space between the lines and what is beside them
STRIPS = 0.3  # the most that a strip takes
SEEN, FEW, MANY = 12, 40, 200  # markers on a smooth line; points that each have one; points whose line is thin
LEAST, MOST = 5e-324, 1.7e308  # what an axis can end at

Entry: TypeAlias = tuple[Any, str]  # of a legend: what it shows, and what it says


@dataclass(frozen=True)
class Series:
    """One line: y over x, both (T,)."""

    name: str
    x: Array
    y: Array


@dataclass(frozen=True)
class Mark:
    """A kind of number that has no place on a scale: its sign as matplotlib writes it, its name, and which they are."""

    sign: str
    name: str
    holds: Callable[[Array], Any]


ZERO = Mark("$0$", "exactly 0", lambda y: y == 0)
NOT_FINITE = (Mark(r"$\infty$", "infinite", np.isinf), Mark("x", "not a number (NaN)", np.isnan))


def draw(
    ax: Any, every: list[Series], *, log: bool = False, shown: Iterable[float] = (), smooth: bool = True
) -> list[Entry]:
    """Draw the lines and the strips that they need; returns what their legend says.

    Args:
        shown: values that the axis reaches to, whatever the lines hold.
        smooth: a long line has a marker here and there, which on a noisy one would look like an outlier.
    """
    below = _rows(every, (ZERO,)) if log else []
    above = _rows(every, NOT_FINITE)
    low, high = _range(every, log, shown)
    _scale(ax, low, high, _height(below), _height(above), log)
    entries = [_line(ax, k, one, log, smooth) for k, one in enumerate(every)]
    for rows, edge in ((below, 0.0), (above, 1.0)):
        ends = sorted((edge, abs(edge - _height(rows))))
        look = {"facecolor": STRIP, "edgecolor": COLOURS[-1], "linewidth": 0.8 if rows else 0}
        ax.axhspan(*ends, zorder=0.5, **look).set_transform(ax.transAxes)
        entries += [
            _row(ax, abs(edge - _height(rows) * (place + 0.5) / len(rows)), *row) for place, row in enumerate(rows)
        ]
    return entries


def time_axis(ax: Any, first: float, last: float) -> None:
    """From the first step to the last, with numbers at steps that there are, and room for their markers."""
    from matplotlib.ticker import FixedLocator, MaxNLocator

    ticks = MaxNLocator(8, integer=last - first >= 1, steps=[1, 2, 5, 10]).tick_values(first, last)
    ax.xaxis.set_major_locator(FixedLocator([tick for tick in ticks if first <= tick <= last]))
    room = (last - first) / 40 or 0.5
    ax.set_xlim(first - room, last + room)


def legend(ax: Any, entries: list[Entry]) -> None:
    """Right of the axes, where it hides nothing; its words are text, never formulas."""
    if not entries:
        return
    artists, words = zip(*entries, strict=True)
    box = ax.legend(artists, words, loc="upper left", bbox_to_anchor=(1.0, 1.0), handlelength=3.2)
    for text, said in zip(box.get_texts(), words, strict=True):
        text.set(text=plain(said), parse_math=False)


def _rows(every: list[Series], marks: tuple[Mark, ...]) -> list[tuple[int, Series, Mark]]:
    return [(k, one, mark) for k, one in enumerate(every) for mark in marks if mark.holds(one.y).any()]


def _height(rows: list[Any]) -> float:
    """Of a strip, as a share of the axes."""
    return min(ROW * len(rows), STRIPS)


def _range(every: list[Series], log: bool, shown: Iterable[float]) -> tuple[float, float]:
    """The least and the largest number that has a place on the scale, and some way around a single one."""
    y = np.concatenate([np.array(list(shown), float), *(one.y for one in every)])
    y = y[np.isfinite(y) & ((y > 0) | (not log))]
    low, high = (float(y.min()), float(y.max())) if y.size else (1.0, 1.0)
    if high - low > max(1e-12 * max(abs(low), abs(high)), 1e-300):
        return low, high
    return (low / 10, high * 10) if log else (low - (abs(low) / 10 or 0.1), high + (abs(high) / 10 or 0.1))


def _scale(ax: Any, low: float, high: float, below: float, above: float, log: bool) -> None:
    """Limits that leave the strips free, and numbers at the axis only where lines can be."""
    from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator, StrMethodFormatter

    start, end = (math.log10(low), math.log10(high)) if log else (low, high)
    height = (end - start) / (1 - below - above - 2 * PAD)
    bottom, top = start - height * (PAD + below), end + height * (PAD + above)
    ticks = MaxNLocator(6, integer=log, steps=[1, 2, 5, 10]).tick_values(start, end)
    if log:
        ax.set_yscale("log")
        ax.yaxis.set_minor_locator(NullLocator())
        if end - start < 3:  # few powers of ten: 2 and 5 times them too
            ticks = [k + math.log10(m) for k in range(math.floor(start), math.ceil(end)) for m in (1, 2, 5)]
            ax.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    ticks = [tick for tick in ticks if start - PAD * height <= tick <= end + PAD * height]
    if log:
        with np.errstate(over="ignore"):
            bottom, top, *ticks = np.clip(np.power(10.0, [bottom, top, *ticks]), LEAST, MOST).tolist()
    ax.yaxis.set_major_locator(FixedLocator(ticks))
    ax.set_ylim(bottom, top)


def _look(k: int) -> dict[str, Any]:
    """Colour, dash and marker of line k: the three come around after 6, 5 and 7 lines, all together after 210."""
    return {"color": COLOURS[k % 6], "linestyle": DASHES[k % 5], "marker": MARKERS[k % 7], "markersize": 5}


def _line(ax: Any, k: int, one: Series, log: bool, smooth: bool) -> Entry:
    """The line, broken where a number has no place on the scale."""
    y = np.where(np.isfinite(one.y) & ((one.y > 0) | (not log)), one.y, np.nan)
    t, known = np.arange(len(y)), np.isfinite(np.pad(y, 1, constant_values=np.nan))
    alone = known[1:-1] & ~known[2:] & ~known[:-2]  # no line leads to it
    marked = alone | (t % -(-len(y) // SEEN) == 0 if smooth else len(y) <= FEW)
    look = _look(k) if marked.any() else _look(k) | {"marker": "none"}
    (line,) = ax.plot(
        one.x, y, linewidth=1.7 if len(y) <= MANY else 1.0, markevery=np.flatnonzero(marked).tolist(), **look
    )
    return line, one.name


def _row(ax: Any, height: float, k: int, one: Series, mark: Mark) -> Entry:
    """The marks of one line in a strip, and how many there are of how many."""
    x = one.x[mark.holds(one.y)]
    look = {"color": _look(k)["color"], "marker": mark.sign, "linestyle": "none", "markersize": 7}
    (dots,) = ax.plot(x, np.full(len(x), height), transform=ax.get_xaxis_transform(), gid=mark.name, **look)
    return dots, f"{one.name and f'{one.name}: '}{mark.name}, {len(x)} of {len(one.y)}"
