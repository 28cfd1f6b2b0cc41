"""The way of every line: out of its shape, along channels and streets, where no shape stands, and into another.

       ┌──channel────┐
    ┌──┴──┐     ┌────┴─┐
    │  S  ├─┐   │  T   │
    └─────┘ │  ┌┴──────┘
          street

A way is a list of corners. Where rows, columns, channels and streets lie is not known yet: a corner names them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from viz.layout.grid import Grid, Spot
from viz.layout.plans import Plan, level_height, nets, plan, ports, turning
from viz.layout.step import Via
from viz.layout.tracks import Tracks

EXIT, ENTER, LOOP = 6.0, 12.0, 9.0  # points from the middle: above it a line leaves sideways, below it one comes in
SIDE_BY_SIDE = 7.0  # points between two uses of one value by another
XRef = tuple[Any, ...]  # ("x", column, x) across a column; ("street", number, net)
YRef = tuple[
    Any, ...
]  # ("row", row, above its middle), ("top", row), ("bottom", row); ("channel", number, net); ("rail", id)
Way = list[tuple[XRef, YRef]]


@dataclass
class Ways:
    """The ways of all lines.

    Attributes:
        grid: what stands where.
        of: the way of each edge of the picture, by its place there; None for gradients, which go along another's.
        channels, streets: the tracks below each row, and at the left of each column.
    """

    grid: Grid
    of: list[Way | None] = field(default_factory=list)
    channels: dict[int, Tracks] = field(default_factory=dict)
    streets: dict[int, Tracks] = field(default_factory=dict)

    def taken(self, way: Way) -> Way:
        """The way, with a track for each of its lines in a channel or a street."""
        for (x1, y1), (x2, y2) in pairwise(way):
            if y1[0] == y2[0] == "channel" and y1[1] == y2[1]:
                self.channels.setdefault(y1[1], Tracks()).add(y1[2], _across(x1), _across(x2))
            if x1[0] == x2[0] == "street" and x1[1] == x2[1]:
                self.streets.setdefault(x1[1], Tracks()).add(x1[2], self._upward(y1), self._upward(y2))
        return way

    def _upward(self, y: YRef) -> tuple[float, float]:
        if y[0] == "rail":  # rails lie under the tracks of their channel
            return 2.0 * self.grid.spots[y[1]].row - 0.5, 0.0
        return (2.0 * y[1], 0.0) if y[0] == "channel" else (2.0 * y[1] + 1, y[2] if y[0] == "row" else 0.0)


def _across(x: XRef) -> tuple[float, float]:
    return (x[1] - 0.5, 0.0) if x[0] == "street" else (float(x[1]), x[2])


@dataclass(frozen=True)
class Line:
    """One edge on its way from S to T.

    Attributes:
        net: whose lines it may lie on.
        port: how far from the middle of T it comes in.
        aside: how far from the middle it keeps where several go straight from S to T.
    """

    grid: Grid
    S: Spot
    T: Spot
    plan: Plan
    net: Hashable
    port: float
    aside: float

    @property
    def ahead(self) -> int:
        """Whether it leaves S on the right (1) or on the left (−1)."""
        return 1 if self.S.column <= self.T.column else -1

    @property
    def start(self) -> tuple[XRef, YRef]:
        """The middle of S."""
        return ("x", self.S.column, self.S.x), ("row", self.S.row, self.S.lift)

    @property
    def into(self) -> XRef:
        """Where across its column it comes in from below or above."""
        return "x", self.T.column, self.T.x + self.port

    @property
    def end(self) -> tuple[XRef, YRef]:
        """Inside T, above or below where it comes in."""
        return self.into, ("row", self.T.row, self.T.lift)

    def street(self, number: int) -> XRef:
        """The street at the left of a column."""
        return "street", number, self.net

    def channel(self, row: int) -> YRef:
        """The channel below a row."""
        return "channel", row, self.net


def ways(grid: Grid) -> Ways:
    """The way of every edge that is not a gradient."""
    found, edges = Ways(grid), grid.picture.edges
    plans = [None if edge.kind == "backward" else plan(grid, edge) for edge in edges]
    arriving, owners = ports(grid, edges, plans), nets(edges, plans)
    several = Counter((edge.source, edge.target) for edge, way in zip(edges, plans, strict=True) if way)
    seen: Counter[tuple[str, str]] = Counter()
    for k, (edge, way) in enumerate(zip(edges, plans, strict=True)):
        if way is None:
            found.of.append(None)
            continue
        pair = (edge.source, edge.target)
        aside = SIDE_BY_SIDE * (seen[pair] - (several[pair] - 1) / 2)
        seen[pair] += 1
        line = Line(grid, grid.spots[edge.source], grid.spots[edge.target], way, owners[k], arriving.get(k, 0.0), aside)
        found.of.append(found.taken(MAKERS[way.kind](line)))
    return found


def _level(line: Line) -> Way:
    S, T = line.S, line.T
    height = ("row", S.row, (level_height(S, T) or 0.0) + line.aside)
    return [(("x", S.column, S.x), height), (("x", T.column, T.x), height)]


def _elbow(line: Line) -> Way:
    S, T = line.S, line.T
    out, into = ("row", S.row, S.lift + line.aside), ("x", T.column, turning(S, T))
    return [(("x", S.column, S.x), out), (into, out), (into, ("row", T.row, T.lift))]


def _loop(line: Line) -> Way:
    """Out at the right, over all of the row or under it, and in at the left."""
    S, T, over = line.S, line.T, line.S.lift > 0
    around = line.channel(S.row + 1 if over else S.row)
    out, back = line.street(S.column + 1), line.street(T.column)
    height = S.lift + (LOOP if over else -LOOP)
    enter = ("row", T.row, min(max(height, T.bottom + 7), T.top - 7))
    start, leave = line.start
    return [(start, leave), (out, leave), (out, around), (back, around), (back, enter), (("x", T.column, T.x), enter)]


def _chain(line: Line) -> Way:
    S, T, step = line.S, line.T, line.grid.step(line.T.item)
    up = T.row > S.row
    edge = ("top" if up else "bottom", S.row)
    return [line.start, (line.start[0], edge), *_through(line, step.vias((S.item.key, T.item.key)), up=up), *_in(line)]


def _riser(line: Line) -> Way:
    S, T, step = line.S, line.T, line.grid.step(line.T.item)
    rail, vias = ("rail", S.item.id), step.vias((S.item.id, T.item.key))
    first = ("x", T.column, step.x[vias[0]]) if vias else line.into
    return [(("x", S.column, S.x), rail), (first, rail), *_through(line, vias, up=True), *_in(line)]


def _through(line: Line, vias: Sequence[Via], *, up: bool) -> Way:
    """Straight through each row, by the place that is kept there."""
    step, base, found = line.grid.step(line.T.item), line.grid.base[line.T.item.slot], Way()
    for via in vias:
        x, row = ("x", line.T.column, step.x[via]), base + via[2]
        ends = [(x, ("bottom", row)), (x, ("top", row))]
        found += ends if up else ends[::-1]
    return found


def _in(line: Line) -> Way:
    return [(line.into, (line.plan.entry, line.T.row)), line.end]


def _far(line: Line) -> Way:
    S, T, grid, ahead = line.S, line.T, line.grid, line.ahead
    if S.item.column is None:
        rail, road = ("rail", S.item.id), line.street(S.column + 1)
        return [(("x", S.column, S.x), rail), (road, rail), *_arrive(line, road)]
    beside = grid.clear_beside(S, ahead)
    out, into = (S.column + 1, T.column) if ahead > 0 else (S.column, T.column + 1)
    if line.plan.entry == "side":
        direct = beside and out == into and S.column != T.column
        start = _sideways(line, out) if direct else _leave(line, into)
        level = ("row", T.row, T.lift - min(ENTER, T.h / 2 - 8))
        return [*start, (start[-1][0], level), (("x", T.column, T.x), level)]
    straight = _straight(line)
    if straight:
        return straight
    start = _sideways(line, out) if beside else _leave(line, into)
    return [*start, *_arrive(line, start[-1][0])]


def _sideways(line: Line, street: int) -> Way:
    """Out of the side of a shape into a street."""
    leave = ("row", line.S.row, line.S.lift + EXIT)
    return [(line.start[0], leave), (line.street(street), leave)]


def _leave(line: Line, street: int) -> Way:
    """Out of a shape into the channel above or below its row, and along it to a street."""
    S, up = line.S, line.T.row >= line.S.row
    if not line.grid.clear_in_row(S, S.x, 1 if up else -1):
        up = not up
    channel = line.channel(S.row + 1 if up else S.row)
    return [line.start, (line.start[0], channel), (line.street(street), channel)]


def _arrive(line: Line, road: XRef) -> Way:
    """From a street along the channel at the target's row, and into it."""
    channel = line.channel(line.T.row if line.plan.entry == "bottom" else line.T.row + 1)
    return [(road, channel), (line.into, channel), line.end]


def _straight(line: Line) -> Way | None:
    """Up out of the source, and along one channel only, where nothing stands in the way."""
    S, T, grid = line.S, line.T, line.grid
    beside = S.column == T.column and S.row == T.row
    if not grid.clear_in_row(S, S.x, 1) or not (beside or (T.row > S.row and line.plan.entry == "bottom")):
        return None
    between = range(S.row + 1, T.row)
    if beside or not grid.clear_upright(S.column, S.x, between):
        if not beside and not grid.clear_upright(T.column, T.x + line.port, between):
            return None
        channel = line.channel(S.row + 1)
    else:
        channel = line.channel(T.row)
    return [line.start, (line.start[0], channel), (line.into, channel), line.end]


MAKERS: dict[str, Callable[[Line], Way]] = {
    "level": _level, "elbow": _elbow, "loop": _loop, "chain": _chain, "riser": _riser, "far": _far,
}  # fmt: skip
