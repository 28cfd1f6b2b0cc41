"""What is wrong with a page, by its geometry alone.

overlap   two shapes lie on one another            end      a line does not begin and end at its own shapes' borders
through   a line runs through a shape              frame    a frame does not hold its own, or holds another's
label     a text leaves its shape                  outside  something lies outside of the picture
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from tests.viz.outlines import CORNERS, Bands, Outlines, outline, spread
from tests.viz.reading import Box, Line, Page, Shape, point
from tests.viz.typeface import boxes as text_boxes

SLACK = 0.5  # points: positions are written to a tenth
AT_BORDER = 2.5  # how far from its shape's border a line may end
INTO_OWN = 3.0  # how far into one of its own shapes it may run
PIECES = 24  # of a curve that bends
LONGEST = 96.0  # a slanting piece that is longer is cut up, so that few shapes lie near it


class Offence(NamedTuple):
    """One thing that is wrong with a picture."""

    what: str
    where: str

    def __str__(self) -> str:
        return f"{self.what}: {self.where}"


def offences(page: Page) -> list[Offence]:
    """All that is wrong, one kind after another."""
    shapes = [shape for shape in page.shapes.values() if "invis" not in shape.attributes.get("style", "")]
    outer = Outlines(np.stack([outline(shape) for shape in shapes]) if shapes else np.empty((0, CORNERS, 2)))
    found = [*overlaps(shapes, outer), *labels(shapes)]
    lines = [line for line in page.lines if line.attributes.get("pos")]
    if lines:
        pieces = Pieces(lines)
        found += [*through(lines, pieces, shapes, outer), *ends(lines, page), *strays(lines, pieces, page)]
    found += [Offence("end", f"{line.name} has no course") for line in page.lines if not line.attributes.get("pos")]
    return [*found, *frames(page, shapes, outer), *texts(page, shapes, outer), *outside(page, shapes, outer)]


def overlaps(shapes: list[Shape], outer: Outlines) -> Iterator[Offence]:
    """Two shapes that lie on one another."""
    i, j = Bands(outer.boxes).meeting(outer.boxes)
    i, j = i[i < j], j[i < j]
    deep = outer.overlap(i, j)
    for a, b, depth in zip(i, j, deep, strict=True):
        if depth > SLACK:
            yield Offence("overlap", f"{shapes[a].id} and {shapes[b].id}, by {depth:.1f} pt")


class Pieces:
    """All lines as straight pieces: from `a` to `b` of line `of`."""

    def __init__(self, lines: list[Line]) -> None:
        courses = [np.array(line.course[1]) for line in lines]
        curves = np.concatenate([c[np.arange(len(c) // 3)[:, None] * 3 + np.arange(4)] for c in courses])
        of = np.repeat(np.arange(len(lines)), [len(c) // 3 for c in courses])
        straight = np.maximum(bend(curves, 1), bend(curves, 2)) < 0.05
        t = np.linspace(0, 1, PIECES + 1)[:, None]
        weights = np.concatenate([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3], axis=1)
        points = np.einsum("tk,nkd->ntd", weights, curves[~straight])
        tips = [(line.course[side], line.course[1][-1 if side else 0], k)
                for k, line in enumerate(lines) for side in (0, 2)]  # fmt: skip
        a = [curves[straight][:, 0], points[:, :-1].reshape(-1, 2), np.array([base for _, base, _ in tips])]
        b = [curves[straight][:, 3], points[:, 1:].reshape(-1, 2), np.array([tip for tip, _, _ in tips])]
        whose = [of[straight], np.repeat(of[~straight], PIECES), np.array([k for *_, k in tips])]
        self.a, self.b, self.of = cut_up(np.concatenate(a), np.concatenate(b), np.concatenate(whose))

    @property
    def boxes(self) -> np.ndarray:
        return np.concatenate([np.minimum(self.a, self.b), np.maximum(self.a, self.b)], axis=1)


def bend(curves: np.ndarray, k: int) -> np.ndarray:
    """How far control point k of each curve lies off the stretch between its ends."""
    start, along = curves[:, 0], curves[:, 3] - curves[:, 0]
    square = (along * along).sum(1)
    t = np.clip(((curves[:, k] - start) * along).sum(1) / np.where(square > 0, square, 1), 0, 1)
    return np.hypot(*(curves[:, k] - start - t[:, None] * along).T)


def cut_up(a: np.ndarray, b: np.ndarray, of: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Slanting pieces cut to a length; level and upright ones have narrow boxes whatever their length."""
    there = (a != b).any(axis=1)
    a, b, of = a[there], b[there], of[there]
    slanting = np.abs(b - a).min(axis=1) > 1
    counts = np.where(slanting, np.ceil(np.hypot(*(b - a).T) / LONGEST), 1).astype(int)
    i, n = spread(np.zeros(len(counts), int), counts)
    low, high = (n / counts[i])[:, None], ((n + 1) / counts[i])[:, None]
    return a[i] + low * (b - a)[i], a[i] + high * (b - a)[i], of[i]


