"""Text that any picture can hold: what is not a sign in XML is written out, and what is too long is cut."""

from __future__ import annotations

import re

__all__ = ["plain_text"]

MOST = 2000  # characters: Graphviz reads at most 16 KB between two quotes, and `&quot;` takes six for one
# Control characters but tab and line feed, what turns the direction of text around, halves of surrogate pairs, and
# what Unicode says is no character. Source: https://www.w3.org/TR/xml/#charsets
_NOT_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


def plain_text(text: str, most: int | None = MOST) -> str:
    r"""Text that can be shown, written as UTF-8 and read as XML: escapes for what cannot, and … for what is too much.

    Line feeds stay. Of a text that is longer than `most` the end is kept as well: it is there that names differ.

    >>> print(plain_text("a\x1bb"), plain_text("W\ufffe"), plain_text("a\0"), plain_text("\ud800"))
    a\x1bb W\ufffe a\x00 \ud800
    >>> len(plain_text("x" * 10_000 + "_1")), plain_text("x" * 10_000 + "_1")[-4:]
    (2000, 'xx_1')
    """
    if most is not None and len(text) > most:
        tail = most // 4
        text = f"{text[: most - tail - 1]}…{text[-tail:]}"
    return _NOT_TEXT.sub(_escape, text.replace("\r\n", "\n").replace("\t", " "))


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
