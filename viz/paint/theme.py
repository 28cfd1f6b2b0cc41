"""Every colour, pen and font of the pictures, light and dark; shapes and sizes are the layout's.

Kinds differ in more than colour: no two of them share both a shape and a line, so that a picture can be read in grey
print too. Text on its fill keeps a contrast of at least 4.5 : 1, and every line and border 3 : 1, in both themes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from tinygrad_rnn.errors import OptionError, check_number, check_option, check_type
from viz.paint.heat import DARK_GROUND, LIGHT_GROUND, text_on

__all__ = ["DARK", "FALLBACK", "FONT", "LIGHT", "THEMES", "Line", "Look", "Theme"]

FONT = "Helvetica"
FALLBACK = "Helvetica, Arial, 'DejaVu Sans', 'Liberation Sans', sans-serif"
STYLES = ("filled", "rounded", "diagonals", "dashed", "dotted", "bold")
HEADS = ("normal", "empty", "vee", "open", "diamond", "dot", "box", "crow", "inv", "tee", "none")


@dataclass(frozen=True)
class Look:
    """How one kind of item is painted.

    Attributes:
        fill, stroke: colours of the inside and of the border, as #RRGGBB.
        style: "filled", or several of Graphviz's words with commas: filled, rounded, diagonals, dashed, dotted, bold.
        pen: width of the border in points; 0 for none.

    >>> Look("pink", "#8A5A00")
    Traceback (most recent call last):
    tinygrad_rnn.errors.OptionError: Look: fill='pink' is not a colour
      expected  # and six hexadecimal digits, as in '#8A5A00'
    """

    fill: str
    stroke: str
    style: str = "filled"
    pen: float = 1.3

    def __post_init__(self) -> None:
        _check_colours("Look", fill=self.fill, stroke=self.stroke)
        check_type("Look", "style", self.style, str, "a text")
        for word in filter(None, self.style.split(",")):
            check_option("Look", "style", word, STYLES)
        check_number("Look", "pen", self.pen, least=0)


@dataclass(frozen=True)
class Line:
    """How one kind of edge is drawn.

    Attributes:
        stroke: its colour, as #RRGGBB.
        pen: its width in points.
        style: solid, dashed, dotted or bold.
        head: Graphviz's word for its arrow head: normal, empty, vee, open, diamond, dot, box, crow, inv, tee or none.
        scale: the size of its arrow head.
    """

    stroke: str
    pen: float = 1.1
    style: str = "solid"
    head: str = "normal"
    scale: float = 0.65

    def __post_init__(self) -> None:
        _check_colours("Line", stroke=self.stroke)
        check_option("Line", "style", self.style, ("solid", "dashed", "dotted", "bold"))
        check_option("Line", "head", self.head, HEADS)
        check_number("Line", "pen", self.pen, least=0)
        check_number("Line", "scale", self.scale, least=0)

    @property
    def arrow(self) -> float:
        """Length of the arrow head in points: ten per unit of Graphviz's `arrowsize`."""
        return 10 * self.scale


@dataclass(frozen=True)
class Theme:
    """A set of colours of one's own, for `viz.draw(…, theme=)`; what is not given is as in the light or dark theme.

    Which of the two it starts from is told by the page. Shapes, sizes and places are not part of a theme.

    Attributes:
        page: the colour of the ground, as #RRGGBB.
        ink, quiet: the colours of text, and of text that matters less.
        looks: a Look for each kind of shape that is to be different: parameter, input, initial, op, gate, affine,
            hidden, cell, output, target, loss, total, box (a cell, or the frame around one), part, elided, chunk.
        lines: a Line for each kind of edge that is to be different: data, weight, recurrent, cell, backward, cut.
    Raises:
        OptionError: a colour that is not written as #RRGGBB, or a kind that does not exist.

    >>> paper = Theme(page="#FFF8E7", looks={"hidden": Look("#DDE3FF", "#22338A", pen=2.2)})
    >>> paper.ink == LIGHT.ink, paper.looks["input"] == LIGHT.looks["input"]
    (True, True)
    >>> Theme(page="#000000").ink == DARK.ink
    True
    """

    page: str = LIGHT_GROUND
    ink: str = ""
    quiet: str = ""
    looks: Mapping[str, Look] = field(default_factory=dict)
    lines: Mapping[str, Line] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_colours("Theme", page=self.page)
        check_type("Theme", "ink", self.ink, str, "a colour")
        check_type("Theme", "quiet", self.quiet, str, "a colour")
        ink, quiet, looks, lines = (_dark if self.is_dark else _light)(self.page)
        _check_kinds("looks", self.looks, looks, Look)
        _check_kinds("lines", self.lines, lines, Line)
        whole = {"ink": self.ink or ink, "quiet": self.quiet or quiet, "looks": looks | dict(self.looks)}
        for name, value in {**whole, "lines": lines | dict(self.lines)}.items():
            object.__setattr__(self, name, value)
        _check_colours("Theme", ink=self.ink, quiet=self.quiet)

    @property
    def is_dark(self) -> bool:
        """Whether white reads better on the page than black."""
        return text_on(self.page) == "#FFFFFF"


