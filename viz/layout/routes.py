"""The way of every line: out of its shape, along channels and streets, where no shape stands, and into another.

   ┌──channel────┐                level     the same height, nothing between: straight on
┌──┴──┐     ┌────┴─┐              chain     within a step: from row to row, through the places kept for it
│  S  ├─┐   │  T   │              riser     from a shelf: along its rail, and up through the step
└─────┘ │  ┌┴──────┘              far       beside or above S, along a street or a channel, beside or below T
      street
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from viz.layout.grid import Grid, Spot
from viz.layout.step import Via
from viz.layout.tracks import Tracks
from viz.scene.model import Edge

EXIT = 6.0  # points: what leaves a shape sideways does so above its middle, what comes in below it
XRef = tuple[Any, ...]  # ("x", column, x) across a column; ("street", number, net)
YRef = tuple[
    Any, ...
]  # ("row", row, above its middle), ("top", row), ("bottom", row); ("channel", number, net); ("rail", id)
Way = list[tuple[XRef, YRef]]


@dataclass
class Ways:
    """The ways of all lines, before rows and columns have their places.

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
class Plan:
    """How a line goes, before it is known where at its target's border it arrives.

    Attributes:
        kind: level, elbow, loop, chain, riser, far.
        entry: from which side it comes in: bottom, top, side; or as its kind.
        comes_from: how far left, among the lines that come in there.
    """

    kind: str
    entry: str
    comes_from: tuple[float, float] = (0.0, 0.0)


def ways(grid: Grid) -> Ways:
    """The way of every edge that is not a gradient."""
    found = Ways(grid)
    edges = grid.picture.edges
    plans = [None if edge.kind == "backward" else _plan(grid, edge) for edge in edges]
    nets = _nets(edges, plans)
    ports = _ports(grid, edges, plans)
    seen: Counter[tuple[str, str]] = Counter()
    several = Counter((edge.source, edge.target) for edge, plan in zip(edges, plans, strict=True) if plan)
    for k, (edge, plan) in enumerate(zip(edges, plans, strict=True)):
        if plan is None:
            found.of.append(None)
            continue
        pair = (edge.source, edge.target)
        aside = 7.0 * (seen[pair] - (several[pair] - 1) / 2)
        seen[pair] += 1
        S, T = grid.spots[edge.source], grid.spots[edge.target]
        make = {"level": _level, "elbow": _elbow, "loop": _loop, "chain": _chain, "riser": _riser, "far": _far}[
            plan.kind
        ]
        found.of.append(found.taken(make(grid, S, T, plan, nets.get(k, edge.source), ports.get(k, 0.0), aside)))
    return found


def _plan(grid: Grid, edge: Edge) -> Plan:
    S, T = grid.spots[edge.source], grid.spots[edge.target]
    if S.item.column is None:
        return _plan_from_shelf(grid, S, T)
    if _goes_back(grid, S, T):
        return Plan("loop", "loop")
    if _level_height(S, T) is not None and _is_clear_level(grid, S, T):
        return Plan("level", "level")
    if _turns_once(grid, S, T):
        return Plan("elbow", "elbow")
    step, pair = grid.step(T.item), (S.item.key, T.item.key)
    up = T.row > S.row
    if S.column == T.column and S.item.slot == T.item.slot and S.item.block == T.item.block and step.is_chain(pair):
        side = 1 if up else -1
        if grid.clear_in_row(S, S.x, side) and grid.clear_in_row(T, T.x, -side):
            vias = step.vias(pair)
            last = step.x[vias[-1]] if vias else S.x
            return Plan("chain", "bottom" if up else "top", (T.column, last))
    return _plan_far(grid, S, T, onward=edge.kind in ("recurrent", "cell"))


def _turns_once(grid: Grid, S: Spot, T: Spot) -> bool:
    """Whether a line out of the side of the one comes straight down, or up, on the other, beside it in one cell."""
    if S.column != T.column or S.row != T.row or S is T or S.left - 4 < _turn(S, T) < S.right + 4:
        return False
    low, high = sorted((S.lift, T.lift))
    cell = [o for o in grid.cells[S.column, S.row] if o is not S and o is not T]
    upright = any(abs(o.x - _turn(S, T)) < o.w / 2 + 7 and low < o.top and o.bottom < high for o in cell)
    apart = S.lift > T.top + 6 or S.lift < T.bottom - 6
    return apart and not upright and grid.clear_level(S, T)


def _turn(S: Spot, T: Spot) -> float:
    """Where across its column an elbow turns: beside the middle, where lines go out."""
    return T.x + (-8.0 if S.x < T.x else 8.0)


def _elbow(grid: Grid, S: Spot, T: Spot, plan: Plan, net: Hashable, port: float, aside: float) -> Way:
    out, into = ("row", S.row, S.lift + aside), ("x", T.column, _turn(S, T))
    return [(("x", S.column, S.x), out), (into, out), (into, ("row", T.row, T.lift))]


