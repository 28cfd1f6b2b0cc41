"""Where everything goes: one step laid out and repeated as columns; floors stacked; shared weights on rails below them.

          shelf │ street │ column 1 │ street │ column 2 │
row 1           │        │  shapes  │        │  shapes  │      shapes stand in rows and columns,
channel  ═══════╪════════╪══════════╪════════╪══════════╪═     lines run between them, so that
row 0           │        │  shapes  │        │  shapes  │      no line can run through a shape
rails    W ─────┴────────┴──────────┴────────┴──────────┴─     time →
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from viz.layout.geometry import size
from viz.layout.order import arrange
from viz.layout.step import ELSEWHERE, Step, step_of
from viz.layout.tracks import Tracks
from viz.scene.model import STATES, Edge, Item, Picture

Part = tuple[int, int, bool]  # block, floor, and whether it was made before any step


def part_of(item: Item) -> Part:
    """Which step an item is laid out with."""
    return item.block, item.slot, item.column is not None and item.column % 1 == 0.25


@dataclass(frozen=True)
class Spot:
    """Where an item stands, before rows and columns have their places.

    Attributes:
        column: counted from the left.
        x: across its column.
        row: of the whole picture; of what stands on a shelf, the row above it.
        lift: how far above the middle of the row.
    """

    item: Item
    column: int
    x: float
    row: int
    lift: float
    w: float
    h: float

    @property
    def bottom(self) -> float:
        """Below, and `top` above, the middle of its row."""
        return self.lift - self.h / 2

    @property
    def top(self) -> float:
        return self.lift + self.h / 2

    @property
    def left(self) -> float:
        """Its borders across the column."""
        return self.x - self.w / 2

    @property
    def right(self) -> float:
        return self.x + self.w / 2


@dataclass
class Grid:
    """Rows and columns with all that stands in them.

    Attributes:
        steps: what stands on each floor of each part.
        base: the first row of each floor, and at the end the row above them all.
        columns: the columns in time, from the left, those of the shelves among them.
        spots: by item id.
        cells: what stands in each column of each row, from the left.
        rails: of what stands on a shelf, which rail from the top.
    """

    picture: Picture
    steps: dict[Part, Step] = field(default_factory=dict)
    base: list[int] = field(default_factory=list)
    columns: list[float] = field(default_factory=list)
    spots: dict[str, Spot] = field(default_factory=dict)
    cells: dict[tuple[int, int], list[Spot]] = field(default_factory=dict)
    rails: dict[str, int] = field(default_factory=dict)
    shelves: dict[int, float] = field(default_factory=dict)

    @property
    def beside(self) -> float:
        """How much more room each line takes: a gradient goes back beside it."""
        return 7.0 if self.picture.gradients else 0.0

    @property
    def margin(self) -> float:
        """What a line keeps from a shape that it passes."""
        return 7.0 + self.beside

    def step(self, item: Item) -> Step:
        """The step that an item is a part of."""
        return self.steps[part_of(item)]

    def clear_beside(self, spot: Spot, side: int) -> bool:
        """Whether nothing stands between it and the street at its right (1), or at its left (−1)."""
        row = self.cells[spot.column, spot.row]
        if len(row) > 64:
            return row[-1 if side > 0 else 0] is spot
        return not any((o.x - spot.x) * side > 0 and _at_one_height(spot, o) for o in row if o is not spot)

    def clear_between(self, one: Spot, other: Spot) -> bool:
        """Whether nothing stands between two columns of one row at the height of the first."""
        low, high = sorted((one.column, other.column))
        between = (o for c in range(low + 1, high) for o in self.cells.get((c, one.row), ()))
        return not any(_at_one_height(one, o) for o in between)

    def clear_level(self, one: Spot, other: Spot) -> bool:
        """Whether a level line at the height of the first meets nothing on its way to the other, in the same cell."""
        low, high = sorted((one.x, other.x))
        row = self.cells[one.column, one.row]
        if len(row) > 64:
            return abs(row.index(one) - row.index(other)) == 1
        return not any(low < o.x < high and _at_one_height(one, o) for o in row if o is not one and o is not other)

    def clear_upright(self, column: int, x: float, rows: Iterable[int]) -> bool:
        """Whether a vertical line through these rows of a column meets nothing."""
        return not any(abs(o.x - x) < o.w / 2 + self.margin for row in rows for o in self.cells.get((column, row), ()))

    def clear_in_row(self, spot: Spot, x: float, side: int) -> bool:
        """Whether a vertical line from it out of its row, upward (1) or downward (−1), meets nothing."""
        row = self.cells[spot.column, spot.row]
        return not any(
            abs(o.x - x) < o.w / 2 + self.margin and (o.lift - spot.lift) * side > 0 for o in row if o is not spot
        )


def _at_one_height(one: Spot, other: Spot) -> bool:
    """Whether a level line from the one may touch the other, gradient arrows beside it included."""
    return other.bottom - 4 < min(one.top, one.lift + 13) and other.top + 4 > max(one.bottom, one.lift - 13)


def grid(picture: Picture) -> Grid:
    """Everything in its row and column; the same picture always gives the same numbers."""
    found = Grid(picture)
    _arrange_steps(found)
    _stack_floors(found)
    _number_columns(found)
    _fill_columns(found)
    _fill_shelves(found)
    return found


def _arrange_steps(found: Grid) -> None:
    """Layers with their gutters in line, and what stands above them lined up with the gutter."""
    picture = found.picture
    parts: dict[Part, list[Item]] = {}
    for item in picture.items:
        parts.setdefault(part_of(item), []).append(item)
    edges: dict[Part, list[Edge]] = {part: [] for part in parts}
    for edge in picture.edges:
        edges[part_of(picture.by_id[edge.target])].append(edge)
    for part in sorted(parts):
        found.steps[part] = step_of(parts[part], edges[part], picture.by_id)
        found.steps[part].room += found.beside
    for block, early in dict.fromkeys((block, early) for block, _, early in sorted(parts)):
        _line_up([step for (b, _, e), step in found.steps.items() if (b, e) == (block, early)])


def _line_up(floors: list[Step]) -> None:
    """The gutters of all layers in line; in a layer that runs backwards, the middle of what makes its states."""
    layers = [step for step in floors if step.has_states]
    ahead = [step for step in layers if not step.reverse]
    for step in layers:
        arrange(step)
    gutter = max((step.gutter for step in ahead), default=0.0)
    for step in ahead:
        step.shift(gutter - step.gutter)
    middle = ahead[0].middle if ahead else 0.0
    for step in layers:
        if step.reverse:
            step.shift(middle - step.middle)
    for step in floors:
        if not step.has_states:
            arrange(step, gutter if layers else None)


def _stack_floors(found: Grid) -> None:
    row = 0
    for slot in range(max((s for _, s, _ in found.steps), default=0) + 1):
        found.base.append(row)
        heights = (max(step.rows.values(), default=0) + 1 for (_, s, _), step in found.steps.items() if s == slot)
        row += max(heights, default=0)
    found.base.append(row)


def _number_columns(found: Grid) -> None:
    """A shelf stands before the first column of its part."""
    items = found.picture.items
    firsts: dict[int, float] = {}
    for item in items:
        if item.column is not None:
            firsts[item.block] = min(firsts.get(item.block, math.inf), item.column)
    for item in items:
        if item.column is None:
            found.shelves[item.block] = firsts.get(item.block, 1.0) - 0.1
    used = {item.column for item in items if item.column is not None}
    found.columns = sorted(used | set(found.shelves.values()))


def _fill_columns(found: Grid) -> None:
    rank = {column: k for k, column in enumerate(found.columns)}
    stand_ins = _stand_ins(found)
    for item in found.picture.items:
        if item.column is not None:
            _stand(found, _spot(found, item, stand_ins.get(item.id, item.key), rank[item.column]))
    for cell in found.cells.values():
        if any(spot.item.kind in ELSEWHERE for spot in cell):
            _make_room(found, cell)
        cell.sort(key=lambda spot: spot.x)


def _stand(found: Grid, spot: Spot) -> None:
    found.spots[spot.item.id] = spot
    found.cells.setdefault((spot.column, spot.row), []).append(spot)


def _spot(found: Grid, item: Item, key: str, column: int) -> Spot:
    step = found.step(item)
    w, h = step.sizes[key] if item.kind == "box" else size(item)
    row, lift = found.base[item.slot] + step.rows.get(key, 0), step.lifts.get(key, 0.0)
    return Spot(item, column, 0.0 if item.kind in ELSEWHERE else step.x[key], row, lift, w, h)


def _stand_ins(found: Grid) -> dict[str, str]:
    """For each first value and each ellipsis the key at whose height it stands.

    That of the state that it starts, where the picture has it; else of what uses it.
    """
    picture = found.picture
    states = {(part_of(i), i.kind, _letter(i)): i.key for i in picture.items if i.kind in STATES}
    users: dict[str, str] = {}
    for edge in picture.edges:
        a, b = picture.by_id[edge.source], picture.by_id[edge.target]
        if edge.kind != "backward" and a.kind in ELSEWHERE and b.key in found.step(a).rows:
            users.setdefault(a.id, b.key)
    keys: dict[str, str] = {}
    for item in picture.items:
        if item.kind in ELSEWHERE:
            rows = found.step(item).rows
            own = item.key if item.key in rows else states.get((part_of(item), item.starts, _letter(item)))
            keys[item.id] = own or users.get(item.id, "")
    return keys


def _letter(item: Item) -> str:
    return (item.nodes[0].name or "").partition(" ")[0] if item.nodes else ""


def _make_room(found: Grid, cell: list[Spot]) -> None:
    """First values and ellipses beside each other, where two would stand at one place."""
    settled = [spot for spot in cell if spot.item.kind not in ELSEWHERE]
    for spot in [spot for spot in cell if spot.item.kind in ELSEWHERE]:
        x, moved = spot.x, True
        while moved:
            moved = False
            for other in settled:
                high = spot.bottom < other.top + 4 and other.bottom < spot.top + 4
                if high and abs(other.x - x) < (other.w + spot.w) / 2 + 8:
                    x, moved = other.x + (other.w + spot.w) / 2 + 12, True
        new = Spot(spot.item, spot.column, x, spot.row, spot.lift, spot.w, spot.h)
        settled.append(new)
        found.spots[spot.item.id] = new
    cell[:] = settled


def _fill_shelves(found: Grid) -> None:
    """What all steps share: what enters leftmost on the top rail, as it crosses least; no two rails on each other."""
    picture = found.picture
    rank = {column: k for k, column in enumerate(found.columns)}
    ends: dict[str, int] = {}
    entry: dict[str, float] = {}
    for edge in picture.edges:
        if edge.source in picture.by_id and picture.by_id[edge.source].column is None:
            spot = found.spots.get(edge.target)
            if spot is not None:
                ends[edge.source] = max(ends.get(edge.source, 0), spot.column)
                step, pair = found.step(spot.item), (edge.source, spot.item.key)
                vias = step.vias(pair) if step.rises(pair) else []
                x = step.x[vias[0]] if vias else spot.x
                entry[edge.source] = min(entry.get(edge.source, math.inf), x)
    shelved = [item for item in picture.items if item.column is None]
    for slot in sorted({item.slot for item in shelved}):
        rails = Tracks()
        own = sorted((i for i in shelved if i.slot == slot), key=lambda i: (i.block, entry.get(i.id, math.inf), i.id))
        for place, item in enumerate(own):
            column = rank[found.shelves[item.block]]
            w, h = size(item)
            found.spots[item.id] = Spot(item, column, -w / 2, found.base[slot], 0.0, w, h)
            rails.add(item.id, (column, place), (max(ends.get(item.id, column), column), math.inf))
        rails.settle()
        found.rails |= {item.id: rails.of[item.id] for item in own}
