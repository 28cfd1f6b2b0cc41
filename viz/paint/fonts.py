"""Fonts for what is painted on this machine and not on the reader's: that there is one, and what none of them has."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import unicodedata
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from html import unescape
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.sax.saxutils import escape

from viz.paint.failures import MissingGlyphs, RenderError

__all__ = ["labels_can_be_painted"]

NO_FONT = (
    "install one (apt install fonts-dejavu-core, or pip install matplotlib, which brings DejaVu Sans), or use "
    "Drawing.svg(), which is shown with the fonts of the reader's machine"
)
NO_GLYPH = (
    "install a font that has them (apt install fonts-dejavu-core for signs such as ∇, fonts-noto-cjk for Chinese, "
    "Japanese and Korean; https://fonts.google.com/noto has all scripts), or use Drawing.svg(), which is shown with "
    "the fonts of the reader's machine"
)
BOXES = "LastResort"  # a font of boxes, one for every character that there is
_LABEL = re.compile(r'\blabel="([^"]*)"')  # a quote inside is written &quot;
Ranges = set[tuple[int, int]]


@contextmanager
def labels_can_be_painted(dot: str) -> Iterator[None]:
    """Within it there is a font: the system's, else matplotlib's DejaVu, shown to fontconfig for this one picture.

    Warns:
        MissingGlyphs: labels have characters that none of the fonts has.
    Raises:
        RenderError: there is no font at all.
    """
    with _some_font():
        if missing := missing_characters("".join(map(unescape, _LABEL.findall(dot)))):
            named = ", ".join(f"{c} (U+{ord(c):04X})" for c in missing[:10]) + (" …" if len(missing) > 10 else "")
            said = f"viz: this machine has no font for {len(missing)} of the characters in the picture: {named}"
            # five calls up is the line that asked for the picture
            warnings.warn(f"{said}. There are boxes in their places: {NO_GLYPH}", MissingGlyphs, stacklevel=5)
        yield


def missing_characters(text: str) -> list[str]:
    """Those characters of a text that no font on this machine has; none where that cannot be found out."""
    ranges = _covered()
    wanted = {c for c in text if not c.isascii() and unicodedata.category(c)[0] not in "CZ"}
    return sorted(c for c in wanted if ranges and not any(low <= ord(c) <= high for low, high in ranges))


def _covered() -> Ranges:
    """The characters that the fonts have: as fontconfig lists them, else as fontTools reads them, else unknown."""
    if program := shutil.which("fc-list"):
        command = [program, "--format", "%{file}\t%{charset}\n"]
        lines = subprocess.run(command, capture_output=True, check=False).stdout.decode(errors="replace").splitlines()
        fonts = [line.partition("\t") for line in lines]
        listed = {token.partition("-")[::2] for file, _, has in fonts if BOXES not in file for token in has.split()}
        return {(int(low, 16), int(high or low, 16)) for low, high in listed}
    found: Ranges = set()
    if find_spec("fontTools"):
        from fontTools.ttLib import TTFont

        brought = _matplotlib_fonts()
        for file in [*_system_fonts()] or [*(brought.glob("*.ttf") if brought else ())]:
            if BOXES not in file.name:
                with suppress(Exception), TTFont(file, lazy=True, fontNumber=0) as font:  # a damaged one has nothing
                    found |= {(code, code) for code in font.getBestCmap()}
    return found


@contextmanager
def _some_font() -> Iterator[None]:
    if os.name == "nt" or any(_system_fonts()):
        yield
        return
    folder = _matplotlib_fonts()
    if folder is None:
        raise RenderError("viz: there is no font on this machine: there would be boxes, not letters", help=NO_FONT)
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
