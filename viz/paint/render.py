"""DOT text to SVG and PNG, by a Graphviz found on the machine or by the one in pygraphviz's wheel.

Every position is in the text already, so either engine only draws: `neato -n2`, or `nop2` in the library.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.sax.saxutils import escape

from tinygrad_rnn.errors import TinygradError
from viz.paint.theme import FALLBACK

NO_GRAPHVIZ = (
    "install it with pip install pygraphviz, which brings Graphviz for Linux x86-64 and arm64, macOS and Windows x64; "
    "elsewhere install the program (apt install graphviz, brew install graphviz, https://graphviz.org/download). "
    "The text of the picture, Drawing.dot, needs neither"
)
NO_FONT = (
    "install one (apt install fonts-dejavu-core, or pip install matplotlib, which brings DejaVu Sans), or use "
    "Drawing.svg(), which is shown with the fonts of the reader's machine"
)
_renders = count(1)


class RenderError(TinygradError, RuntimeError):
    """This machine cannot paint the picture: Graphviz or a font is missing."""


def svg(dot: str, title: str, description: str) -> str:
    """A picture that can stand in a page: with a name and a description, and with ids that no second picture has.

    Raises:
        RenderError: there is no Graphviz.
    """
    text = _run(dot, "svg").decode()
    prefix = f"v{next(_renders)}-"
    text = re.sub(r'\bid="([^"]*)"', lambda found: f'id="{prefix}{found[1]}"', text[text.index("<svg") :])
    text = re.sub(r'font-family="[^"]*"', f'font-family="{FALLBACK}"', text)
    text = re.sub(r"<title>[^<]*</title>\n", "", text)  # Graphviz names every shape by its id; a name is its tooltip
    text = re.sub(r'<a xlink:title="([^"]*)">', r"<a><title>\1</title>", text)
    head = f'<svg role="img" aria-labelledby="{prefix}title {prefix}desc"'
    names = f'<title id="{prefix}title">{escape(title)}</title>\n<desc id="{prefix}desc">{escape(description)}</desc>\n'
    return re.sub(r"<svg([^>]*)>\n", lambda found: f"{head}{found[1]}>\n{names}", text, count=1)


def png(dot: str, dpi: int = 144) -> bytes:
    """The picture as pixels.

    Raises:
        RenderError: there is no Graphviz, or no font, so that letters would come out as boxes.
    """
    with _fonts():
        return _run(
            dot.replace("digraph unrolled {\n  graph [", f'digraph unrolled {{\n  graph [dpi="{dpi}", ', 1), "png"
        )


def pdf(dot: str) -> bytes:
    return _run(dot, "pdf")


def _run(dot: str, format: str) -> bytes:
    if shutil.which("dot"):
        import graphviz

        return bytes(graphviz.Source(dot, engine="neato").pipe(format=format, neato_no_op=2))
    if find_spec("pygraphviz"):
        import pygraphviz

        return bytes(pygraphviz.AGraph(string=dot).draw(format=format, prog="nop2"))
    raise RenderError("viz: there is no Graphviz on this machine", help=NO_GRAPHVIZ)


@contextmanager
def _fonts() -> Iterator[None]:
    """See that there is a font: the system's, else matplotlib's DejaVu, shown to fontconfig for this one picture."""
    if os.name == "nt" or any(_system_fonts()):
        yield
        return
    folder = _matplotlib_fonts()
    if folder is None:
        raise RenderError("viz: there is no font on this machine: a PNG would show boxes, not letters", help=NO_FONT)
    before = os.environ.get("FONTCONFIG_FILE")
    with TemporaryDirectory() as place:
        config = Path(place) / "fonts.conf"
        config.write_text(f"<fontconfig><dir>{escape(str(folder))}</dir></fontconfig>", encoding="utf-8")
        os.environ["FONTCONFIG_FILE"] = str(config)
        try:
            yield
        finally:
            os.environ.pop("FONTCONFIG_FILE") if before is None else os.environ.update(FONTCONFIG_FILE=before)


def _system_fonts() -> Iterator[Path]:
    home = Path.home()
    places = ["/usr/share/fonts", "/usr/local/share/fonts", "/System/Library/Fonts", "/Library/Fonts"]
    for place in [*map(Path, places), home / ".fonts", home / ".local/share/fonts", home / "Library/Fonts"]:
        for pattern in ("*.ttf", "*.otf", "*.ttc"):
            yield from place.rglob(pattern)


def _matplotlib_fonts() -> Path | None:
    spec = find_spec("matplotlib")
    folder = Path(spec.origin).parent / "mpl-data/fonts/ttf" if spec and spec.origin else None
    return folder if folder and folder.exists() else None
