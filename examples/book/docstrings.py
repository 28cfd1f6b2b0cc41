"""Docstrings as the book shows them: doctests are blocks of code, and a section of one line is a paragraph."""

import re
from typing import Any

from griffe import Extension, Object

SECTION = re.compile(r"^(Returns|Raises|Attributes|Source): (?=\S)", re.MULTILINE)
DOCTEST = re.compile(r"(?:^>>> .*\n?)(?:^(?!\s*$).*\n?)*", re.MULTILINE)


class Doctests(Extension):
    """Fences around each doctest, up to the empty line behind it; a paragraph for each section of one line."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        """Of every module, class, function and attribute."""
        if obj.docstring is not None:
            text = SECTION.sub(r"\n**\1:** ", obj.docstring.value)
            obj.docstring.value = DOCTEST.sub(r"```pycon\n\g<0>\n```\n", text)