def _goes_back(grid: Grid, S: Spot, T: Spot) -> bool:
    """Whether a state goes back into what made it, as where all steps are drawn as one."""
    step = grid.step(T.item)
    same = S.column == T.column and S.row == T.row and S.item.slot == T.item.slot and S.item.block == T.item.block
    back = same and S.item.key != T.item.key and (T.item.key, S.item.key) in step.flow
    return back and grid.clear_beside(S, 1) and grid.clear_beside(T, -1)


def _loop(grid: Grid, S: Spot, T: Spot, plan: Plan, net: Hashable, port: float, aside: float) -> Way:
    """Out at the right, over all of the row or under it, and in at the left."""
    over = S.lift > 0
    channel = ("channel", S.row + 1 if over else S.row, net)
    out, back = ("street", S.column + 1, net), ("street", T.column, net)
    leave = ("row", S.row, S.lift)
    enter = ("row", T.row, min(max(S.lift + (9 if over else -9), T.bottom + 7), T.top - 7))
    return [(("x", S.column, S.x), leave), (out, leave), (out, channel), (back, channel), (back, enter),
            (("x", T.column, T.x), enter)]  # fmt: skip


def _plan_from_shelf(grid: Grid, S: Spot, T: Spot) -> Plan:
    step, pair = grid.step(T.item), (S.item.id, T.item.key)
    same_floor = grid.base[T.item.slot] == S.row
    if same_floor and step.rises(pair) and grid.clear_in_row(T, T.x, -1):
        vias = step.vias(pair)
        side = (
            1 if grid.rails[S.item.id] % 2 else -1
        )  # straight up from the rail: on both sides of what is in the middle
        return Plan("riser", "bottom", (T.column, step.x[vias[-1]] if vias else T.x + side))
    return Plan("far", "bottom" if grid.clear_in_row(T, T.x, -1) else "top", (S.column, 0.0))


def _plan_far(grid: Grid, S: Spot, T: Spot, *, onward: bool) -> Plan:
    d = 1 if S.column <= T.column else -1
    beside = grid.clear_beside(T, -d) and abs(S.column - T.column) == 1 and grid.clear_beside(S, d)
    rises = T.row > S.row and not onward and grid.clear_in_row(T, T.x, -1) and grid.clear_in_row(S, S.x, 1)
    if beside and not rises:
        return Plan("far", "side")
    if S.column == T.column and S.row == T.row:
        return Plan("far", "top", (S.column, S.x))
    if grid.clear_in_row(T, T.x, -1):
        return Plan("far", "bottom", (S.column, S.x))
    if grid.clear_in_row(T, T.x, 1):
        return Plan("far", "top", (S.column, S.x))
    return Plan("far", "side")


def _nets(edges: Sequence[Edge], plans: Sequence[Plan | None]) -> dict[int, Hashable]:
    """Whose line each far one is: its source's, or its target's where more of them meet there."""
    far = [k for k, plan in enumerate(plans) if plan and plan.kind in ("far", "riser")]
    out, into = Counter(edges[k].source for k in far), Counter(edges[k].target for k in far)
    return {
        k: ("to", edges[k].target)
        if into[edges[k].target] > out[edges[k].source] and plans[k].kind == "far"  # type: ignore[union-attr]
        else ("from", edges[k].source)
        for k in far
    }


def _ports(grid: Grid, edges: Sequence[Edge], plans: Sequence[Plan | None]) -> dict[int, float]:
    """How far from the middle of its target each line comes in, so that no two fall together."""
    arriving: dict[tuple[str, str], list[int]] = {}
    for k, plan in enumerate(plans):
        if plan and plan.entry in ("bottom", "top"):
            arriving.setdefault((edges[k].target, plan.entry), []).append(k)
    ports: dict[int, float] = {}
    for (target, _), lines in arriving.items():
        spot = grid.spots[target]
        lines.sort(key=lambda k: (plans[k].comes_from, k))  # type: ignore[union-attr]
        space = min(9.0, 0.6 * spot.w / len(lines))
        ports |= {k: space * (place - (len(lines) - 1) / 2) for place, k in enumerate(lines)}
    return ports


def _level_height(S: Spot, T: Spot) -> float | None:
    """At which height, from the middle of their row, a level line meets both; None where none does."""
    if S.row != T.row or S is T:
        return None
    small, large = (S, T) if S.h <= T.h else (T, S)
    return small.lift if large.bottom + 5 <= small.lift <= large.top - 5 else None


def _is_clear_level(grid: Grid, S: Spot, T: Spot) -> bool:
    small, large = (S, T) if S.h <= T.h else (T, S)
    if S.column != T.column:
        d = 1 if S.column < T.column else -1
        return grid.clear_beside(S, d) and grid.clear_beside(T, -d) and grid.clear_between(small, large)
    return grid.clear_level(small, large)


def _level(grid: Grid, S: Spot, T: Spot, plan: Plan, net: Hashable, port: float, aside: float) -> Way:
    height = ("row", S.row, (_level_height(S, T) or 0.0) + aside)
    return [(("x", S.column, S.x), height), (("x", T.column, T.x), height)]


