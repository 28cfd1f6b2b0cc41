"""Which kind of way each line takes, whose tracks it may use, and where at its target's border it comes in.

level   the same height, nothing between            riser   from a shelf: along its rail, and up through the step
elbow   out at the side, straight down or up        loop    back into what made it, around the row
chain   within a step, from row to row              far     by a street or a channel
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from viz.layout.grid import Grid, Spot
from viz.scene.model import Edge

PORT, TURN = 9.0, 8.0  # points between lines that come in side by side; from the middle to where an elbow turns


@dataclass(frozen=True)
class Plan:
    """How a line goes.

    Attributes:
        kind: level, elbow, loop, chain, riser, far.
        entry: from which side it comes in: bottom, top, side.
        comes_from: how far left, among the lines that come in there.
    """

    kind: str
    entry: str = "side"
    comes_from: tuple[float, float] = (0.0, 0.0)


def plan(grid: Grid, edge: Edge) -> Plan:
    """The first kind of way that is clear; a far one always is."""
    S, T = grid.spots[edge.source], grid.spots[edge.target]
    if S.item.column is None:
        return _from_shelf(grid, S, T)
    if _goes_back(grid, S, T):
        return Plan("loop")
    if level_height(S, T) is not None and _is_clear_level(grid, S, T):
        return Plan("level")
    if _turns_once(grid, S, T):
        return Plan("elbow")
    return _within(grid, S, T) or _far(grid, S, T, onward=edge.kind in ("recurrent", "cell"))


def _from_shelf(grid: Grid, S: Spot, T: Spot) -> Plan:
    step, pair = grid.step(T.item), (S.item.id, T.item.key)
    if grid.base[T.item.slot] == S.row and step.rises(pair) and grid.clear_in_row(T, T.x, -1):
        vias = step.vias(pair)
        side = (
            1 if grid.rails[S.item.id] % 2 else -1
        )  # straight up from the rail: on both sides of what is in the middle
        return Plan("riser", "bottom", (T.column, step.x[vias[-1]] if vias else T.x + side))
    return Plan("far", "bottom" if grid.clear_in_row(T, T.x, -1) else "top", (S.column, 0.0))


def _goes_back(grid: Grid, S: Spot, T: Spot) -> bool:
    """Whether a state goes back into what made it, as where all steps are drawn as one."""
    back = _in_one_step(S, T) and S.row == T.row and (T.item.key, S.item.key) in grid.step(T.item).flow
    return back and grid.clear_beside(S, 1) and grid.clear_beside(T, -1)


def _in_one_step(S: Spot, T: Spot) -> bool:
    return S.column == T.column and S.item.slot == T.item.slot and S.item.block == T.item.block and S is not T


def level_height(S: Spot, T: Spot) -> float | None:
    """At which height, from the middle of their row, a level line meets both; None where none does."""
    if S.row != T.row or S is T:
        return None
    small, large = (S, T) if S.h <= T.h else (T, S)
    return small.lift if large.bottom + 5 <= small.lift <= large.top - 5 else None


def _is_clear_level(grid: Grid, S: Spot, T: Spot) -> bool:
    small, large = (S, T) if S.h <= T.h else (T, S)
    if S.column == T.column:
        return grid.clear_level(small, large)
    ahead = 1 if S.column < T.column else -1
    return grid.clear_beside(S, ahead) and grid.clear_beside(T, -ahead) and grid.clear_between(small, large)


def _turns_once(grid: Grid, S: Spot, T: Spot) -> bool:
    """Whether a line out of the side of the one comes straight down, or up, on the other, beside it in one cell."""
    turn = turning(S, T)
    if S.column != T.column or S.row != T.row or S is T or S.left - 4 < turn < S.right + 4:
        return False
    low, high = sorted((S.lift, T.lift))
    cell = [o for o in grid.cells[S.column, S.row] if o is not S and o is not T]
    upright = any(abs(o.x - turn) < o.w / 2 + 7 and low < o.top and o.bottom < high for o in cell)
    apart = S.lift > T.top + 6 or S.lift < T.bottom - 6
    return apart and not upright and grid.clear_level(S, T)


def turning(S: Spot, T: Spot) -> float:
    """Where across its column an elbow turns: beside the middle, where lines go out."""
    return T.x + (-TURN if S.x < T.x else TURN)


def _within(grid: Grid, S: Spot, T: Spot) -> Plan | None:
    """From row to row of one step, if that is the way to go."""
    step, pair = grid.step(T.item), (S.item.key, T.item.key)
    side = 1 if T.row > S.row else -1
    if not (_in_one_step(S, T) and step.is_chain(pair)):
        return None
    if not (grid.clear_in_row(S, S.x, side) and grid.clear_in_row(T, T.x, -side)):
        return None
    vias = step.vias(pair)
    return Plan("chain", "bottom" if side > 0 else "top", (T.column, step.x[vias[-1]] if vias else S.x))


def _far(grid: Grid, S: Spot, T: Spot, *, onward: bool) -> Plan:
    """Sideways into the next column where a state goes on; else from below, or where that is taken from above."""
    ahead = 1 if S.column <= T.column else -1
    below, comes_from = grid.clear_in_row(T, T.x, -1), (S.column, S.x)
    rises = T.row > S.row and not onward and below and grid.clear_in_row(S, S.x, 1)
    adjacent = abs(S.column - T.column) == 1
    if adjacent and grid.clear_beside(T, -ahead) and grid.clear_beside(S, ahead) and not rises:
        return Plan("far", "side")
    if S.column == T.column and S.row == T.row:
        return Plan("far", "top", comes_from)
    if below or grid.clear_in_row(T, T.x, 1):
        return Plan("far", "bottom" if below else "top", comes_from)
    return Plan("far", "side")


def nets(edges: Sequence[Edge], plans: Sequence[Plan | None]) -> list[Hashable]:
    """Whose line each one is: its source's, or its target's where more far lines meet there."""
    far = [edge for edge, way in zip(edges, plans, strict=True) if way and way.kind in ("far", "riser")]
    out, into = Counter(edge.source for edge in far), Counter(edge.target for edge in far)
    return [
        ("to", edge.target)
        if way and way.kind == "far" and into[edge.target] > out[edge.source]
        else ("from", edge.source)
        for edge, way in zip(edges, plans, strict=True)
    ]


def ports(grid: Grid, edges: Sequence[Edge], plans: Sequence[Plan | None]) -> dict[int, float]:
    """How far from the middle of its target each line comes in, so that no two fall together; by place in `edges`."""
    arriving: dict[tuple[str, str], list[tuple[tuple[float, float], int]]] = {}
    for k, (edge, way) in enumerate(zip(edges, plans, strict=True)):
        if way and way.entry != "side":
            arriving.setdefault((edge.target, way.entry), []).append((way.comes_from, k))
    found: dict[int, float] = {}
    for (target, _), lines in arriving.items():
        space = min(PORT, 0.6 * grid.spots[target].w / len(lines))
        found |= {k: space * (place - (len(lines) - 1) / 2) for place, (_, k) in enumerate(sorted(lines))}
    return found