def through(lines: list[Line], pieces: Pieces, shapes: list[Shape], outer: Outlines) -> Iterator[Offence]:
    """A line that runs through a shape, or with half of its pen along its border; or deep into one of its own ends."""
    place = {shape.id: k for k, shape in enumerate(shapes)}
    pens = np.array([line.pen for line in lines]) / 2
    borders = np.array([border(shape) for shape in shapes]) / 2
    reach = pens.max(initial=0) + borders.max(initial=0)
    wide = pieces.boxes + np.array([-reach, -reach, reach, reach])
    p, s = Bands(outer.boxes).meeting(wide)
    ends = np.array([(place.get(line.source, -1), place.get(line.target, -1)) for line in lines])
    own = (ends[pieces.of[p]] == s[:, None]).any(axis=1)
    hit = outer.pierced(s, pieces.a[p], pieces.b[p], np.where(own, INTO_OWN, SLACK / 2))
    near = ~own & ~hit
    far = np.full(len(p), np.inf)
    far[near] = outer.distance(s[near], pieces.a[p[near]], pieces.b[p[near]])
    hit |= far < pens[pieces.of[p]] + borders[s] - SLACK
    for k, shape in sorted(set(zip(pieces.of[p[hit]].tolist(), s[hit].tolist(), strict=True))):
        yield Offence("through", f"{lines[k].name} through {shapes[shape].id}")


def border(shape: Shape) -> float:
    """The width of its pen; what has no border has none."""
    name = shape.attributes.get("shape", "")
    return 0.0 if name in ("plaintext", "none", "plain") else float(shape.attributes.get("penwidth", 1))


def ends(lines: list[Line], page: Page) -> Iterator[Offence]:
    """A line that begins or ends elsewhere than at the border of its own shape."""
    told = [(line, side, name) for line in lines for side, name in ((0, line.source), (2, line.target))]
    corners = {name: outline(page.shapes[name]) for _, _, name in told}
    outer = Outlines(np.stack([corners[name] for _, _, name in told]))
    points, k = np.array([line.course[side] for line, side, _ in told]), np.arange(len(told))
    away = outer.distance(k, points, points)
    for (line, side, name), distance in zip(told, away, strict=True):
        if distance > AT_BORDER:
            begins = "ends" if side else "begins"
            yield Offence("end", f"{line.name} {begins} {distance:.1f} pt from the border of {name}")


def strays(lines: list[Line], pieces: Pieces, page: Page) -> Iterator[Offence]:
    """A line that leaves the picture."""
    left, bottom, right, top = page.box
    low, high = np.array([left, bottom]) - SLACK, np.array([right, top]) + SLACK
    away = ((pieces.boxes[:, :2] < low) | (pieces.boxes[:, 2:] > high)).any(axis=1)
    for k in np.unique(pieces.of[away]):
        yield Offence("outside", lines[k].name)


def labels(shapes: list[Shape]) -> Iterator[Offence]:
    """A text that leaves its shape: a corner of one of its lines lies outside of the inner border."""
    told = [(shape, text) for shape in shapes for text in lines_of(shape)]
    if not told:
        return
    inner = Outlines(np.stack([outline(shape, inner=True) for shape, _ in told]))
    boxes, k = np.array([text for _, text in told]), np.arange(len(told))
    corners = [boxes[:, [0, 1]], boxes[:, [0, 3]], boxes[:, [2, 1]], boxes[:, [2, 3]]]
    deep = np.min([inner.depth(k, corner) for corner in corners], axis=0)
    worst: dict[str, float] = {}
    for (shape, _), depth in zip(told, deep, strict=True):
        worst[shape.id] = min(worst.get(shape.id, 0.0), depth)
    for shape in shapes:
        if worst.get(shape.id, 0) < -SLACK:
            yield Offence("label", f"{shape.label!r} leaves {shape.id} by {-worst[shape.id]:.1f} pt")


