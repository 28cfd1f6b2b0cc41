"""Sizes, places and lines: how large a shape has to be for its text, and where a line meets its border."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from unicodedata import east_asian_width

from viz.scene.model import Item

Point = tuple[float, float]
CORNER = 8.0
RING = 4.0  # points between the borders of what is drawn with two
LEAN = 1.036  # how much wider Graphviz draws a parallelogram than it is told
TEXT = 12.0  # points; a subscript of this size is still readable in a projected slide

# Widths of DejaVu Sans in ems, rounded up: narrow signs, wide ones, all others.
_NARROW = frozenset(" ,.()[]il|·'tfr∇₀₁₂₃₄₅₆₇₈₉ₜ")


@dataclass(frozen=True)
class Shape:
    """The shape of one kind of item.

    Attributes:
        outline: Graphviz's name for it.
        padding: what it adds to the width and the height of its label.
        least: the smallest width and height that it has.
    """

    outline: str
    padding: tuple[float, float]
    least: tuple[float, float] = (0, 0)


SHAPES: Mapping[str, Shape] = {
    "parameter": Shape("box", (14, 12)),
    "input": Shape("ellipse", (22, 16), least=(40, 30)),
    "initial": Shape("ellipse", (22, 16)),
    "op": Shape("ellipse", (12, 14), least=(28, 28)),
    "gate": Shape("box", (14, 12)),
    "affine": Shape("box", (20, 14)),
    "hidden": Shape("ellipse", (24, 16), least=(46, 32)),
    "cell": Shape("hexagon", (30, 16), least=(48, 32)),
    "output": Shape("parallelogram", (44, 14)),
    "target": Shape("ellipse", (26, 16)),
    "loss": Shape("octagon", (24, 16)),
    "total": Shape("doubleoctagon", (32, 16)),
    "box": Shape("box", (22, 12), least=(80, 44)),
    "part": Shape("folder", (30, 18), least=(80, 44)),
    "elided": Shape("plaintext", (4, 4)),
    "chunk": Shape("underline", (4, 4)),
}


def text_size(label: str) -> tuple[float, float]:
    """Width and height of a label in points, for the widest of the fonts that may stand in: DejaVu Sans.

    >>> text_size("W_hh")[0] > text_size("i")[0]
    True
    """
    lines = label.split("\n")
    return max(sum(map(_width, line)) for line in lines) * TEXT, 1.25 * TEXT * len(lines)


def _width(sign: str) -> float:
    """In ems, at most."""
    if sign.isascii() or sign in _NARROW:
        return 0.42 if sign in _NARROW else 0.95 if sign in "mwWM@%+=<>~" else 0.68
    return 1.0 if east_asian_width(sign) in "WFA" else 0.85 if sign.isalpha() else 0.68


def size(item: Item) -> tuple[float, float]:
    """Width and height of an item's shape in points.

    >>> from viz.scene.model import Item
    >>> size(Item("n_h_1", "h", "hidden", "h₁", 1))  # as small as a state may be
    (46.0, 32.0)
    """
    shape, ring = SHAPES[item.kind], 2 * RING if is_double(item) else 0.0
    (w, h), (pad_w, pad_h), (least_w, least_h) = text_size(item.label), shape.padding, shape.least
    lean = LEAN if shape.outline == "parallelogram" else 1.0
    high = max(h + pad_h, least_h)
    if shape.outline == "hexagon":  # it grows narrow towards the first and the last line
        pad_w = max(pad_w, (w + 6) / (1 - h / high / 2) - w)
    return max(w + pad_w, least_w) * lean + ring, high + ring


def is_double(item: Item) -> bool:
    """Whether its border is drawn twice: a weight that is used more than once, and the total of the losses."""
    return item.kind == "total" or (item.kind == "parameter" and item.uses > 1)


@dataclass(frozen=True)
class Placed:
    """An item with its centre and size, in points, y upward."""

    item: Item
    x: float
    y: float
    w: float
    h: float

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, bottom, right, top."""
        return self.x - self.w / 2, self.y - self.h / 2, self.x + self.w / 2, self.y + self.h / 2

    def contains(self, point: Point) -> bool:
        """Whether the point is inside the shape that is drawn."""
        return _contains(self, point[0] - self.x, point[1] - self.y)


def told_size(place: Placed) -> tuple[float, float]:
    """The width and height that Graphviz has to be told for a shape to be as large as its place.

    It draws a second border outside of the size that it is told, and a parallelogram wider.
    """
    ring = 2 * RING if is_double(place.item) else 0.0
    lean = LEAN if SHAPES[place.item.kind].outline == "parallelogram" else 1.0
    return (place.w - ring) / lean, place.h - ring