def _end(T: Spot, port: float, entry: str) -> Way:
    """The last way into a shape: straight up, or down."""
    x = ("x", T.column, T.x + port)
    return [(x, ("bottom" if entry == "bottom" else "top", T.row)), (x, ("row", T.row, T.lift))]


def _through(step_x: dict[Any, float], vias: Sequence[Via], base: int, column: int, *, up: bool) -> Way:
    found: Way = []
    for via in vias:
        x, row = ("x", column, step_x[via]), base + via[2]
        ends = [(x, ("bottom", row)), (x, ("top", row))]
        found += ends if up else ends[::-1]
    return found


def _chain(grid: Grid, S: Spot, T: Spot, plan: Plan, net: Hashable, port: float, aside: float) -> Way:
    step, up = grid.step(T.item), T.row > S.row
    passed = _through(step.x, step.vias((S.item.key, T.item.key)), grid.base[T.item.slot], T.column, up=up)
    x = ("x", S.column, S.x)
    return [(x, ("row", S.row, S.lift)), (x, ("top" if up else "bottom", S.row)), *passed, *_end(T, port, plan.entry)]


def _riser(grid: Grid, S: Spot, T: Spot, plan: Plan, net: Hashable, port: float, aside: float) -> Way:
    step = grid.step(T.item)
    vias = step.vias((S.item.id, T.item.key))
    rail = ("rail", S.item.id)
    first = ("x", T.column, step.x[vias[0]] if vias else T.x + port)
    passed = _through(step.x, vias, grid.base[T.item.slot], T.column, up=True)
    return [(("x", S.column, S.x), rail), (first, rail), *passed, *_end(T, port, "bottom")]


def _far(grid: Grid, S: Spot, T: Spot, plan: Plan, net: Hashable, port: float, aside: float) -> Way:
    d = 1 if S.column <= T.column else -1
    out = _exit_street(S, d)
    into_street = T.column if d > 0 else T.column + 1
    if S.item.column is None:
        start: Way = [(("x", S.column, S.x), ("rail", S.item.id)), (("street", S.column + 1, net), ("rail", S.item.id))]
        return [*start, *_arrive(T, plan, net, port, ("street", S.column + 1, net))]
    beside = grid.clear_beside(S, d)
    if plan.entry == "side":
        level = ("row", T.row, T.lift - EXIT)
        if beside and out == into_street and S.column != T.column:
            road = ("street", out, net)
            leave = ("row", S.row, S.lift + EXIT)
            return [(("x", S.column, S.x), leave), (road, leave), (road, level), (("x", T.column, T.x), level)]
        road = ("street", into_street, net)
        start = _leave(grid, S, T, net)
        return [*start, (road, start[-1][1]), (road, level), (("x", T.column, T.x), level)]
    straight = _straight(grid, S, T, plan, net, port)
    if straight is not None:
        return straight
    if beside:
        leave, road = ("row", S.row, S.lift + EXIT), ("street", out, net)
        return [(("x", S.column, S.x), leave), (road, leave), *_arrive(T, plan, net, port, road)]
    start, road = _leave(grid, S, T, net), ("street", into_street, net)
    return [*start, (road, start[-1][1]), *_arrive(T, plan, net, port, road)]


def _exit_street(S: Spot, d: int) -> int:
    return S.column + 1 if d > 0 else S.column


def _arrive(T: Spot, plan: Plan, net: Hashable, port: float, road: XRef) -> Way:
    """From a street along the channel at the target's row, and into it."""
    channel = ("channel", T.row if plan.entry == "bottom" else T.row + 1, net)
    return [(road, channel), (("x", T.column, T.x + port), channel), *_end(T, port, plan.entry)[1:]]


def _leave(grid: Grid, S: Spot, T: Spot, net: Hashable) -> Way:
    """Out of a shape into the channel above or below its row."""
    up = T.row >= S.row
    if not grid.clear_in_row(S, S.x, 1 if up else -1):
        up = not up
    x = ("x", S.column, S.x)
    return [(x, ("row", S.row, S.lift)), (x, ("channel", S.row + 1 if up else S.row, net))]


def _straight(grid: Grid, S: Spot, T: Spot, plan: Plan, net: Hashable, port: float) -> Way | None:
    """Up out of the source, and along one channel only, where nothing stands in the way."""
    x, end = ("x", S.column, S.x), _end(T, port, plan.entry)
    into = end[-1][0]
    if S.column == T.column and S.row == T.row:
        if not grid.clear_in_row(S, S.x, 1):
            return None
        channel = ("channel", S.row + 1, net)
        return [(x, ("row", S.row, S.lift)), (x, channel), (into, channel), end[-1]]
    if T.row <= S.row or plan.entry != "bottom" or not grid.clear_in_row(S, S.x, 1):
        return None
    between = range(S.row + 1, T.row)
    if grid.clear_upright(S.column, S.x, between):
        channel = ("channel", T.row, net)
    elif grid.clear_upright(T.column, T.x + port, between):
        channel = ("channel", S.row + 1, net)
    else:
        return None
    return [(x, ("row", S.row, S.lift)), (x, channel), (into, channel), end[-1]]
