"""colour_text: a text in the colours of what one unit of a net made of it, character by character."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from tinygrad_rnn.errors import OptionError, ShapeError, check_name, check_number, check_type
from viz.plots import letters, markup, sheet
from viz.plots.frame import Plot, write
from viz.plots.numbers import Array, column, plain
from viz.plots.shades import NOT_FINITE, levels

__all__ = ["ColouredText", "colour_text"]

OWNER = "viz.colour_text"
TITLE = "What one unit makes of each character"
MOST = 1500  # lines in one figure: at 144 dpi a PNG of matplotlib has at most 65,535 pixels from top to bottom


def colour_text(text: str, activations: Any, *, columns: int = 80, title: str | None = None) -> ColouredText:
    """`text`, each character on the colour of one unit's activation when it had read it: does it count, or remember?

        blue, underlined: below 0      white: 0      red: above 0

    The colours reach from −1 to 1, or to ±max |activation| where that is more, and the legend says so.

    Args:
        text: what the net read.
        activations: (T,), one number for each character: `states[:, 0, unit]` of a layer's output (T, B, H).
        columns: characters in a line.
        title: stands above.
    Returns:
        What a notebook shows; `.html()`, `.ansi()` for a terminal, `.plot()` by matplotlib, `.save(path)`.
    Raises:
        OptionError, ShapeError, DTypeError: the text is empty, the numbers are not one for each character.
    Source: Karpathy 2015, "The Unreasonable Effectiveness of Recurrent Neural Networks"; Karpathy et al. 2016,
        arXiv:1506.02078.

    >>> colour_text("to be", [0.1, -0.9, 0.0, 0.4, 3.0])
    <ColouredText 'to be', activations from −3 to +3>
    """
    check_type(OWNER, "text", text, str, "a text")
    check_number(OWNER, "columns", columns, whole=True, least=1, most=1000)
    check_name(OWNER, "title", title)
    if not text:
        raise OptionError(f"{OWNER}: the text is empty", expected="at least one character")
    values = column(OWNER, "the activations", activations, "choose one unit of one row: states[:, 0, unit]")
    if len(values) != len(text):
        raise ShapeError(
            f"{OWNER}: there is not one activation for each character",
            expected=f"{len(text)} numbers, one for each character",
            got=f"{len(values)}",
        )
    return ColouredText(text, values, columns, title)


@dataclass(frozen=True, repr=False, eq=False)
class ColouredText:
    """A text in the colours of one unit.

    Attributes:
        text, activations: what was read, and the unit's number at each character.
        columns: characters in a line.
        title: stands above, or None.
    """

    text: str
    activations: Array
    columns: int
    title: str | None

    @cached_property
    def limit(self) -> float:
        """The activation of the strongest colour: 1, or the largest there is."""
        finite = np.abs(self.activations[np.isfinite(self.activations)])
        return max(1.0, float(np.max(finite, initial=0.0)))

    def __repr__(self) -> str:
        return f"<ColouredText {self.text[:40]!r}, activations from −{self.limit:.3g} to +{self.limit:.3g}>"

    def html(self) -> str:
        """A page of its own, which asks for nothing from anywhere; a narrow window wraps its lines earlier."""
        return markup.page(self._title, self._repr_html_())

    def ansi(self) -> str:
        """For a terminal of 24-bit colours: `print(coloured.ansi())`."""
        widths = [letters.columns(letters.visible(char)) for char in self.text]
        every = letters.lines(self.text, widths, self.columns)
        return "\n".join([*markup.ansi(self.text, self._levels, every), self._scale_in_words])

    def plot(self) -> Plot:
        """By matplotlib, for svg, png and pdf; a character that its font does not have is written as its code.

        Raises:
            ShapeError: more lines than pixels of a PNG can show. MissingError: matplotlib is not installed.
        """
        owner = "ColouredText.plot"
        strange = sheet.lacking(owner, "".join(map(letters.visible, self.text)))
        shown = [_in_font(letters.visible(char), strange) for char in self.text]
        every = list(letters.lines(self.text, [letters.cells(s) for s in shown], self.columns))
        if len(every) > MOST:
            raise ShapeError(
                f"{owner}: the text is too long for one figure",
                expected=f"at most {MOST} lines",
                got=f"{len(every)} lines",
                help="colour a part of it, text[:10_000] and activations[:10_000]; or take .html()",
            )
        cells = [[(shown[k], self._levels[k]) for k in line] for line in every]
        keys = self._keys
        if strange:
            keys = [*keys, f"\\u…: {len(strange)} character{'s' * (len(strange) > 1)} that the font does not have"]
        figure = sheet.sheet(owner, plain(self._title), keys, self.limit, cells, self.columns)
        return Plot(figure, f"{plain(self._title)}\n{self._scale_in_words}")

    def save(self, path: str | Path) -> Path:
        """Write it in the format that the suffix names: .html, or as a plot .svg, .png or .pdf.

        Raises:
            OptionError: another suffix. WriteError: the file cannot be written; the old one stays. ShapeError,
                MissingError: as for `plot`.
        """
        formats: dict[str, Callable[[], bytes]] = {
            ".html": lambda: self.html().encode(),
            ".svg": lambda: self.plot().svg().encode(),
            ".png": lambda: self.plot().png(),
            ".pdf": lambda: self.plot().pdf(),
        }
        return write("ColouredText.save", path, formats)

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        keys = [markup.scale(self.limit), *map(escape, self._keys)]
        return markup.figure(self._title, keys, markup.spans(self.text, self._levels, self.limit), self.columns)

    @property
    def _title(self) -> str:
        return TITLE if self.title is None else self.title

    @cached_property
    def _levels(self) -> list[int]:
        level: list[int] = levels(self.activations, self.limit).tolist()
        return level

    @property
    def _scale_in_words(self) -> str:
        return "; ".join([f"from −{self.limit:.3g} (blue) to +{self.limit:.3g} (red)", *self._keys])

    @property
    def _keys(self) -> list[str]:
        """What the signs and colours mean, of those that are there."""
        blanks = [f"{sign} {name}" for char, (sign, name) in letters.BLANKS.items() if char in self.text]
        count = self._levels.count(NOT_FINITE)
        below = min(self._levels) < 0
        return [
            *(["underlined: below 0"] if below else []),
            *([f"white on black: not finite (NaN or infinite), {count}"] if count else []),
            *(["   ".join(blanks)] if blanks else []),
        ]


def _in_font(shown: str, strange: set[str]) -> str:
    return "".join(f"\\u{ord(char):04x}" if char in strange else char for char in shown)