def _check_colours(owner: str, **colours: object) -> None:
    for option, value in colours.items():
        if not (isinstance(value, str) and re.fullmatch("#[0-9A-Fa-f]{6}", value)):
            wrong = f"{owner}: {option}={value!r:.60} is not a colour"
            raise OptionError(wrong, expected="# and six hexadecimal digits, as in '#8A5A00'")


def _check_kinds(option: str, given: Mapping[str, object], known: Mapping[str, object], kind: type) -> None:
    check_type("Theme", option, given, Mapping, f"a dict of {kind.__name__}s")
    for name, value in given.items():
        check_option("Theme", option, name, known)
        check_type("Theme", f"{option}[{name!r}]", value, kind, f"a {kind.__name__}")


Palette = tuple[str, str, dict[str, Look], dict[str, Line]]


def _palette(ink: str, quiet: str, fills: Mapping[str, tuple[str, str]], lines: tuple[str, str, str, str]) -> Palette:
    styles = {
        "initial": "dashed,filled", "target": "dotted,filled", "gate": "rounded,filled", "box": "rounded,filled",
        "elided": "", "chunk": "",
    }  # fmt: skip
    pens = {"hidden": 2.2, "cell": 2.2, "op": 0.8, "affine": 0.8, "elided": 0.0}
    data, weight, state, warm = lines
    return (
        ink,
        quiet,
        {kind: Look(*fills[kind], styles.get(kind, "filled"), pens.get(kind, 1.3)) for kind in fills},
        {
            "data": Line(data),
            "weight": Line(weight, pen=0.9, head="vee"),
            "recurrent": Line(state, pen=2.6, scale=0.6),
            "cell": Line(state, pen=5.0, scale=0.5),
            "backward": Line(warm, style="dashed", head="empty", scale=0.7),
            "cut": Line(warm, pen=1.6, style="dotted", head="tee", scale=0.9),
        },
    )


def _light(page: str) -> Palette:
    fills = {
        "parameter": ("#FFE3A8", "#8A5A00"),
        "input": ("#D6ECFA", "#005F95"),
        "initial": (page, "#5F6368"),
        "op": ("#F1F3F4", "#5F6368"),
        "gate": ("#FFF6C9", "#7A6A00"),
        "affine": ("#F1F3F4", "#5F6368"),
        "hidden": ("#D5F0E6", "#00694D"),
        "cell": ("#B8E6D3", "#00694D"),
        "output": ("#F5DDEA", "#9C3F73"),
        "target": (page, "#005F95"),
        "loss": ("#FBDDCB", "#A84300"),
        "total": ("#FBDDCB", "#A84300"),
        "box": ("#F3F6F8", "#858B93"),
        "part": ("#F3F6F8", "#5F6368"),
        "elided": (page, page),
        "chunk": (page, "#5F6368"),
    }
    return _palette("#1B1D1F", "#5F6368", fills, ("#3C4043", "#B57A00", "#00694D", "#A84300"))


def _dark(page: str) -> Palette:
    fills = {
        "parameter": ("#4A3200", "#E0A83A"),
        "input": ("#0C3A57", "#5FB4E6"),
        "initial": (page, "#A9B0B7"),
        "op": ("#2B3036", "#A9B0B7"),
        "gate": ("#423A00", "#CDB83A"),
        "affine": ("#2B3036", "#A9B0B7"),
        "hidden": ("#0B4636", "#3FC79B"),
        "cell": ("#0F5A45", "#3FC79B"),
        "output": ("#52213D", "#E08FBB"),
        "target": (page, "#5FB4E6"),
        "loss": ("#5A2608", "#F09A63"),
        "total": ("#5A2608", "#F09A63"),
        "box": ("#22272D", "#737C86"),
        "part": ("#22272D", "#A9B0B7"),
        "elided": (page, page),
        "chunk": (page, "#A9B0B7"),
    }
    return _palette("#F1F3F4", "#A9B0B7", fills, ("#B9BFC6", "#D69A2D", "#3FC79B", "#F09A63"))


LIGHT, DARK = Theme(), Theme(page=DARK_GROUND)
THEMES: Mapping[str, Theme] = {"light": LIGHT, "dark": DARK}
