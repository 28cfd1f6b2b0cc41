"""The outlines that Graphviz draws, as convex polygons, and how they meet lines and one another.

Every outline is a row of 32 corners, counter-clockwise; one with fewer repeats its last.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from tests.viz.reading import Shape

CORNERS = 32
GAP = 4.0  # points from one border to the next, measured across the sides
SQUARE = ((1, -1), (1, 1), (-1, 1), (-1, -1))
OCTAGON = ((1, -0.4142), (1, 0.4142), (0.4142, 1), (-0.4142, 1),
           (-1, 0.4142), (-1, -0.4142), (-0.4142, -1), (0.4142, -1))  # fmt: skip
ROUND = tuple((np.cos(a), np.sin(a)) for a in np.arange(CORNERS) * 2 * np.pi / CORNERS)
# By half of the width and of the height, as `neato -n2` of Graphviz 2.43 and 14 draws them with fixedsize=true.
# Source: https://graphviz.org/doc/info/shapes.html
UNIT = {
    **dict.fromkeys(("box", "rect", "rectangle", "square", "plaintext", "plain", "none", "note", "underline",
                     "folder"), SQUARE),  # its tab, four points high, stands above it
    **dict.fromkeys(("ellipse", "oval", "circle", "point", "doublecircle"), ROUND),
    **dict.fromkeys(("octagon", "doubleoctagon"), OCTAGON),
    "hexagon": ((1, 0), (0.5, 1), (-0.5, 1), (-1, 0), (-0.5, -1), (0.5, -1)),
    "parallelogram": ((1.036, 1), (-0.611, 1), (-1.036, -1), (0.611, -1)),
    "diamond": ((1, 0), (0, 1), (-1, 0), (0, -1)),
    "trapezium": ((1, -1), (0.584, 1), (-0.584, 1), (-1, -1)),
    "invtrapezium": ((0.584, -1), (1, 1), (-1, 1), (-0.584, -1)),
}  # fmt: skip


def outline(shape: Shape, *, inner: bool = False) -> np.ndarray:
    """The outermost border of a shape, in points; `inner` for the innermost, which holds the label.

    Raises:
        KeyError: Graphviz has more shapes, and what this one looks like has not been found out.
    """
    name = shape.attributes.get("shape", "ellipse")
    borders = int(shape.attributes.get("peripheries", 2 if name.startswith("double") else 1))
    w, h = shape.size
    if name in ("circle", "square", "point", "doublecircle"):
        w = h = max(w, h)
    return _outline(name, w, h, 1 if inner else borders) + np.array(shape.centre)


@lru_cache(maxsize=4096)
def _outline(name: str, w: float, h: float, borders: int) -> np.ndarray:
    more = 2 * GAP * (borders - 1)
    if UNIT[name] is ROUND:
        w, h, borders = w + more, h + more, 1
    corners = np.array(UNIT[name], float) * (w / 2, h / 2)
    if borders > 1:
        corners = widened(corners, more / 2)
    return np.concatenate([corners, np.repeat(corners[-1:], CORNERS - len(corners), axis=0)])


def widened(corners: np.ndarray, by: float) -> np.ndarray:
    """The polygon whose sides lie so much further out: each corner where two of them meet."""
    normal, offset = sides(corners)
    before, of = np.roll(normal, 1, axis=0), np.roll(offset, 1)
    return np.linalg.solve(np.stack([before, normal], axis=1), np.stack([of, offset], axis=1)[..., None] + by)[..., 0]


def sides(corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(normals, offsets) of each polygon's sides: inside is n·p ≤ d; a side without length gives (0, ∞)."""
    ahead = np.roll(corners, -1, axis=-2) - corners
    length = np.hypot(ahead[..., 0], ahead[..., 1])
    there = length > 1e-9
    normal = np.stack([ahead[..., 1], -ahead[..., 0]], axis=-1) / np.where(there, length, 1)[..., None]
    normal = np.where(there[..., None], normal, 0.0)
    return normal, np.where(there, (normal * corners).sum(-1), np.inf)


