"""How high each key of a step stands: as many rows up as the longest path to it."""

from __future__ import annotations

from collections.abc import Mapping

from viz.layout.step import LEAVES, Step
from viz.scene.model import STATES


def rows_of(step: Step) -> dict[str, int]:
    """Longest path from below; leaves go just under their first use, and a road rises to its highest node."""
    rows = {key: 0 if kind in LEAVES else 1 for key, kind in step.kinds.items()}
    makers: dict[str, list[str]] = {key: [] for key in step.kinds}
    for source, target in step.flow:
        makers[target].append(source)
    for _ in step.kinds:  # a fixed point is reached in as many rounds as the longest path, at most
        before = dict(rows)
        for key, sources in makers.items():
            rows[key] = max([rows[key], *(rows[s] + (0 if (s, key) in step.level else 1) for s in sources)])
        for source, target in step.level:
            rows[source] = max(rows[source], rows[target])
        if rows == before:
            break
    _stand_beside(step, rows, makers)
    _hang_below_cell_state(step, rows, makers)
    _lower_leaves(step, rows, makers)
    _spread_box(step, rows)
    lowest = min(rows.values(), default=0)
    return {key: row - lowest for key, row in rows.items()}


def _stand_beside(step: Step, rows: dict[str, int], makers: Mapping[str, list[str]]) -> None:
    """A state made from one value, as tanh(a), stands in the gutter beside it."""
    for key, sources in makers.items():
        if step.in_gutter(key) and len(sources) == 1:
            rows[key] = rows[sources[0]]


def _hang_below_cell_state(step: Step, rows: dict[str, int], makers: Mapping[str, list[str]]) -> None:
    """What the cell state is turned into hangs below its road: h comes out low, where the next step takes it up."""
    if "box" in step.kinds.values():
        return
    for cell in [key for key in step.kinds if step.kinds[key] == "cell"]:
        depth = {cell: 0}
        for key in sorted(step.kinds, key=lambda k: rows[k]):
            above = [depth[s] + 1 for s in makers[key] if s in depth]
            if above:
                depth[key] = max(above)
        hanging = [key for key in depth if key != cell]
        need = [rows[s] + depth[key] for key in hanging for s in makers[key] if s not in depth]
        road = {cell, *(s for s, t in step.level if t == cell)}
        top = max([rows[cell], *need])
        rows.update(dict.fromkeys(road, top))
        rows.update({key: top - depth[key] for key in hanging})


def _lower_leaves(step: Step, rows: dict[str, int], makers: Mapping[str, list[str]]) -> None:
    for key, kind in step.kinds.items():
        if not makers[key] and kind in LEAVES:
            rows[key] = min((rows[t] for s, t in step.flow if s == key), default=1) - 1


def _spread_box(step: Step, rows: dict[str, int]) -> None:
    """A box stands beside its states, the hidden one lowest: one row each."""
    for box in [key for key, kind in step.kinds.items() if kind == "box"]:
        states = [key for kind in STATES for s, key in step.flow if s == box and step.kinds[key] == kind]
        rows.update({key: rows[box] + k for k, key in enumerate(states)})
