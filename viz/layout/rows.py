"""How high each key of a step stands: as many rows up as the longest path to it."""

from __future__ import annotations

from viz.layout.step import LEAVES, Step
from viz.scene.model import STATES

BETWEEN = 12.0  # points between the states beside one box


def rows_of(step: Step) -> dict[str, int]:
    """Longest path from below; leaves go just under their first use, and a road rises to its highest node."""
    makers: dict[str, list[str]] = {key: [] for key in step.kinds}
    users: dict[str, list[str]] = {key: [] for key in step.kinds}
    for source, target in step.flow:
        makers[target].append(source)
        users[source].append(target)
    rows = {key: 0 if kind in LEAVES else 1 for key, kind in step.kinds.items()}
    for _ in range(2):
        for key in step.kinds:  # in the order of making: what it was made from has its row
            rows[key] = max([rows[key], *(rows[s] + (0 if (s, key) in step.level else 1) for s in makers[key])])
        for key in reversed(step.kinds):
            rows[key] = max([rows[key], *(rows[t] for t in users[key] if (key, t) in step.level)])
    _stand_beside(step, rows, makers)
    _hang_below_cell_state(step, rows, makers)
    _stand_above_what_is_outside(step, rows)
    _lower_leaves(step, rows, users)
    _gather_at_boxes(step, rows)
    used = {row: k for k, row in enumerate(sorted(set(rows.values())))}
    return {key: used[row] for key, row in rows.items()}


def _stand_beside(step: Step, rows: dict[str, int], makers: dict[str, list[str]]) -> None:
    """A state made from one value, as tanh(a), stands in the gutter beside it."""
    for key, sources in makers.items():
        if step.in_gutter(key) and len(sources) == 1 and not step.in_gutter(sources[0]):
            rows[key] = rows[sources[0]]


def _hang_below_cell_state(step: Step, rows: dict[str, int], makers: dict[str, list[str]]) -> None:
    """What the cell state is turned into hangs below its road: h comes out low, where the next step takes it up."""
    if "box" in step.kinds.values():
        return
    for cell in [key for key in step.kinds if step.kinds[key] == "cell"]:
        depth = {cell: 0}
        for key in step.kinds:
            above = [depth[s] + 1 for s in makers[key] if s in depth]
            if above and (key in step.inside or step.in_gutter(key)):
                depth[key] = max(above)
        hanging = [key for key in depth if key != cell]
        need = [rows[s] + depth[key] for key in hanging for s in makers[key] if s not in depth]
        road = {cell, *(s for s, t in step.level if t == cell)}
        top = max([rows[cell], *need])
        rows.update(dict.fromkeys(road, top))
        rows.update({key: top - depth[key] for key in hanging})


def _stand_above_what_is_outside(step: Step, rows: dict[str, int]) -> None:
    """A layer is drawn in a frame: what leads to it from outside stands below all of it."""
    outside = [key for key in step.kinds if key not in step.inside and not step.in_gutter(key)]
    ops = [rows[key] for key in outside if step.kinds[key] not in LEAVES]
    if step.inside and ops:
        for key in step.kinds:
            if key not in outside:
                rows[key] += max(ops)


def _lower_leaves(step: Step, rows: dict[str, int], users: dict[str, list[str]]) -> None:
    floor = min((rows[key] for key in step.inside), default=None)
    for key, kind in step.kinds.items():
        if kind in LEAVES and users[key]:
            rows[key] = min(rows[t] for t in users[key]) - 1
            if floor is not None and key not in step.inside:
                rows[key] = min(rows[key], floor - 1)


def _gather_at_boxes(step: Step, rows: dict[str, int]) -> None:
    """The states that a box makes stand beside it, the hidden one lowest."""
    for box in [key for key, kind in step.kinds.items() if kind == "box"]:
        made = [key for kind in STATES for s, key in step.flow if s == box and step.kinds[key] == kind]
        level = max((step.sizes[key][1] for key in made), default=0.0) + BETWEEN
        for k, key in enumerate(made):
            rows[key] = rows[box]
            step.lifts[key] = (k - (len(made) - 1) / 2) * level
        w, h = step.sizes[box]
        step.sizes[box] = w, max(h, len(made) * level)