def border(place: Placed, inside: Point, outside: Point) -> Point:
    """Where the line from a point inside a shape to one outside leaves it: bisection serves every shape alike.

    >>> from viz.scene.model import Item
    >>> box = Placed(Item("n_f_1", "f", "gate", "σ f", 1), 0, 0, 40, 20)
    >>> [round(at, 1) for at in border(box, (0, 0), (100, 0))]
    [20.0, 0.0]
    """
    low, high = 0.0, min(1.0, (place.w + place.h) / (math.dist(inside, outside) or 1.0))  # no further than it reaches
    for _ in range(11):  # to a tenth of a point
        mid = (low + high) / 2
        x, y = (inside[k] + mid * (outside[k] - inside[k]) for k in (0, 1))
        low, high = (mid, high) if _contains(place, x - place.x, y - place.y) else (low, mid)
    return inside[0] + low * (outside[0] - inside[0]), inside[1] + low * (outside[1] - inside[1])


def _contains(place: Placed, dx: float, dy: float) -> bool:
    """Whether the point so far from the centre is inside the shape that Graphviz draws there.

    Its hexagon has its corners a quarter of its width from the ends; the parallelogram leans by a fifth of half its
    width, and each of its sides is 0.82 of the whole; eight equal corners are cut off its octagon.
    Source: https://graphviz.org/doc/info/shapes.html, and pictures measured.
    """
    x, y = dx / (place.w / 2), dy / (place.h / 2)
    outline = SHAPES[place.item.kind].outline
    if outline == "ellipse":
        return x * x + y * y <= 1
    if outline == "parallelogram":
        return abs(x - 0.205 * y) <= 0.795 and abs(y) <= 1
    reach = {"hexagon": 1 - abs(y) / 2, "octagon": 1.414 - abs(y), "doubleoctagon": 1.414 - abs(y)}.get(outline, 1.0)
    return abs(x) <= min(reach, 1.0) and abs(y) <= 1


def spline(points: list[Point], arrow: float) -> str:
    """A polyline as Graphviz writes an edge: the arrow's tip, then one cubic per side with the corners rounded off.

    Source: https://graphviz.org/docs/attr-types/splineType/

    >>> spline([(0, 0), (0, 40)], arrow=10)
    'e,0.0,40.0 0.0,0.0 0.0,10.0 0.0,20.0 0.0,30.0'
    """
    points = [p for k, p in enumerate(points) if k == 0 or math.dist(p, points[k - 1]) > 0.5]
    tip = points[-1]
    points = [*points[:-1], _towards(points[-1], points[-2], arrow)]
    text = [points[0]]
    for k, (a, b) in enumerate(pairwise(points)):
        end = b if k == len(points) - 2 else _towards(b, a, min(CORNER, math.dist(a, b) / 2))
        text += [_between(text[-1], end, 1 / 3), _between(text[-1], end, 2 / 3), end]
        if k < len(points) - 2:
            after = _towards(b, points[k + 2], min(CORNER, math.dist(b, points[k + 2]) / 2))
            text += [_between(end, b, 2 / 3), _between(after, b, 2 / 3), after]
    return f"e,{_pair(tip)} " + " ".join(map(_pair, text))


def beside(points: list[Point], by: float) -> list[Point]:
    """The same way so many points further to the right of who walks it.

    >>> beside([(0, 0), (0, 40), (40, 40)], 4)
    [(4.0, 0.0), (4.0, 36.0), (40.0, 36.0)]
    """
    sides = [_normal(a, b) for a, b in pairwise(points)]
    found = []
    for k, (x, y) in enumerate(points):
        (ax, ay), (bx, by_) = sides[max(k - 1, 0)], sides[min(k, len(sides) - 1)]
        along = 1 + ax * bx + ay * by_  # of the two sides at a corner: 2 where the line goes straight on
        scale = by / max(along, 0.5)
        found.append((x + (ax + bx) * scale, y + (ay + by_) * scale))
    return found


def _normal(a: Point, b: Point) -> Point:
    length = math.dist(a, b) or 1.0
    return (b[1] - a[1]) / length, (a[0] - b[0]) / length


def _towards(a: Point, b: Point, distance: float) -> Point:
    return _between(a, b, min(distance / (math.dist(a, b) or 1.0), 0.9))


def _between(a: Point, b: Point, part: float) -> Point:
    return a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part


def _pair(point: Point) -> str:
    return f"{point[0]:.1f},{point[1]:.1f}"
