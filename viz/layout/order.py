"""Where across its row each key of a step stands: first the order that crosses least, then how far apart."""

from __future__ import annotations

import math
from bisect import bisect_right, insort
from collections.abc import Mapping
from itertools import chain, pairwise

from viz.layout.rows import rows_of
from viz.layout.step import LEAVES, Slot, Step
from viz.scene.model import STATES

GAP, GUTTER, FAR = 16.0, 15.5, 100.0
Rows = list[list[Slot]]


def arrange(step: Step, spine: float | None = None) -> None:
    """Fill in `rows`, `lifts` and `x`.

    Args:
        spine: x of the state that the floor is stood on, where it has no states itself: its ops line up above it.
    """
    step.rows = rows_of(step)
    step.x = _coordinates(step, _ordered(step, spine=spine is not None), spine)
    edge, placed = step.edge(), list[str]()
    for state in STATES[::-1]:
        for key in [key for key, kind in step.kinds.items() if kind == state]:
            beside = [other for other in placed if _meet(step, key, other)]
            edge = max([edge, *(step.x[other] + step.width(other) / 2 + 16.0 for other in beside)])
            width = step.width(key)
            step.x[key] = edge + (0.0 if placed else GUTTER) + width / 2
            edge = step.x[key] + width / 2 - (0.0 if beside else 0.14 * width)  # the next, lower, tucks in under it
            placed.append(key)
    if step.reverse:
        step.mirror()


def _meet(step: Step, one: str, other: str) -> bool:
    """Whether two states stand at the same height."""
    apart = abs(step.lifts.get(one, 0.0) - step.lifts.get(other, 0.0))
    return step.rows[one] == step.rows[other] and apart < (step.sizes[one][1] + step.sizes[other][1]) / 2 + 4


def _chains(step: Step) -> Rows:
    """Every line as the slots it passes."""
    inner = [p for p in step.flow if step.is_chain(p) and not step.in_gutter(p[0])]
    outer = [p for p in step.risers if step.rises(p)]
    return [[*([s] if s in step.rows else []), *step.vias((s, t)), t] for s, t in [*inner, *outer]]


def _ordered(step: Step, *, spine: bool) -> Rows:
    """Slots of each row, left to right, by the mean place of their neighbours in the rows around."""
    rows: Rows = [[] for _ in range(max(step.rows.values(), default=0) + 1)]
    chains = _chains(step)
    falling = [p for p in step.flow if step.is_chain(p) and step.in_gutter(p[0])]
    downward: Rows = [[*step.vias(pair), pair[1]] for pair in falling]
    passing: Rows = [[slot for slot in line if not isinstance(slot, str)] for line in [*chains, *downward]]
    passing = [vias for vias in passing if vias]
    half = len(passing) // 2  # lines on both sides of what is used, so that data comes up in the middle
    slots: list[Slot] = [*chain(*passing[:half]), *step.kinds, *chain(*passing[half:])]
    for slot in dict.fromkeys(slots):
        if not (isinstance(slot, str) and step.in_gutter(slot)):
            rows[_row(step, slot)].append(slot)
    near = _neighbours([*chains, *([s, *rest] for (s, _), rest in zip(falling, downward, strict=True))])
    best, fewest = [list(row) for row in rows], math.inf
    for sweep in range(10 if len(near) < 2000 else 4):
        upward = bool(sweep % 2)
        place: dict[Slot, float] = {}
        for row in rows:
            place |= _indices(step, row)
        for row in rows if upward else rows[::-1]:
            wish = {slot: _pull(step, slot, near.get(slot, []), place, upward) for slot in row}
            if spine:  # what is only looked up stands aside, to the left, where the layer below is broad
                wish |= {slot: -FAR for slot in row if isinstance(slot, str) and step.kinds[slot] in LEAVES}
            row.sort(key=wish.__getitem__)
            place |= _indices(step, row)
        crossings = _crossings(step, rows, chains)
        if crossings < fewest:
            best, fewest = [list(row) for row in rows], crossings
    return best


def _pull(step: Step, slot: Slot, near: list[Slot], place: Mapping[Slot, float], upward: bool) -> float:
    """Where the neighbours in the rows just settled would have it: those below on the way up, above on the way down."""
    settled = [s for s in near if (_row(step, s) < _row(step, slot)) == upward]
    return place[slot] if slot in step.fed else _mean([place.get(s, FAR) for s in settled], place[slot])


def _indices(step: Step, row: list[Slot]) -> dict[Slot, float]:
    """The place in its row; what another step feeds stands at the far left, so that nothing is in the way."""
    return {slot: -FAR if slot in step.fed else k - (len(row) - 1) / 2 for k, slot in enumerate(row)}


