"""Characters that can all be seen, each in a cell of its own, and lines of them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

__all__ = ["BLANKS", "cells", "columns", "lines", "visible"]

BLANKS = {" ": ("·", "space"), "\n": ("↵", "end of line"), "\t": ("⇥", "tab")}


def visible(char: str) -> str:
    r"""What stands for a character: a sign for a blank, an escape for what cannot be printed.

    >>> [visible(char) for char in "a \n\t\0<"]
    ['a', '·', '↵', '⇥', '\\x00', '<']
    """
    if char in BLANKS:
        return BLANKS[char][0]
    if unicodedata.category(char).startswith("M"):
        return f"◌{char}"  # an accent, which would stand on the letter before
    return char if char.isprintable() else repr(char)[1:-1]


def cells(shown: str) -> int:
    r"""How many letters stand side by side: an accent stands on the one before it.

    >>> [cells(shown) for shown in ("a", "\\x00", "◌̈")]
    [1, 4, 1]
    """
    return sum(not unicodedata.category(char).startswith("M") for char in shown)


def columns(shown: str) -> int:
    """How many columns of a terminal it takes: two for each wide letter.

    >>> [columns(shown) for shown in ("a", "界")]
    [1, 2]
    """
    return cells(shown) + sum(unicodedata.east_asian_width(char) in "WF" for char in shown)


def lines(text: str, widths: Sequence[int], most: int) -> Iterator[range]:
    r"""The lines of `text`, none wider than `most`, broken after a blank where there is one; ↵ may hang over.

    >>> [[text[k] for k in line] for text in ["to be\nor"] for line in lines(text, [1] * 8, 4)]
    [['t', 'o', ' '], ['b', 'e', '\n'], ['o', 'r']]
    """
    start = taken = gap = 0
    for k, char in enumerate(text):
        while taken + widths[k] > most and k > start and char != "\n":
            stop = gap if gap > start else k
            yield range(start, stop)
            start, taken = stop, sum(widths[stop:k])
        taken += widths[k]
        if char in " \t":
            gap = k + 1
        elif char == "\n":
            yield range(start, k + 1)
            start, taken = k + 1, 0
    if start < len(text):
        yield range(start, len(text))
