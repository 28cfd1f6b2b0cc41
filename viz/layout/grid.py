"""Where everything goes: one step laid out, repeated as columns; layers stacked; shared weights on rails below them.

layer 1   │ rows of a step │ h │ rows of a step │ h │
rails     W ──┴────────────────┴───────────────────
layer 0   │ rows of a step │ h │ rows of a step │ h │
rails     W ──┴────────────────┴───────────────────     time →
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

from viz.layout.geometry import Placed, Point, size
from viz.layout.order import arrange, step_of
from viz.layout.step import Step
from viz.scene.model import STATES, Item, Picture

ROW, RAIL, MARGIN, ELISION = 52.0, 38.0, 34.0, 150.0


@dataclass(frozen=True)
class Frame:
    """The rectangle around what a layer does at one step."""

    id: str
    label: str
    box: tuple[float, float, float, float]
    members: tuple[str, ...]


@dataclass
class Layout:
    """The grid, and what stands in it.

    Attributes:
        places: by item id.
        frames: the clusters of the op view, in reading order.
        steps: each layer's step, by key.
        base, ceiling: y of each layer's row 0, and of the free space above it.
        rails: y of each (shared item's id, layer).
        origin: x of each column.
    """

    picture: Picture
    places: dict[str, Placed] = field(default_factory=dict)
    frames: list[Frame] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    base: list[float] = field(default_factory=list)
    ceiling: list[float] = field(default_factory=list)
    rails: dict[tuple[str, int], float] = field(default_factory=dict)
    origin: dict[int, float] = field(default_factory=dict)
    row: float = ROW
    rail: float = RAIL

    def via(self, layer: int, column: int, via: tuple[str, str, int]) -> Point:
        """Where an edge passes a row, in one column."""
        return self.origin[column] + self.steps[layer].x[via], self.base[layer] + via[2] * self.row


def layout(picture: Picture) -> Layout:
    """Place every item; the same picture always gives the same numbers."""
    plan = Layout(picture, row=ROW + (8 if picture.gradients else 0), rail=RAIL + (16 if picture.gradients else 0))
    layers = max((item.layer for item in picture.items), default=0) + 1
    _place_steps(plan, layers)
    _stack_layers(plan, layers)
    _repeat_columns(plan)
    _place_shared(plan)
    _frame_cells(plan)
    return plan


def _place_steps(plan: Layout, layers: int) -> None:
    """Recurrent layers with their gutters in line, and what stands above them lined up with the gutter."""
    plan.steps = [step_of(plan.picture, layer) for layer in range(layers)]
    cells = len(plan.picture.cells)
    for step in plan.steps[:cells]:
        arrange(step)
    gutter = max((step.gutter for step in plan.steps[:cells]), default=0.0)
    for step in plan.steps[:cells]:
        step.shift(gutter - step.gutter)
    for step in plan.steps[cells:]:
        step.spine = gutter if cells else None
        arrange(step)


def _stack_layers(plan: Layout, layers: int) -> None:
    y = 0.0
    for layer in range(layers):
        shared = _shared_of(plan, layer)
        for k, item in enumerate(shared):
            plan.rails[item.id, layer] = y + (len(shared) - 1 - k) * plan.rail
        y += max(len(shared) - 1, 0) * plan.rail + (ROW if shared else 0) + (ROW * 0.55 if layer else 0)
        plan.base.append(y)
        y += max(plan.steps[layer].rows.values(), default=0) * plan.row + ROW * 0.85
        plan.ceiling.append(y)
        y += ROW * 0.15 + (24 if plan.picture.gradients and layer < layers - 1 else 0)


def _shared_of(plan: Layout, layer: int) -> list[Item]:
    """What all steps share and this layer uses, the one that enters leftmost on the top rail: it crosses least."""
    step = plan.steps[layer]
    found: dict[str, float] = {}
    order = {source: k for k, (source, _) in enumerate(step.risers)}
    for item in sorted(plan.picture.items, key=lambda item: order.get(item.id, -1)):
        if item.column is None:
            entries = [step.entry(pair) for pair in step.risers if pair[0] == item.id]
            if entries:
                found[item.id] = min(entries)
            elif item.layer == layer:
                found[item.id] = -1e9
    return [plan.picture.by_id[id] for id in sorted(found, key=found.__getitem__)]


def _repeat_columns(plan: Layout) -> None:
    step_boxes = [
        (step.x[key] - step.sizes[key][0] / 2, step.x[key] + step.sizes[key][0] / 2)
        for step in plan.steps
        for key in step.kinds
    ]
    left, right = min((b[0] for b in step_boxes), default=0), max((b[1] for b in step_boxes), default=0)
    columns = sorted({item.column for item in plan.picture.items if item.column is not None})
    folded = {item.column for item in plan.picture.items if item.kind == "elided"}
    x = 0.0
    for before, column in pairwise([None, *columns]):
        x += 0 if before is None else ELISION if column in folded else right - left + MARGIN
        plan.origin[column if column is not None else 0] = x
    for item in plan.picture.items:
        if item.column is not None:
            plan.places[item.id] = _placed(plan, item)


def _placed(plan: Layout, item: Item) -> Placed:
    step = plan.steps[item.layer]
    key = item.key if item.key in step.rows else _successor(plan, item)
    w, h = size(item)
    row: float = step.rows[key]
    if item.kind == "box":
        states = [step.rows[t] for s, t in step.flow if s == item.key and step.in_gutter(t)]
        row = (min(states, default=row) + max(states, default=row)) / 2
        w, h = step.sizes[item.key][0], max(h, (max(states, default=0) - min(states, default=0)) * plan.row + 40)
    assert item.column is not None
    return Placed(item, plan.origin[item.column] + step.x[key], plan.base[item.layer] + row * plan.row, w, h)


def _successor(plan: Layout, item: Item) -> str:
    """The key that an initial state is the start of: the state that is used as it is, else what uses it."""
    by_id = plan.picture.by_id
    users = {by_id[e.target].key for e in plan.picture.edges if e.source == item.id and e.kind != "backward"}
    letter = (item.nodes[0].name or "").partition(" ")[0]
    for other in plan.picture.items:
        if other.kind in STATES and other.layer == item.layer and other.nodes[0].name == letter:
            return other.key
    return min(users, default=next(iter(plan.steps[item.layer].rows)))


def _place_shared(plan: Layout) -> None:
    first = min((place.box[0] for place in plan.places.values()), default=0.0)
    for (id, _), y in sorted(plan.rails.items(), key=lambda rail: rail[0][1], reverse=True):
        item = plan.picture.by_id[id]
        w, h = size(item)
        plan.places[id] = Placed(item, first - MARGIN / 2 - w / 2, y, w, h)


def _frame_cells(plan: Layout) -> None:
    groups: dict[tuple[int, int], list[Placed]] = {}
    for place in plan.places.values():
        item = place.item
        if item.inside and item.column is not None and plan.picture.opened:
            groups.setdefault((item.layer, item.column), []).append(place)
    for (layer, column), members in sorted(groups.items()):
        boxes = [place.box for place in members]
        left, bottom = min(b[0] for b in boxes) - 12, min(b[1] for b in boxes) - 10
        right, top = max(b[2] for b in boxes) + 10, max(b[3] for b in boxes) + 22
        ids = tuple(place.item.id for place in members)
        box = (left, bottom, right, top)
        plan.frames.append(Frame(f"c_{layer}_{column}", f"{plan.picture.cells[layer]}  t = {_step(members)}", box, ids))


def _step(members: list[Placed]) -> int | None:
    """The time step of what stands in a frame."""
    return next((place.item.nodes[0].step for place in members if place.item.nodes), None)