@dataclass(frozen=True)
class Outlines:
    """The polygons of many shapes: corners (n, 32, 2)."""

    corners: np.ndarray

    @cached_property
    def boxes(self) -> np.ndarray:
        """(n, 4): left, bottom, right, top."""
        return np.concatenate([self.corners.min(axis=1), self.corners.max(axis=1)], axis=1)

    @cached_property
    def sides(self) -> tuple[np.ndarray, np.ndarray]:
        return sides(self.corners)

    def depth(self, k: np.ndarray, points: np.ndarray) -> np.ndarray:
        """How far inside polygon k a point lies: below 0 outside, where it is a lower bound of the distance."""
        normal, offset = (part[k] for part in self.sides)
        return (offset - np.einsum("nsd,nd->ns", normal, points)).min(axis=1)

    def pierced(self, k: np.ndarray, a: np.ndarray, b: np.ndarray, by: np.ndarray | float) -> np.ndarray:
        """Whether the stretch from a to b comes further into polygon k than `by`."""
        normal, offset = (part[k] for part in self.sides)
        start = np.einsum("nsd,nd->ns", normal, a) - offset + np.reshape(by, (-1, 1))  # ≤ 0 is inside
        slope = np.einsum("nsd,nd->ns", normal, b - a)
        with np.errstate(divide="ignore", invalid="ignore"):
            at = -start / slope
        low = np.where(slope < 0, at, 0.0).max(axis=1, initial=0.0)
        high = np.where(slope > 0, at, 1.0).min(axis=1, initial=1.0)
        outside = ((slope == 0) & (start > 0)).any(axis=1)
        return ~outside & (low < high)

    def distance(self, k: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """From the border of polygon k to the stretch from a to b, that does not meet it; a = b is a point."""
        corners = self.corners[k]
        after = np.roll(corners, -1, axis=1)
        own = _to_stretch(corners, a[:, None], b[:, None]).min(axis=1)
        ends = [_to_stretch(p[:, None], corners, after).min(axis=1) for p in (a, b)]
        return np.minimum(own, np.minimum(*ends))

    def overlap(self, i: np.ndarray, j: np.ndarray) -> np.ndarray:
        """How far polygons i and j would have to be moved apart; 0 or less where they do not overlap."""
        least = np.full(len(i), np.inf)
        for one in (i, j):
            normal, offset = (part[one] for part in self.sides)
            across_i = np.einsum("nsd,npd->nsp", normal, self.corners[i])
            across_j = np.einsum("nsd,npd->nsp", normal, self.corners[j])
            common = np.minimum(across_i.max(2), across_j.max(2)) - np.maximum(across_i.min(2), across_j.min(2))
            least = np.minimum(least, np.where(np.isfinite(offset), common, np.inf).min(axis=1))
        return least


def _to_stretch(p: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Distance from points to stretches."""
    along = b - a
    square = (along * along).sum(-1)
    t = np.clip(((p - a) * along).sum(-1) / np.where(square > 0, square, 1), 0, 1)
    nearest = a + t[..., None] * along
    return np.hypot(*np.moveaxis(p - nearest, -1, 0))


class Bands:
    """Boxes found by place: the plane cut into level bands, the boxes of each in order from left to right."""

    HEIGHT = 16.0

    def __init__(self, boxes: np.ndarray) -> None:
        self.boxes = boxes
        self.low = boxes[:, 1].min(initial=0.0) if len(boxes) else 0.0
        span = boxes[:, 2].max() - boxes[:, 0].min() if len(boxes) else 1.0
        self.wide = 4 * (span + 1)  # a band's number times this keeps its boxes apart from the next one's
        self.origin = boxes[:, 0].min() if len(boxes) else 0.0
        which, band = self._bands(boxes)
        order = np.lexsort((boxes[which, 0], band))
        self.which, band = which[order], band[order]
        self.left = band * self.wide + (boxes[self.which, 0] - self.origin)
        self.right = np.maximum.accumulate(band * self.wide + (boxes[self.which, 2] - self.origin))

    def _bands(self, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        first = np.floor((boxes[:, 1] - self.low) / self.HEIGHT).astype(int)
        last = np.floor((boxes[:, 3] - self.low) / self.HEIGHT).astype(int)
        return spread(first, last + 1)

    def meeting(self, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(i, j): every box i of the given ones that meets box j of its own, each pair once."""
        if not len(boxes) or not len(self.which):
            return np.empty(0, int), np.empty(0, int)
        held = np.clip(boxes, [-np.inf, self.low - 1, -np.inf, -np.inf],
                       [np.inf, np.inf, np.inf, self.boxes[:, 3].max() + 1])  # fmt: skip
        held[:, 3] = np.maximum(held[:, 3], held[:, 1])
        row, band = self._bands(held)
        near = np.clip(boxes[row][:, [0, 2]] - self.origin, -0.2 * self.wide, 0.5 * self.wide)
        first = np.searchsorted(self.right, band * self.wide + near[:, 0], side="left")
        last = np.searchsorted(self.left, band * self.wide + near[:, 1], side="right")
        hit, place = spread(first, last)
        i, j = row[hit], self.which[place]
        a, b = boxes[i], self.boxes[j]
        touch = (a[:, 0] <= b[:, 2]) & (b[:, 0] <= a[:, 2]) & (a[:, 1] <= b[:, 3]) & (b[:, 1] <= a[:, 3])
        pairs = np.unique(i[touch] * len(self.boxes) + j[touch])
        return pairs // len(self.boxes), pairs % len(self.boxes)


def spread(first: np.ndarray, last: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(i, n): each i with every n in first[i] … last[i] − 1."""
    counts = np.maximum(last - first, 0)
    i = np.repeat(np.arange(len(counts)), counts)
    return i, np.arange(len(i)) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(first, counts)
