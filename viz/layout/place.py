"""Rows and columns in points: as high and as wide as what stands in them, with room for every line between them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property

from viz.layout.geometry import Placed, Point, beside, border, text_size
from viz.layout.grid import Spot, grid
from viz.layout.routes import Way, Ways, XRef, YRef, ways
from viz.scene.model import Item, Picture

CHANNEL, STREET, TRACK, RAIL, PAD = 26.0, 16.0, 7.0, 14.0, 7.0
BESIDE = 6.0  # how far a gradient goes from the line that it goes back along
FRAME = (12.0, 10.0, 10.0, 24.0)  # around what is inside: left, below, right, above, where its label stands


Box = tuple[float, float, float, float]  # left, bottom, right, top


@dataclass(frozen=True)
class Frame:
    """The rectangle around what a layer does at one step."""

    id: str
    label: str
    box: Box
    members: tuple[str, ...]


@dataclass
class Layout:
    """Everything in its place.

    Attributes:
        places: by item id.
        lines: the corners that each edge turns at, from border to border, in the order of the picture's edges.
        frames: what is drawn around the parts of a layer, in reading order.
    """

    picture: Picture
    places: dict[str, Placed] = field(default_factory=dict)
    lines: list[list[Point]] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)

    @cached_property
    def extent(self) -> Box:
        """Left, bottom, right and top of all shapes, frames and lines."""
        boxes = [place.box for place in self.places.values()] + [frame.box for frame in self.frames]
        boxes += [(x, y, x, y) for line in self.lines for x, y in line]
        lows, highs = ([edge((box[k] for box in boxes), default=0.0) for k in range(4)] for edge in (min, max))
        return lows[0], lows[1], highs[2], highs[3]


def layout(picture: Picture) -> Layout:
    """Place every item, and lead every edge; the same picture always gives the same numbers."""
    board = _Board(ways(grid(picture)), wide=picture.gradients)
    plan = Layout(picture)
    for id, spot in board.grid.spots.items():
        plan.places[id] = board.placed(id, spot)
    plan.lines = _lines(board, plan)
    plan.frames = _frames(plan)
    return plan


class _Board:
    """Where each row, column, channel, street and rail lies.

    Args:
        wide: a gradient goes back beside each line.
    """

    def __init__(self, found: Ways, *, wide: bool) -> None:
        self.ways, self.grid = found, found.grid
        self.track = TRACK * (1.7 if wide else 1.0)
        self.row: list[float] = []
        self.up: list[float] = []
        self.down: list[float] = []
        self.channel: list[float] = []  # y of the first track below each row
        self.rail: dict[str, float] = {}
        self.column: list[float] = []
        self.street: list[float] = []  # x of the first track at the left of each column
        self._stack_rows()
        self._line_up_columns()

    def _stack_rows(self) -> None:
        rows = self.grid.base[-1]
        self.up, self.down = [14.0] * rows, [14.0] * rows
        for spot in self.grid.spots.values():
            if spot.item.column is not None:
                self.up[spot.row] = max(self.up[spot.row], spot.top)
                self.down[spot.row] = max(self.down[spot.row], -spot.bottom)
        self.up, self.down = ([at + self.grid.beside for at in side] for side in (self.up, self.down))
        framed = {spot.row for spot in self.grid.spots.values() if self.grid.picture.is_framed(spot.item)}
        y = 0.0
        for row in range(rows + 1):
            if row - 1 in framed and row in self.grid.base:  # a frame's label, under its upper border
                y += FRAME[3]
            count = self.ways.channels[row].settle() if row in self.ways.channels else 0
            tracks = max(CHANNEL if row else 12.0, 2 * PAD + count * self.track)
            rails = self._lay_rails(
                row, y if row == 0 else y + tracks
            )  # between two floors, above what leaves the lower
            self.channel.append(y + PAD + (rails if row == 0 else 0.0))
            y += tracks + rails
            if row < rows:
                y += CHANNEL if row and rails else 0.0
                self.row.append(y + self.down[row])
                y += self.down[row] + self.up[row]

    def _lay_rails(self, row: int, y: float) -> float:
        """The rails below a row, and what stands on the shelf at their ends; how high they are together."""
        own = [(track, id) for id, track in self.grid.rails.items() if self.grid.spots[id].row == row]
        if not own:
            return 0.0
        tall = max(self.grid.spots[id].h for _, id in own) + RAIL
        count = max(track for track, _ in own) + 1
        for track, id in own:
            self.rail[id] = y + (count - 1 - track + 0.5) * tall
        return count * tall

    def _line_up_columns(self) -> None:
        columns = len(self.grid.columns)
        left, right = [0.0] * columns, [0.0] * columns
        met: set[int] = set()

        def reach(column: int, low: float, high: float) -> None:
            left[column] = min(left[column], low) if column in met else low
            right[column] = max(right[column], high) if column in met else high
            met.add(column)

        inside: dict[tuple[int, int], list[Spot]] = {}
        for spot in self.grid.spots.values():
            reach(spot.column, spot.left, spot.right)
            if self.grid.picture.is_framed(spot.item):
                inside.setdefault((spot.item.lane or 0, spot.column), []).append(spot)
        for (lane, column), spots in inside.items():
            label = _frame_label(self.grid.picture, lane, [spot.item for spot in spots])
            ends = min(spot.left for spot in spots), max(spot.right for spot in spots)
            reach(column, *_frame_ends(label, *ends, reverse=self.grid.picture.lanes[lane].reverse))
        for way in self.ways.of:
            for x, _ in way or ():
                if x[0] == "x":
                    reach(x[1], x[2] - 5, x[2] + 5)
        cut = {self.grid.spots[e.target].column for e in self.grid.picture.edges if e.kind == "cut"}
        at = 0.0
        for k in range(columns + 1):
            count = self.ways.streets[k].settle() if k in self.ways.streets else 0
            self.street.append(at + PAD)
            least = 66.0 if k in cut else STREET + 2 * self.grid.beside
            at += max(least, 2 * PAD + count * self.track) if k else count * self.track
            if k < columns:
                self.column.append(at - left[k])
                at += right[k] - left[k]

    def placed(self, id: str, spot: Spot) -> Placed:
        """An item at its place."""
        y = self.rail[id] if spot.item.column is None else self.row[spot.row] + spot.lift
        return Placed(spot.item, self.column[spot.column] + spot.x, y, spot.w, spot.h)

    def points(self, way: Way) -> list[Point]:
        """The corners of a way."""
        return [(self._x(x), self._y(y)) for x, y in way]

    def _x(self, x: XRef) -> float:
        if x[0] == "x":
            return self.column[x[1]] + x[2]
        return self.street[x[1]] + (self.ways.streets[x[1]].of.get(x[2], 0) + 0.5) * self.track

    def _y(self, y: YRef) -> float:
        kind, at = y[0], y[1]
        if kind == "rail":
            return self.rail[at]
        if kind == "channel":
            tracks = self.ways.channels.get(at)
            return self.channel[at] + ((tracks.of.get(y[2], 0) if tracks else 0) + 0.5) * self.track
        middle = self.row[at]
        if kind == "row":
            return middle + y[2]
        return middle + self.up[at] if kind == "top" else middle - self.down[at]


def _lines(board: _Board, plan: Layout) -> list[list[Point]]:
    """Every edge from border to border; a gradient goes back beside the line that it came along."""
    edges = plan.picture.edges
    whole = [board.points(way) if way else [] for way in board.ways.of]
    along = {(e.source, e.target, use): k for k, e in enumerate(edges) if whole[k] for use in e.uses}
    found = []
    for k, edge in enumerate(edges):
        points = whole[k]
        if edge.kind == "backward":
            points = beside(whole[along[edge.target, edge.source, edge.uses[0]]][::-1], BESIDE)
        found.append(_trimmed(points, plan.places[edge.source], plan.places[edge.target]))
    return found


def _trimmed(points: list[Point], source: Placed, target: Placed) -> list[Point]:
    points = [p for k, p in enumerate(points) if k == 0 or p != points[k - 1]]
    while len(points) > 2 and source.contains(points[1]):
        del points[0]
    while len(points) > 2 and target.contains(points[-2]):
        del points[-1]
    points[0] = border(source, points[0], points[1])
    points[-1] = border(target, points[-1], points[-2])
    return points


def _frames(plan: Layout) -> list[Frame]:
    groups: dict[tuple[int, float], list[Placed]] = {}
    for place in plan.places.values():
        item = place.item
        if plan.picture.is_framed(item):
            groups.setdefault((item.lane or 0, item.column or 0.0), []).append(place)
    heights: dict[int, tuple[float, float]] = {}  # one for all frames of a layer: their upper borders are in line
    for (lane, _), members in groups.items():
        low, high = heights.get(lane, (math.inf, -math.inf))
        heights[lane] = min(low, *(p.box[1] for p in members)), max(high, *(p.box[3] for p in members))
    return [_frame(plan, *key, members, *heights[key[0]]) for key, members in sorted(groups.items())]


def _frame(plan: Layout, lane: int, column: float, members: list[Placed], low: float, high: float) -> Frame:
    boxes = [place.box for place in members]
    _, below, _, above = FRAME
    label = _frame_label(plan.picture, lane, [place.item for place in members])
    left, right = min(b[0] for b in boxes), max(b[2] for b in boxes)
    start, end = _frame_ends(label, left, right, reverse=plan.picture.lanes[lane].reverse)
    ids = tuple(place.item.id for place in members)
    return Frame(f"c_{lane}_{column:g}", label, (start, low - below, end, high + above), ids)


def _frame_label(picture: Picture, lane: int, items: list[Item]) -> str:
    step = next((item.nodes[0].step for item in items if item.nodes), None)
    return f"{picture.lanes[lane].name}  t = {step}"


def _frame_ends(label: str, left: float, right: float, *, reverse: bool) -> tuple[float, float]:
    """The left and the right of a frame around what stands between these, as wide as its label at least.

    It grows away from where the states stand.
    """
    left, right, wide = left - FRAME[0], right + FRAME[2], text_size(label)[0] + 22.0
    return (left, max(right, left + wide)) if reverse else (min(left, right - wide), right)
