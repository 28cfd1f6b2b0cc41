"""Every colour, pen and font of the pictures, light and dark; shapes and sizes are the layout's.

Shape and colour always differ together, so that neither has to be told apart alone; text on its fill keeps a contrast
of at least 4.5 : 1 in both themes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["DARK", "FALLBACK", "FONT", "LIGHT", "THEMES", "Line", "Look", "Theme"]

FONT = "Helvetica"
FALLBACK = "Helvetica, Arial, 'DejaVu Sans', 'Liberation Sans', sans-serif"


@dataclass(frozen=True)
class Look:
    """How one kind of item is painted; the style in Graphviz's own words."""

    fill: str
    stroke: str
    style: str
    pen: float


@dataclass(frozen=True)
class Line:
    """How one kind of edge is drawn."""

    stroke: str
    pen: float = 1.1
    style: str = "solid"
    head: str = "normal"
    scale: float = 0.65

    @property
    def arrow(self) -> float:
        """Length of the arrow head in points: ten per unit of Graphviz's `arrowsize`."""
        return 10 * self.scale


@dataclass(frozen=True)
class Theme:
    """One complete set of colours."""

    page: str
    ink: str
    quiet: str
    looks: Mapping[str, Look]
    lines: Mapping[str, Line]


def _lines(data: str, weight: str, state: str, warm: str) -> dict[str, Line]:
    return {
        "data": Line(data),
        "weight": Line(weight, pen=0.9, head="vee"),
        "recurrent": Line(state, pen=2.6, scale=0.6),
        "cell": Line(state, pen=5.0, scale=0.5),
        "backward": Line(warm, style="dashed", head="empty", scale=0.7),
        "cut": Line(warm, pen=1.6, style="dotted", head="tee", scale=0.9),
    }


def _looks(fills: Mapping[str, tuple[str, str]]) -> dict[str, Look]:
    styles = {"initial": "dashed,filled", "target": "dashed,filled", "box": "rounded,filled", "elided": "", "chunk": ""}
    pens = {"hidden": 2.2, "cell": 2.2, "elided": 0.0}
    return {kind: Look(*fills[kind], styles.get(kind, "filled"), pens.get(kind, 1.3)) for kind in fills}


LIGHT = Theme(
    page="#FFFFFF",
    ink="#1B1D1F",
    quiet="#5F6368",
    looks=_looks(
        {
            "parameter": ("#FFE3A8", "#8A5A00"),
            "input": ("#D6ECFA", "#005F95"),
            "initial": ("#FFFFFF", "#5F6368"),
            "op": ("#F1F3F4", "#5F6368"),
            "gate": ("#FFF6C9", "#7A6A00"),
            "affine": ("#F1F3F4", "#5F6368"),
            "hidden": ("#D5F0E6", "#00694D"),
            "cell": ("#B8E6D3", "#00694D"),
            "output": ("#F5DDEA", "#9C3F73"),
            "target": ("#FFFFFF", "#005F95"),
            "loss": ("#FBDDCB", "#A84300"),
            "total": ("#FBDDCB", "#A84300"),
            "box": ("#F3F6F8", "#C3C8CE"),
            "part": ("#F3F6F8", "#5F6368"),
            "elided": ("#FFFFFF", "#FFFFFF"),
            "chunk": ("#FFFFFF", "#5F6368"),
        }
    ),
    lines=_lines("#3C4043", "#B57A00", "#00694D", "#A84300"),
)
DARK = Theme(
    page="#16191D",
    ink="#F1F3F4",
    quiet="#A9B0B7",
    looks=_looks(
        {
            "parameter": ("#4A3200", "#E0A83A"),
            "input": ("#0C3A57", "#5FB4E6"),
            "initial": ("#16191D", "#A9B0B7"),
            "op": ("#2B3036", "#A9B0B7"),
            "gate": ("#423A00", "#CDB83A"),
            "affine": ("#2B3036", "#A9B0B7"),
            "hidden": ("#0B4636", "#3FC79B"),
            "cell": ("#0F5A45", "#3FC79B"),
            "output": ("#52213D", "#E08FBB"),
            "target": ("#16191D", "#5FB4E6"),
            "loss": ("#5A2608", "#F09A63"),
            "total": ("#5A2608", "#F09A63"),
            "box": ("#22272D", "#555D66"),
            "part": ("#22272D", "#A9B0B7"),
            "elided": ("#16191D", "#16191D"),
            "chunk": ("#16191D", "#A9B0B7"),
        }
    ),
    lines=_lines("#B9BFC6", "#D69A2D", "#3FC79B", "#F09A63"),
)
THEMES: Mapping[str, Theme] = {"light": LIGHT, "dark": DARK}