def lines_of(shape: Shape) -> list[Box]:
    size = float(shape.attributes.get("fontsize", 14))
    return text_boxes(shape.label, size, *shape.centre)


def frames(page: Page, shapes: list[Shape], outer: Outlines) -> Iterator[Offence]:
    """A frame that does not hold all its members, or meets a shape or a frame that is none of them."""
    told = page.framed
    if not told:
        return
    boxes = np.array([frame.box for frame in told])
    at = {frame.name: k for k, frame in enumerate(told)}
    for shape, b in zip(shapes, outer.boxes, strict=True):
        for name in at.keys() & set(shape.frames):
            if not holds(boxes[at[name]], b):
                yield Offence("frame", f"{shape.id} leaves {name}")
    both = Outlines(np.concatenate([outer.corners, np.stack([rectangle(frame.box) for frame in told])]))
    i, j = Bands(boxes).meeting(outer.boxes)
    foreign = np.array([told[f].name not in shapes[s].frames for s, f in zip(i, j, strict=True)], bool)
    i, j = i[foreign], j[foreign]
    for s, f, depth in zip(i, j, both.overlap(i, j + len(shapes)), strict=True):
        if depth > SLACK:
            yield Offence("frame", f"{shapes[s].id} lies on {told[f].name}, by {depth:.1f} pt")
    for i, j in zip(*Bands(boxes).meeting(boxes), strict=True):
        a, b = told[i], told[j]
        if i < j and a.name not in b.frames and b.name not in a.frames and common(boxes[i], boxes[j]) > SLACK:
            yield Offence("frame", f"{a.name} lies on {b.name}")


def holds(outer: np.ndarray, inner: np.ndarray) -> bool:
    """Whether one box lies in another."""
    return bool((outer[:2] - SLACK <= inner[:2]).all() and (inner[2:] <= outer[2:] + SLACK).all())


def common(a: np.ndarray, b: np.ndarray) -> float:
    """How far two boxes would have to be moved apart."""
    return float((np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])).min())


def rectangle(box: Box) -> np.ndarray:
    left, bottom, right, top = box
    corners = [(right, bottom), (right, top), (left, top)]
    return np.array(corners + [(left, bottom)] * (CORNERS - 3))


def texts(page: Page, shapes: list[Shape], outer: Outlines) -> Iterator[Offence]:
    """A text of a line, of a frame or of the whole that lies on a shape, or leaves its frame."""
    told = [*placed(page)]
    if not told:
        return
    boxes = np.array([box for _, box, _ in told])
    for (name, _, held), box in zip(told, boxes, strict=True):
        if held and not holds(np.array(held), box):
            yield Offence("label", f"{name} leaves its frame")
    both = Outlines(np.concatenate([outer.corners, np.stack([rectangle(tuple(box)) for box in boxes])]))
    i, j = Bands(outer.boxes).meeting(boxes)
    for k, shape, depth in zip(i, j, both.overlap(i + len(shapes), j), strict=True):
        if depth > SLACK:
            yield Offence("label", f"{told[k][0]} lies on {shapes[shape].id}, by {depth:.1f} pt")


def placed(page: Page) -> Iterator[tuple[str, Box, Box | None]]:
    """(whose, the box of its text, the box that has to hold it) of texts that stand at an `lp`."""
    owners = [("the title", page.attributes, page.box)]
    owners += [(f"the text of {frame.name}", frame.attributes, frame.box) for frame in page.framed]
    owners += [(f"the text of {line.name}", line.attributes, page.box) for line in page.lines]
    for name, attributes, held in owners:
        for text, at in (("label", "lp"), ("xlabel", "xlp")):
            if attributes.get(text) and attributes.get(at):
                size = float(attributes.get("fontsize", 14))
                for own in text_boxes(attributes[text], size, *point(attributes[at])):
                    yield name, own, held


def outside(page: Page, shapes: list[Shape], outer: Outlines) -> Iterator[Offence]:
    """A shape or a frame that leaves the picture."""
    told = [(shape.id, b) for shape, b in zip(shapes, outer.boxes, strict=True)]
    told += [(frame.name, np.array(frame.box)) for frame in page.framed]
    whole = np.array(page.box)
    for name, b in told:
        if not holds(whole, b):
            yield Offence("outside", name)