def _row(step: Step, slot: Slot) -> int:
    return step.rows[slot] if isinstance(slot, str) else slot[2]


def _crossings(step: Step, rows: Rows, chains: Rows) -> int:
    """How many pairs of lines between two rows cross: inversions, counted in n log n."""
    place: dict[Slot, float] = {slot: k for row in rows for k, slot in enumerate(row)}
    lines: dict[int, list[tuple[float, float]]] = {}
    for line in chains:
        for a, b in pairwise(line):
            lines.setdefault(_row(step, a), []).append((place.get(a, FAR), place.get(b, FAR)))
    total = 0
    for pairs in lines.values():
        seen: list[float] = []
        for _, end in sorted(pairs):
            total += len(seen) - bisect_right(seen, end)
            insort(seen, end)
    return total


def _neighbours(chains: Rows) -> dict[Slot, list[Slot]]:
    near: dict[Slot, list[Slot]] = {}
    for line in chains:
        for a, b in pairwise(line):
            near.setdefault(a, []).append(b)
            near.setdefault(b, []).append(a)
    return near


def _mean(values: list[float], default: float) -> float:
    return sum(values) / len(values) if values else default


def _coordinates(step: Step, rows: Rows, spine: float | None) -> dict[Slot, float]:
    """x of every slot outside the gutter.

    Again and again the mean of its neighbours', as far as the row's order and widths allow.
    """
    near = _neighbours(_chains(step))
    edge = None
    x: dict[Slot, float] = {}
    for row in rows:
        x.update(_packed(step, row, [spine or 0.0] * len(row), spine))
    sweeps = 24 if len(x) < 2000 else 6
    for sweep in range(sweeps):
        if sweep == sweeps // 2:  # by now the step has found its width, and what leads to the gutter leans towards it
            settled = [at for slot, at in x.items() if all(s in x for s in near.get(slot, []))]
            edge = max(settled or x.values(), default=0.0)
        for row in rows if sweep % 2 else rows[::-1]:
            wish = [
                _mean([x.get(s, x[slot] if edge is None else edge) for s in near.get(slot, [])], x[slot])
                for slot in row
            ]
            x.update(_packed(step, row, wish, spine))
    _straighten(step, rows, x)
    return x


def _packed(step: Step, row: list[Slot], wish: list[float], spine: float | None) -> dict[Slot, float]:
    """Slots as near to their wishes as their widths allow, their order kept: midway between two greedy passes."""
    gaps = [_gap(step, a, b) for a, b in pairwise(row)]
    fixed = _on_spine(step, row) if spine is not None else None
    if fixed is not None and spine is not None:
        wish = [spine if k == fixed else w for k, w in enumerate(wish)]
    left, right = list(wish), list(wish)
    for k in range(fixed or 0, len(gaps)):
        left[k + 1] = max(wish[k + 1], left[k] + gaps[k])
    for k in reversed(range(len(gaps) if fixed is None else fixed)):
        right[k] = min(wish[k], right[k + 1] - gaps[k])
    if fixed is not None:
        return dict(zip(row, right[:fixed] + left[fixed:], strict=True))
    return {slot: (a + b) / 2 for slot, a, b in zip(row, left, right, strict=True)}


def _on_spine(step: Step, row: list[Slot]) -> int | None:
    """Which slot of a row is its only op: that one stands on the spine."""
    ops = [k for k, slot in enumerate(row) if isinstance(slot, str) and step.kinds[slot] not in LEAVES]
    return ops[0] if len(ops) == 1 else None


def _gap(step: Step, a: Slot, b: Slot) -> float:
    space = GAP if isinstance(a, str) and isinstance(b, str) else step.room
    return (step.width(a) + step.width(b)) / 2 + space


def _straighten(step: Step, rows: Rows, x: dict[Slot, float]) -> None:
    """Make the vias of one line a straight vertical where the rows it passes leave room for one."""
    place = {slot: (row, k) for row in rows for k, slot in enumerate(row)}
    for pair in dict.fromkeys([*step.flow, *step.risers]):
        vias = [via for via in step.vias(pair) if via in x]
        low, high = -math.inf, math.inf
        for via in vias:
            row, k = place[via]
            low = max(low, x[row[k - 1]] + _gap(step, row[k - 1], via)) if k else low
            high = min(high, x[row[k + 1]] - _gap(step, via, row[k + 1])) if k + 1 < len(row) else high
        if vias and low <= high:
            best = min(max(x.get(pair[1], x[vias[-1]]), low), high)
            x.update(dict.fromkeys(vias, best))
