"""A coloured text as HTML and for a terminal. Nothing but the text itself is ever read as text: it cannot be markup."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import groupby

from viz.plots.letters import visible
from viz.plots.shades import LEVELS, NOT_FINITE, shade

__all__ = ["ansi", "figure", "page", "spans"]

FONT = "'DejaVu Sans Mono', Menlo, Consolas, monospace"
POLICY = "default-src 'none'; style-src 'unsafe-inline'"  # the page asks for nothing from anywhere
BREAKS = {" ": "<wbr>", "\n": "\n"}  # where a line may end, and where it does


def runs(levels: Sequence[int]) -> Iterator[tuple[int, range]]:
    """What has one level and stands together.

    >>> list(runs([5, 5, -1]))
    [(5, range(0, 2)), (-1, range(2, 3))]
    """
    for level, group in groupby(range(len(levels)), key=levels.__getitem__):
        places = list(group)
        yield level, range(places[0], places[-1] + 1)


def spans(text: str, levels: Sequence[int], limit: float) -> str:
    """One element for each run: underlined below 0, and with its value as a tooltip.

    >>> spans("<\\n", [0, -32], 1.0)
    '<span style="background:#FFFFFF" title="+0.00">&lt;</span><u style="background:#4393C3" title="-1.00">↵\\n</u>'
    """
    return "".join(
        _span(level, "".join(escape(visible(text[k])) + BREAKS.get(text[k], "") for k in places), limit)
        for level, places in runs(levels)
    )


def _span(level: int, inside: str, limit: float) -> str:
    if level == NOT_FINITE:
        return f'<span style="background:#000000;color:#FFFFFF" title="not finite">{inside}</span>'
    tag = "u" if level < 0 else "span"
    return f'<{tag} style="background:{shade(level)}" title="{level / LEVELS * limit:+.2f}">{inside}</{tag}>'


def figure(title: str, keys: Iterable[str], body: str, columns: int) -> str:
    """The text under its legend, to stand in any page, light or dark: it brings its own ink and ground."""
    legend = "".join(f'<span style="margin-right:1.5em">{key}</span> ' for key in keys)
    return (
        f'<figure style="margin:0;padding:12px;background:#FFFFFF;color:#000000;font:14px/1.6 {FONT}">'
        f'<figcaption style="font-family:sans-serif;margin-bottom:8px"><b>{escape(title)}</b><br>{legend}</figcaption>'
        f'<pre style="margin:0;font:inherit;color:inherit;max-width:{columns}ch;white-space:pre-wrap;'
        "overflow-wrap:anywhere;text-underline-offset:.2em;direction:ltr;unicode-bidi:bidi-override"
        f'">{body}</pre></figure>'
    )


def page(title: str, inside: str) -> str:
    """A page of its own."""
    return (
        f'<!DOCTYPE html>\n<html><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" '
        f'content="{POLICY}"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title></head>\n'
        f'<body style="margin:0;background:#FFFFFF">{inside}</body></html>\n'
    )


def scale(limit: float) -> str:
    """Nine shades from −limit to limit, with their values at the ends and in the middle."""
    said = {-LEVELS: f"−{limit:.3g}", 0: "0", LEVELS: f"+{limit:.3g}"}
    return "".join(_span(k, f"&nbsp;{said.get(k, '&nbsp;')}&nbsp;", limit) for k in range(-LEVELS, LEVELS + 1, 8))


def ansi(text: str, levels: Sequence[int], every: Iterable[range]) -> Iterator[str]:
    r"""Line by line for a terminal of 24-bit colours.

    >>> list(ansi("a", [-32], [range(1)]))
    ['\x1b[4;38;2;0;0;0;48;2;67;147;195ma\x1b[0m']
    """
    for line in every:
        yield "".join(
            painted("".join(visible(text[line[k]]) for k in places), level)
            for level, places in runs([levels[k] for k in line])
        )


def painted(shown: str, level: int) -> str:
    """Text between the codes of its colours."""
    ground = ";".join(str(int(shade(level)[k : k + 2], 16)) for k in (1, 3, 5))
    ink = "255;255;255" if level == NOT_FINITE else "0;0;0"
    return f"\x1b[{'4;' if level < 0 else ''}38;2;{ink};48;2;{ground}m{shown}\x1b[0m"
