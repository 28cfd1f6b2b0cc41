"""The way of every edge: lines that turn round corners, stop at the border of a shape, and keep clear of the others."""

from __future__ import annotations

import math

from viz.layout.geometry import Placed, Point, border
from viz.layout.grid import Layout
from viz.scene.model import Edge


def route(plan: Layout, edge: Edge, nth: int = 0, of: int = 1) -> list[Point]:
    """The corners an edge turns at, from border to border; the nth of several between the same two keeps aside."""
    source, target = plan.places[edge.source], plan.places[edge.target]
    if edge.kind == "backward":
        return _over(plan, source, target)
    middle = _middle(plan, source, target)
    points = [(source.x, source.y), *middle, (target.x, target.y)]
    points = _sidestep(points, 9 * (nth - (of - 1) / 2))
    return _trim(points, source, target)


def _middle(plan: Layout, source: Placed, target: Placed) -> list[Point]:
    a, b = source.item, target.item
    if b.column is None:
        return [((source.x + target.x) / 2, source.y), ((source.x + target.x) / 2, target.y)]
    if a.column is None:
        return _from_rail(plan, source, target)
    if a.layer != b.layer:
        return _from_below(plan, source, target)
    if a.column == b.column:
        step = plan.steps[a.layer]
        if step.in_gutter(a.key):
            return [(source.x, target.y)] if source.y > target.y and not step.in_gutter(b.key) else []
        vias = [plan.via(a.layer, b.column, via) for via in step.vias((a.key, b.key))]
        return [*vias, *_into_gutter(plan, source, target, vias)] if step.in_gutter(b.key) else vias
    return _from_another_step(plan, source, target)


def _into_gutter(plan: Layout, source: Placed, target: Placed, vias: list[Point]) -> list[Point]:
    """Up to the state's row and along it; under its road where it has one."""
    if source.y >= target.y - 1 or source.item.kind == "box":
        return []
    step = plan.steps[target.item.layer]
    road = any(t == target.item.key for _, t in step.level)
    return [(vias[-1][0] if vias else source.x, target.y - (10 if road else 0))]


def _from_rail(plan: Layout, source: Placed, target: Placed) -> list[Point]:
    """Along the rail, up the riser; to a higher layer's rail by a trunk at the left."""
    a, b = source.item, target.item
    assert b.column is not None
    rail = plan.rails[a.id, b.layer]
    step = plan.steps[b.layer]
    vias = [plan.via(b.layer, b.column, via) for via in step.vias((a.id, b.key))] if b.key in step.rows else []
    riser = vias[0][0] if vias else target.x + _port(plan, source, target)
    trunk = source.box[2] + 8
    start = [(trunk, source.y), (trunk, rail)] if rail != source.y else []
    return [*start, (riser, rail), *vias]


def _port(plan: Layout, source: Placed, target: Placed) -> float:
    """How far from a shape's middle a riser meets it, so that several do not fall together; the middle is for data."""
    step = plan.steps[target.item.layer]
    ports = [s for s, t in step.risers if t == target.item.key and s in plan.picture.by_id]
    room = (0.4 if target.item.kind == "box" else 0.26) * target.w
    return (ports.index(source.item.id) + 1) * min(9.0, room / len(ports)) if ports else 0.0


def _from_below(plan: Layout, source: Placed, target: Placed) -> list[Point]:
    """Straight up from where it stands to the channel under the layer, along it, and up to the target."""
    a, b = source.item, target.item
    assert b.column is not None
    vias = [plan.via(b.layer, b.column, via) for via in plan.steps[b.layer].vias((a.key, b.key))]
    goal = vias[0][0] if vias else target.x
    channel = plan.base[b.layer] - 0.58 * plan.row
    if not plan.steps[a.layer].in_gutter(a.key):  # its own layer's box stands above it: past it on the left
        out = min(goal, source.box[0] - 8)
        return [(out, source.y), (out, channel), (goal, channel), *vias]
    straight = abs(goal - source.x) < 1
    return [*([] if straight else [(source.x, channel), (goal, channel)]), *vias]


def _from_another_step(plan: Layout, source: Placed, target: Placed) -> list[Point]:
    """Up or down in the gutter to the target's row, then along it; under the row where something stands in the way."""
    a, b = source.item, target.item
    assert a.column is not None
    assert b.column is not None
    channel = target.y - plan.row / 2
    if _level(source, target) is not None:
        passed = [p for p in plan.places.values() if _between(source, target, p)]
        return [(source.x, channel), (target.x, channel)] if passed else []
    if a.kind == "output":  # its state stands under it: past it on the right
        out = source.box[2] + 10
        return [(out, source.y), (out, channel), (target.x, channel)]
    if _is_first(plan, target):
        return [(source.x, target.y)]
    return [(source.x, channel), (target.x, channel)]


def _between(source: Placed, target: Placed, place: Placed) -> bool:
    """Whether a level line from one to the other would run through the place."""
    left, right = sorted((source.x, target.x))
    return left < place.x < right and place.box[1] < target.y < place.box[3]


def _level(source: Placed, target: Placed) -> float | None:
    """The height at which a level line meets both, if one does."""
    for at, other in ((source, target), (target, source)):
        if other.box[1] + 6 <= at.y <= other.box[3] - 6 and (at.y == other.y or other.item.kind == "box"):
            return at.y
    return None


def _is_first(plan: Layout, target: Placed) -> bool:
    """Whether nothing stands in the target's row between it and the step it is fed from."""
    step, key = plan.steps[target.item.layer], target.item.key
    row = [k for k in step.kinds if step.rows[k] == step.rows.get(key) and not step.in_gutter(k)]
    return all((step.x[k] < step.x[key]) == step.reverse for k in row if k != key)


def _over(plan: Layout, source: Placed, target: Placed) -> list[Point]:
    """A gradient's way back: out at the top, over the layer, and in at the top."""
    offset = 12 if source.item.kind == "cell" else 0
    y = plan.ceiling[source.item.layer] + offset
    out, into = source.x - 9, target.x + 9
    return [(out, _top(source, out)), (out, y), (into, y), (into, _top(target, into))]


def _top(place: Placed, x: float) -> float:
    return border(place, (x, place.y), (x, place.y + 1e4))[1]


def _sidestep(points: list[Point], by: float) -> list[Point]:
    if not by:
        return points
    (ax, ay), (bx, by_) = points[0], points[-1]
    length = math.hypot(bx - ax, by_ - ay) or 1.0
    dx, dy = -(by_ - ay) / length * by, (bx - ax) / length * by
    return [(x + dx, y + dy) for x, y in points]


def _trim(points: list[Point], source: Placed, target: Placed) -> list[Point]:
    """Begin and end at the borders; a line that can meet a wide shape straight does not bend to its middle."""
    first, last = points[1], points[-2]
    if len(points) == 2:
        y = _level(source, target)
        if y is not None and abs(points[0][1] - points[1][1]) < max(source.h, target.h) / 2:
            shift = points[0][1] - source.y if source.y == target.y else 0.0
            first, last = (points[1][0], y + shift), (points[0][0], y + shift)
            points = [(points[0][0], y + shift), (points[1][0], y + shift)]
    if abs(last[0] - target.x) < (0.28 if target.item.kind == "output" else 0.42) * target.w and len(points) > 2:
        points[-1] = (last[0], points[-1][1])
    elif len(points) > 2 and target.box[1] < last[1] < target.box[3]:
        points[-1] = (points[-1][0], last[1])
    points[0] = border(source, points[0], first)
    points[-1] = border(target, points[-1], last)
    return points
