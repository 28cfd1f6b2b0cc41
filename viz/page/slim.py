"""A painted picture without what a page says once for all: half as long, and the same to look at.

colours, fonts → the page's style       tooltips → the facts       comments, wrappers, hundredths of a point → gone
"""

from __future__ import annotations

import math
import re

__all__ = ["slim"]

GONE = [re.compile(pattern, re.DOTALL) for pattern in (
    r"<!--.*?-->",
    r'<g id="[^"]*"><a>\n?<title>[^<]*</title>', r"</a>\n?</g>",  # what Graphviz wraps tooltips in
    r' font-family="[^"]*"', r' font-size="12.00"', r' text-anchor="middle"',
    r' (?:fill|stroke)="#[0-9a-f]{6}"',
)]  # fmt: skip
PLACES = re.compile(r' (?:d|points|x|y|cx|cy|rx|ry)="[^"]*"')
WAYS = re.compile(r' d="M([^"CZ]*)C([^"CZ]*)"')  # of a line: a start, and cubic curves
HUNDREDTHS = re.compile(r"(\.\d)\d+")


def slim(svg: str) -> str:
    """
    >>> slim('<g id="a_n"><a><title>h</title><text x="1.25" fill="#1b1d1f" font-size="12.00">h₁</text></a></g>')
    '<text x="1.2">h₁</text>'
    """
    for pattern in GONE:
        svg = pattern.sub("", svg)
    svg = PLACES.sub(lambda found: HUNDREDTHS.sub(r"\1", found[0]), svg)
    svg = WAYS.sub(lambda found: f' d="{_way(found[1], found[2])}"', svg)
    return re.sub(r">\n+<", "><", svg)


def _way(start: str, curves: str) -> str:
    """A way with its straight pieces as lines: most of a way is straight, which as a curve takes three points.

    >>> _way("0,0", "1,0 2,0 3,0 4,0 5,0 6,0 6,1 6,2 8,9")
    'M0,0L6,0C6,1 6,2 8,9'
    """
    places = [tuple(map(float, place.split(","))) for place in [start, *curves.split()]]
    said = [start, *curves.split()]
    found = [f"M{start}"]
    corner = 0  # where the piece began that the way is on
    for k in range(0, len(places) - 1, 3):
        if not _straight(places[k : k + 4]):
            found.append(f"C{said[k + 1]} {said[k + 2]} {said[k + 3]}")
        elif found[-1][0] == "L" and _straight([places[corner], *places[k : k + 4]]):
            found[-1] = f"L{said[k + 3]}"
            continue
        else:
            found.append(f"L{said[k + 3]}")
        corner = k
    return "".join(found)


def _straight(places: list[tuple[float, ...]]) -> bool:
    """Whether all of them lie within a tenth of a point of the line from the first to the last."""
    (x, y), (to_x, to_y) = places[0], places[-1]
    along = max(math.hypot(to_x - x, to_y - y), 1e-9)
    return all(abs((a - x) * (to_y - y) - (b - y) * (to_x - x)) <= 0.1 * along for a, b in places[1:-1])
