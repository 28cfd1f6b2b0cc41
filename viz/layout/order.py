"""Where across its row each key of a step stands: first the order that crosses least, then how far apart."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise

from viz.layout.geometry import size
from viz.layout.rows import rows_of
from viz.layout.step import GUTTER, LEAVES, Slot, Step
from viz.scene.model import STATES, Picture

GAP, VIA_GAP, FAR = 16.0, 10.0, 100.0


def step_of(picture: Picture, layer: int) -> Step:
    """The union of a layer's steps: a loss that only the last one has stands in none of the others' way."""
    step = Step()
    for item in picture.items:
        if item.layer == layer and item.column is not None and item.kind not in ("initial", "elided"):
            w, h = step.sizes.get(item.key, (0.0, 0.0))
            step.kinds[item.key] = item.kind
            step.sizes[item.key] = max(w, size(item)[0]), max(h, size(item)[1])
    for edge in picture.edges:
        a, b = picture.by_id[edge.source], picture.by_id[edge.target]
        if b.layer != layer or b.column is None or b.key not in step.kinds or edge.kind == "backward":
            continue
        pair = (a.id if a.column is None else a.key, b.key)
        if a.column is None or a.layer != layer:
            step.risers[pair] = None
        elif a.column == b.column:
            step.flow[pair] = None
            step.level |= {pair: None} if edge.kind in ("cell", "recurrent") else {}
        else:
            step.fed.add(b.key)
            step.reverse = step.reverse or a.column > b.column
    return step


def arrange(step: Step) -> None:
    """Fill in `rows` and `x`."""
    step.rows = rows_of(step)
    step.x = _coordinates(step, _ordered(step))
    edge = step.edge()
    for state in STATES[::-1]:
        keys = [key for key, kind in step.kinds.items() if kind == state]
        width = max((step.width(key) for key in keys), default=0.0)
        step.x |= dict.fromkeys(keys, edge + GUTTER + width / 2)
        edge += 0.8 * width  # less than all of it: the next state, a row lower, tucks in under this one


def _chains(step: Step) -> list[list[Slot]]:
    """Every edge as the slots it passes, bottom to top."""
    upward = [p for p in step.flow if not step.in_gutter(p[0]) and p not in step.level]
    return [[*([s] if s in step.rows else []), *step.vias((s, t)), t] for s, t in [*upward, *step.risers]]


def _ordered(step: Step) -> list[list[Slot]]:
    """Slots of each row, left to right, by the mean place of their neighbours in the rows around."""
    rows: list[list[Slot]] = [[] for _ in range(max(step.rows.values(), default=0) + 1)]
    chains = _chains(step)
    for slot in dict.fromkeys([*step.kinds, *(slot for chain in chains for slot in chain)]):
        if not (isinstance(slot, str) and step.in_gutter(slot)):
            rows[step.rows[slot] if isinstance(slot, str) else slot[2]].append(slot)
    downward: list[list[Slot]] = [[s, t] for s, t in step.flow if step.in_gutter(s)]
    near = _neighbours([*chains, *downward])
    best, fewest = rows, math.inf
    for sweep in range(10):
        upward = bool(sweep % 2)
        for row in rows if upward else rows[::-1]:
            place = {slot: _index(step, slot, k - (len(r) - 1) / 2) for r in rows for k, slot in enumerate(r)}
            row.sort(key=lambda slot: _pull(step, slot, near.get(slot, []), place, upward))
        crossings = _crossings(step, rows, chains)
        if crossings < fewest:
            best, fewest = [list(row) for row in rows], crossings
    return best


def _pull(step: Step, slot: Slot, near: list[Slot], place: Mapping[Slot, float], upward: bool) -> float:
    """Where the neighbours in the rows just settled would have it: those below on the way up, above on the way down."""
    settled = [s for s in near if (_row(step, s) < _row(step, slot)) == upward]
    return place[slot] if slot in step.fed else _mean([place.get(s, FAR) for s in settled], place[slot])


def _index(step: Step, slot: Slot, k: float) -> float:
    """The place in its row; what another step feeds stands at the far left, so that nothing is in the way."""
    return -FAR if slot in step.fed else k


def _row(step: Step, slot: Slot) -> int:
    return step.rows[slot] if isinstance(slot, str) else slot[2]


def _crossings(step: Step, rows: list[list[Slot]], chains: list[list[Slot]]) -> int:
    """How many pairs of lines between two rows cross."""
    place: dict[Slot, float] = {slot: k for row in rows for k, slot in enumerate(row)}
    lines: dict[int, list[tuple[float, float]]] = {}
    for chain in chains:
        for a, b in pairwise(chain):
            lines.setdefault(_row(step, a), []).append((place[a], place.get(b, FAR)))
    return sum((a - c) * (b - d) < 0 for row in lines.values() for k, (a, b) in enumerate(row) for c, d in row[:k])


def _neighbours(chains: list[list[Slot]]) -> dict[Slot, list[Slot]]:
    near: dict[Slot, list[Slot]] = {}
    for chain in chains:
        for a, b in pairwise(chain):
            near.setdefault(a, []).append(b)
            near.setdefault(b, []).append(a)
    return near


def _mean(values: list[float], default: float) -> float:
    return sum(values) / len(values) if values else default


def _coordinates(step: Step, rows: list[list[Slot]]) -> dict[Slot, float]:
    """x of every slot outside the gutter.

    Again and again the mean of its neighbours', as far as the row's order and widths allow.
    """
    near = _neighbours(_chains(step))
    start, edge = step.spine or 0.0, None
    x: dict[Slot, float] = {}
    for row in rows:
        x.update(_packed(step, row, [start] * len(row)))
    for sweep in range(24):
        if sweep == 12:  # by now the step has found its width, and what leads to the gutter may lean towards it
            edge = max(x.values(), default=0.0)
        for row in rows if sweep % 2 else rows[::-1]:
            wish = [
                _mean([x.get(s, x[slot] if edge is None else edge) for s in near.get(slot, [])], x[slot])
                for slot in row
            ]
            x.update(_packed(step, row, wish))
    _straighten(step, rows, x)
    left = min((x[slot] - step.width(slot) / 2 for slot in x), default=0.0)
    return x if step.spine is not None else {slot: at - left for slot, at in x.items()}


def _packed(step: Step, row: list[Slot], wish: list[float]) -> dict[Slot, float]:
    """Slots as near to their wishes as their widths allow, their order kept: midway between two greedy passes."""
    gaps = [_gap(step, a, b) for a, b in pairwise(row)]
    fixed = _on_spine(step, row)
    if fixed is not None and step.spine is not None:
        wish = [step.spine if k == fixed else w for k, w in enumerate(wish)]
    left, right = list(wish), list(wish)
    for k in range(fixed or 0, len(gaps)):
        left[k + 1] = max(wish[k + 1], left[k] + gaps[k])
    for k in reversed(range(len(gaps) if fixed is None else fixed)):
        right[k] = min(wish[k], right[k + 1] - gaps[k])
    if fixed is not None:
        return dict(zip(row, right[:fixed] + left[fixed:], strict=True))
    return {slot: (a + b) / 2 for slot, a, b in zip(row, left, right, strict=True)}


def _on_spine(step: Step, row: list[Slot]) -> int | None:
    """Which slot of a row is its only op, if the layer has a spine: that one stands on it."""
    ops = [k for k, slot in enumerate(row) if isinstance(slot, str) and step.kinds[slot] not in LEAVES]
    return ops[0] if step.spine is not None and len(ops) == 1 else None


def _gap(step: Step, a: Slot, b: Slot) -> float:
    space = GAP if isinstance(a, str) and isinstance(b, str) else VIA_GAP
    return (step.width(a) + step.width(b)) / 2 + space


def _straighten(step: Step, rows: list[list[Slot]], x: dict[Slot, float]) -> None:
    """Make the vias of one edge a straight vertical line where the rows it passes leave room for one."""
    for pair in dict.fromkeys([*step.flow, *step.risers]):
        vias = [via for via in step.vias(pair) if via in x]
        low, high = -1e9, 1e9
        for via in vias:
            row = rows[via[2]]
            k = row.index(via)
            low = max(low, x[row[k - 1]] + _gap(step, row[k - 1], via)) if k else low
            high = min(high, x[row[k + 1]] - _gap(step, via, row[k + 1])) if k + 1 < len(row) else high
        if vias and low <= high:
            best = min(max(x.get(pair[1], x[vias[-1]]), low), high)
            x.update(dict.fromkeys(vias, best))
