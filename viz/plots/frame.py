"""Plot: a figure of matplotlib that no pyplot knows of, and that is the same file each time it is saved."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from tinygrad_rnn.errors import OptionError, TinygradError, check_number, check_path, check_type
from viz.paint import files

__all__ = ["INK", "MissingError", "Plot", "canvas", "matplotlib", "styled", "write"]

INK, QUIET = "#1B1D1F", "#5F6368"
STYLE = {
    "svg.hashsalt": "tinygrad-rnn",  # ids in the file are made of it and not of chance
    "text.hinting": "no_hinting",
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": QUIET,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 12,
    "font.size": 11,
    "legend.frameon": False,
    "legend.fontsize": 10,
}
WITHOUT_DATE = {"svg": "Date", "pdf": "CreationDate"}


class MissingError(TinygradError, ModuleNotFoundError):
    """A package that is not needed by all is needed here."""


def matplotlib(owner: str) -> Any:
    """The package, without pyplot.

    Raises:
        MissingError: it is not installed.
    """
    try:
        import matplotlib.figure
        import matplotlib.style  # noqa: F401, an attribute of what is returned
    except ModuleNotFoundError as error:
        raise MissingError(f"{owner}: it needs matplotlib", help="pip install 'tinygrad-rnn[plots]'") from error
    return matplotlib


@contextmanager
def styled(owner: str) -> Iterator[Any]:
    """matplotlib in our style, whatever the reader has set for other figures, and set again afterwards."""
    package = matplotlib(owner)
    with package.style.context(["default", STYLE]):
        yield package


@contextmanager
def canvas(owner: str, size: tuple[float, float], ax: Any = None, rows: int = 1) -> Iterator[list[Any]]:
    """Axes one below the other in a new figure, in our style; or those that were given, in the style of their owner.

    Raises:
        OptionError: what was given is not axes of matplotlib.
    """
    if ax is None:
        with styled(owner) as package:
            figure = package.figure.Figure(size, layout="constrained")
            yield list(figure.subplots(rows, 1, sharex=True, squeeze=False)[:, 0])
            figure.draw_without_rendering()
            figure.set_layout_engine("none")  # which would begin where it ended, and end a hair's breadth beside it
    else:
        check_type(owner, "ax", ax, matplotlib(owner).axes.Axes, "axes of matplotlib")
        yield [ax]


@dataclass(frozen=True, repr=False, eq=False)
class Plot:
    """A finished plot.

    Attributes:
        figure: matplotlib's, to change or to add to: `plot.figure.axes[0].set_ylim(…)`.
        description: the plot in words.
    """

    figure: Any
    description: str

    def __repr__(self) -> str:
        return f"<Plot: {self.description.splitlines()[0]}>"

    def svg(self) -> str:
        """For a web page; the same bytes each time."""
        text = self._painted("svg").decode()
        return text.replace("<svg ", f'<svg role="img" aria-label={quoteattr(self.description)} ', 1)

    def png(self, dpi: int = 144) -> bytes:
        """For places that take only pixels.

        Raises:
            OptionError: dpi is not a positive integer.
        """
        check_number("Plot.png", "dpi", dpi, whole=True, least=1, most=2400)
        return self._painted("png", dpi=dpi)

    def pdf(self) -> bytes:
        """For paper."""
        return self._painted("pdf")

    def save(self, path: str | Path) -> Path:
        """Write the plot in the format that the suffix names: .svg, .png or .pdf; the old file stays until it is whole.

        Raises:
            OptionError: another suffix. WriteError: the file cannot be written.
        """
        return write("Plot.save", path, {".svg": lambda: self.svg().encode(), ".png": self.png, ".pdf": self.pdf})

    def _painted(self, format: str, **options: Any) -> bytes:
        data = BytesIO()
        metadata = {WITHOUT_DATE[format]: None} if format in WITHOUT_DATE else {}
        with styled("Plot"):
            self.figure.savefig(data, format=format, metadata=metadata, **options)
        return data.getvalue()

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        """What a notebook shows."""
        return {"image/svg+xml": self.svg(), "text/plain": self.description}


def write(owner: str, path: str | Path, formats: dict[str, Callable[[], bytes]]) -> Path:
    """Write what the suffix of `path` asks for; the file appears whole, or the old one stays.

    Raises:
        OptionError: another suffix. WriteError: the file cannot be written.
    """
    check_path(owner, path)
    path = Path(path)
    if path.suffix.lower() not in formats:
        raise OptionError(f"{owner}: cannot write {path.name!r}",
                          expected=f"a name that ends in {' or '.join(formats)}")  # fmt: skip
    files.write(path, formats[path.suffix.lower()]())
    return path
