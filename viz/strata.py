"""One step of one layer, laid out: rows from bottom to top as data flows, lanes across each row.

row 3            c ───── road: × and + between a state and itself stay level
row 2      i   g   │
row 1    @h  @x │  │     a use that passes a row without stopping holds a lane there: a via
row 0         x │  W     states stand in the gutter at the right, on their way to the next step
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Via = tuple[str, str, int]  # source, target, row
Slot = str | Via
Pair = tuple[str, str]
STATES = ("hidden", "memory")
LEAVES = ("input", "target")
GAP, VIA_GAP, FAR, GUTTER = 16.0, 10.0, 100.0, 42.0


@dataclass
class Step:
    """What a layer does at one step, by key.

    Attributes:
        kinds, sizes: of every key, in creation order; sizes are (width, height).
        flow: uses within the step, as (source, target).
        level: those of `flow` that lie along a road.
        fed: keys used from another step, which want to stand at the left.
        risers: (source, target) of uses that arrive from below the layer.
        spine: x of the state that the layer is stood on, where it has no states itself: its ops line up above it.
    """

    kinds: Mapping[str, str]
    sizes: Mapping[str, tuple[float, float]]
    flow: Sequence[Pair]
    level: Sequence[Pair]
    fed: set[str]
    risers: Sequence[Pair]
    spine: float | None = None
    rows: dict[str, int] = field(default_factory=dict)
    lanes: dict[Slot, float] = field(default_factory=dict)

    def in_gutter(self, key: str) -> bool:
        """States stand between this step and the next."""
        return self.kinds[key] in STATES

    def vias(self, pair: Pair) -> list[Via]:
        """The lanes an edge holds on the rows that it passes."""
        source, target = pair
        low = self.rows.get(source, -1)
        return [(*pair, row) for row in range(low + 1, self.rows[target])]

    def place(self) -> Step:
        """Fill in `rows` and `lanes`."""
        self.rows = _rows(self)
        self.lanes = _coordinates(self, _ordered(self))
        self._gutter()
        return self

    def _gutter(self) -> None:
        edge = max((self.lanes[s] + _width(self, s) / 2 for s in self.lanes), default=0.0)
        for state in STATES[::-1]:
            keys = [key for key in self.kinds if self.kinds[key] == state]
            if keys:
                width = max(self.sizes[key][0] for key in keys)
                for key in keys:
                    self.lanes[key] = edge + GUTTER + width / 2
                edge += 0.8 * width


def _rows(step: Step) -> dict[str, int]:
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
    _hang_below_memory(step, rows, makers)
    _lower_leaves(step, rows, makers)
    _spread_box(step, rows)
    lowest = min(rows.values(), default=0)
    return {key: row - lowest for key, row in rows.items()}


def _stand_beside(step: Step, rows: dict[str, int], makers: Mapping[str, list[str]]) -> None:
    """A state made from one value, as tanh(a), stands in the gutter beside it."""
    for key, sources in makers.items():
        if step.in_gutter(key) and len(sources) == 1:
            rows[key] = rows[sources[0]]


def _hang_below_memory(step: Step, rows: dict[str, int], makers: Mapping[str, list[str]]) -> None:
    """What the cell state is turned into hangs below its road: h comes out low, where the next step takes it up."""
    if "box" in step.kinds.values():
        return
    for memory in [key for key in step.kinds if step.kinds[key] == "memory"]:
        depth = {memory: 0}
        for key in sorted(step.kinds, key=lambda k: rows[k]):
            above = [depth[s] + 1 for s in makers[key] if s in depth]
            if above:
                depth[key] = max(above)
        hanging = [key for key in depth if key != memory]
        need = [rows[s] + depth[key] for key in hanging for s in makers[key] if s not in depth]
        road = {memory, *(s for s, t in step.level if t == memory)}
        top = max([rows[memory], *need])
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


def _width(step: Step, slot: Slot) -> float:
    return step.sizes[slot][0] if isinstance(slot, str) else 0.0


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
        for a, b in itertools.pairwise(chain):
            lines.setdefault(_row(step, a), []).append((place[a], place.get(b, FAR)))
    return sum((a - c) * (b - d) < 0 for row in lines.values() for k, (a, b) in enumerate(row) for c, d in row[:k])


def _neighbours(chains: list[list[Slot]]) -> dict[Slot, list[Slot]]:
    near: dict[Slot, list[Slot]] = {}
    for chain in chains:
        for a, b in itertools.pairwise(chain):
            near.setdefault(a, []).append(b)
            near.setdefault(b, []).append(a)
    return near


def _mean(values: list[float], default: float) -> float:
    return sum(values) / len(values) if values else default


def _coordinates(step: Step, rows: list[list[Slot]]) -> dict[Slot, float]:
    """x of every slot: again and again the mean of its neighbours', as far as the row's order and widths allow."""
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
    left = min((x[slot] - _width(step, slot) / 2 for slot in x), default=0.0)
    return x if step.spine is not None else {slot: at - left for slot, at in x.items()}


def _packed(step: Step, row: list[Slot], wish: list[float]) -> dict[Slot, float]:
    """Slots as near to their wishes as their widths allow, their order kept: midway between two greedy passes."""
    gaps = [_gap(step, a, b) for a, b in itertools.pairwise(row)]
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
    return (_width(step, a) + _width(step, b)) / 2 + space


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
