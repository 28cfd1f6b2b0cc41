"""DOT text to SVG, PNG and PDF, by a Graphviz found on the machine or by the one in pygraphviz's wheel.

Every position is in the text already, so either engine only draws: `neato -n2`, or `nop2` in the library. Both run in
a process of their own, so that nothing they say is lost on the user's terminal, and no crash of theirs is Python's.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from html import unescape
from importlib.util import find_spec
from xml.sax.saxutils import escape

from tinygrad_rnn.errors import check_number
from viz.paint.failures import RenderError
from viz.paint.fonts import labels_can_be_painted
from viz.paint.theme import FALLBACK
from viz.scene.words import plain_text

__all__ = ["pdf", "png", "svg"]

NO_GRAPHVIZ = (
    "install it with pip install pygraphviz, which brings Graphviz for Linux x86-64 and arm64, macOS and Windows x64; "
    "elsewhere install the program (apt install graphviz, brew install graphviz, https://graphviz.org/download). "
    "The text of the picture, Drawing.dot, needs neither"
)
FAILED = (
    "Drawing.dot is the text that Graphviz was given. If the program on this machine is damaged or lacks the format, "
    "install it anew, or take it from the PATH and pip install pygraphviz"
)
LIBRARY = """
import sys, pygraphviz
graph = pygraphviz.AGraph(string=sys.stdin.buffer.read().decode())
sys.stdout.buffer.write(graph.draw(format=sys.argv[1], prog="nop2"))
"""
SIDE, AREA = 32_500, 200_000_000  # pixels: cairo paints 32,767 on a side and would shrink the picture to that
LETTER = 10  # points: more than the width of most letters of a title
READABLE = 60  # dots per inch at which the letters, 12 points, are ten pixels high


def svg(dot: str, title: str, description: str) -> str:
    """A picture that can stand in a page: with a name and a description, and with ids that no other picture has.

    The same picture has the same ids each time, and is the same text.

    Raises:
        RenderError: there is no Graphviz, or it fails.
    """
    title, description = plain_text(title), plain_text(description, most=None)
    text = _run(dot, "svg").decode()
    prefix = f"v{hashlib.sha256(' '.join([dot, title, description]).encode()).hexdigest()[:8]}-"
    text = re.sub(r'\bid="([^"]*)"', lambda found: f'id="{prefix}{found[1]}"', text[text.index("<svg") :])
    text = re.sub(r'font-family="[^"]*"', f'font-family="{FALLBACK}"', text)
    text = re.sub(r"<title>[^<]*</title>\n", "", text)  # Graphviz names every shape by its id; a name is its tooltip
    text = re.sub(r'<a xlink:title="([^"]*)">', r"<a><title>\1</title>", text)
    head = f'<svg role="img" aria-labelledby="{prefix}title {prefix}desc"'
    names = f'<title id="{prefix}title">{escape(title)}</title>\n<desc id="{prefix}desc">{escape(description)}</desc>\n'
    return re.sub(r"<svg([^>]*)>\n", lambda found: f"{head}{found[1]}>\n{names}", text, count=1)


def png(dot: str, dpi: float = 144) -> bytes:
    """The picture as pixels.

    Args:
        dpi: dots per inch; letters are twelve points high, which is a sixth of an inch.
    Warns:
        MissingGlyphs: no font has some of its characters.
    Raises:
        RenderError: there is no Graphviz or no font, or the picture has more pixels than can be painted.
        OptionError: `dpi` is not a number of at least 1.
    """
    check_number("Drawing.png", "dpi", dpi, least=1)
    _check_pixels(dot, dpi)
    with labels_can_be_painted(dot):
        head, brace, rest = dot.partition("{")
        return _run(f'{head}{brace}\n  graph [dpi="{dpi}"];{rest}', "png")


def pdf(dot: str) -> bytes:
    """The picture for print, its letters included; some readers show no more than 200 inches of a page.

    Warns:
        MissingGlyphs: no font has some of its characters.
    Raises:
        RenderError: there is no Graphviz, or no font.
    """
    with labels_can_be_painted(dot):
        return _run(dot, "pdf")


def _check_pixels(dot: str, dpi: float) -> None:
    """Refuse what cairo would shrink, without a word, until nobody can read it."""
    width, height = (side / 72 for side in _points(dot))
    if max(width, height) * dpi > SIDE or width * height * dpi * dpi > AREA:
        fits = int(min(SIDE / max(width, height), (AREA / (width * height)) ** 0.5))
        raise RenderError(
            f"viz: at {dpi:g} dpi the picture is too large for a PNG",
            expected=f"at most {SIDE:,} pixels on a side, and {AREA:,} in all",
            got=f"{width * dpi:,.0f} × {height * dpi:,.0f} pixels",
            help=(f"use dpi={fits}, " if fits >= READABLE else "")
            + "draw fewer steps with steps=(first, last), or write .svg or .pdf, which have no pixels",
        )


def _points(dot: str) -> tuple[float, float]:
    """Width and height that the text of a picture asks for, at least; the title may be wider than what is below it."""
    head = dict(re.findall(r'\b(bb|pad|label|size)="([^"]*)"', dot[: dot.find("];")]))
    left, bottom, right, top = map(float, head.get("bb", "0,0,0,0").split(","))
    title = max(map(len, unescape(head.get("label", "")).split("\\n"))) * LETTER
    around = 144 * float(head.get("pad", 0.06))
    width, height = max(right - left, title) + around, top - bottom + around
    within = [72 * float(side) for side in head.get("size", "inf,inf").split(",")]
    smaller = min(1.0, within[0] / width, within[1] / height)
    return width * smaller, height * smaller


def _run(dot: str, format: str) -> bytes:
    data = dot.encode()
    try:
        if shutil.which("dot"):
            import graphviz

            return bytes(graphviz.pipe("neato", format, data, neato_no_op=2, quiet=True))
        if find_spec("pygraphviz"):
            child = [sys.executable, "-P", "-c", LIBRARY, format]
            return subprocess.run(child, input=data, capture_output=True, check=True).stdout
    except (OSError, RuntimeError, subprocess.CalledProcessError) as error:
        said = (getattr(error, "stderr", b"") or str(error).encode()).decode(errors="replace").strip()
        head = f"viz: Graphviz could not paint this picture as {format}"
        raise RenderError(head, got=said.splitlines()[-1], help=FAILED) from None
    raise RenderError("viz: there is no Graphviz on this machine", help=NO_GRAPHVIZ)
