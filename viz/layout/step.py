"""One step of one floor, laid out: rows from bottom to top, as the data flows.

row 3            c ───── road: × and + between a state and itself stay level
row 2      i   g   │
row 1    @h  @x │  │     a use that passes a row without stopping has a place in it: a via
row 0         x │  W     states stand in the gutter at the right, on their way to the next step
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

from viz.layout.geometry import size
from viz.scene.model import STATES, Edge, Item

Pair = tuple[str, str]  # source, target: keys, or of what all steps share its id
Via = tuple[str, str, int]  # source, target, row
Slot = str | Via
LEAVES = ("input", "target")
ELSEWHERE = ("initial", "elided")  # they stand where the states do that they lead to
LONG = 12  # rows; a line that passes more of them goes round the step


@dataclass
class Step:
    """What one floor does at one step, by key.

    Attributes:
        kinds, sizes: of every key, in the order in which they were made; sizes are (width, height).
        inside: the keys that are parts of a recurrent layer.
        flow: uses within the step, from what was made earlier to what was made later.
        level: those of `flow` that lie along a road.
        fed: keys used from another step, which want to stand at the left.
        risers: uses of what all steps share.
        reverse: time runs to the left.
        room: points that a line keeps from a shape that it passes.
        rows: how many rows up each key stands; lifts: how far above the middle of its row, in points.
        x: where each key, and each via, stands across its row.
    """

    kinds: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, tuple[float, float]] = field(default_factory=dict)
    inside: set[str] = field(default_factory=set)
    flow: dict[Pair, None] = field(default_factory=dict)
    level: dict[Pair, None] = field(default_factory=dict)
    fed: set[str] = field(default_factory=set)
    risers: dict[Pair, None] = field(default_factory=dict)
    reverse: bool = False
    room: float = 10.0
    rows: dict[str, int] = field(default_factory=dict)
    lifts: dict[str, float] = field(default_factory=dict)
    x: dict[Slot, float] = field(default_factory=dict)

    def in_gutter(self, key: str) -> bool:
        """States stand between this step and the next."""
        return self.kinds[key] in STATES

    @property
    def has_states(self) -> bool:
        """Whether a recurrent layer is a part of it."""
        return any(map(self.in_gutter, self.kinds))

    def width(self, slot: Slot) -> float:
        """What a slot takes up in its row."""
        return self.sizes[slot][0] if isinstance(slot, str) else 0.0

    def vias(self, pair: Pair) -> list[Via]:
        """The places that a line has on the rows that it passes, from its source on."""
        source, target = pair
        a, b = self.rows.get(source, -1), self.rows[target]
        passed = range(a + 1, b) if a < b else range(a - 1, b, -1)
        return [] if len(passed) > LONG else [(source, target, row) for row in passed]

    def is_chain(self, pair: Pair) -> bool:
        """Whether a line stays within the step: another row, and not too far away."""
        return pair in self.flow and 0 < abs(self.rows[pair[0]] - self.rows[pair[1]]) <= LONG + 1

    def rises(self, pair: Pair) -> bool:
        """Whether a line from below the floor runs through the step."""
        return pair in self.risers and self.rows[pair[1]] <= LONG

    @property
    def gutter(self) -> float:
        """x of the outermost state; 0 without one."""
        return max((self.x[key] for key in self.kinds if self.in_gutter(key)), default=0.0)

    @property
    def middle(self) -> float:
        """x of the middle of what is not a state."""
        inner = [self.x[key] for key in self.kinds if not self.in_gutter(key)] or [0.0]
        return (min(inner) + max(inner)) / 2

    def edge(self) -> float:
        """x of the right border of what has been placed so far."""
        return max((x + self.width(slot) / 2 for slot, x in self.x.items()), default=0.0)

    def shift(self, by: float) -> None:
        """Move everything right."""
        self.x = {slot: x + by for slot, x in self.x.items()}

    def mirror(self) -> None:
        """Turn it round: what stood at the right, on its way to the next step, stands at the left."""
        self.x = {slot: -x for slot, x in self.x.items()}


def step_of(items: Iterable[Item], edges: Sequence[Edge], by_id: dict[str, Item]) -> Step:
    """The union of a floor's steps: a loss that only the last one has stands in none of the others' way."""
    step = Step()
    here = [item for item in items if item.column is not None and item.kind not in ELSEWHERE]
    here.sort(key=lambda item: (item.column or 0.0, item.made))
    for key in _in_order(here, edges, by_id):
        step.kinds[key] = ""
    for item in here:
        w, h = step.sizes.get(item.key, (0.0, 0.0))
        step.kinds[item.key] = item.kind
        step.sizes[item.key] = max(w, size(item)[0]), max(h, size(item)[1])
        if item.lane is not None:
            step.inside.add(item.key)
    order = {key: k for k, key in enumerate(step.kinds)}
    slot = here[0].slot if here else -1
    for edge in edges:
        a, b = by_id[edge.source], by_id[edge.target]
        if edge.kind in ("backward", "cut") or b.key not in order or b.slot != slot or b.column is None:
            continue
        if a.column is None:
            step.risers[a.id, b.key] = None
        elif a.column != b.column:
            step.fed.add(b.key)
            if a.is_carried:
                step.reverse = step.reverse or a.column > b.column
        elif a.slot == slot and a.key in order and order[a.key] < order[b.key]:
            step.flow[a.key, b.key] = None
            step.level |= {(a.key, b.key): None} if edge.kind in ("cell", "recurrent") else {}
    return step


def _in_order(items: Sequence[Item], edges: Sequence[Edge], by_id: dict[str, Item]) -> list[str]:
    """The keys of all steps, each after those that it is made from in any of them."""
    first = {key: k for k, key in enumerate(dict.fromkeys(item.key for item in items))}
    users: dict[str, set[str]] = {key: set() for key in first}
    for edge in edges:
        a, b = by_id[edge.source], by_id[edge.target]
        if a.column == b.column and a.made < b.made and a.key in first and b.key in first and a.key != b.key:
            users[a.key].add(b.key)
    waiting = dict.fromkeys(first, 0)
    for targets in users.values():
        for key in targets:
            waiting[key] += 1
    ready = [(first[key], key) for key, count in waiting.items() if not count]
    heapify(ready)
    found: dict[str, None] = {}
    while ready:
        _, key = heappop(ready)
        found[key] = None
        for user in users[key]:
            waiting[user] -= 1
            if not waiting[user]:
                heappush(ready, (first[user], user))
    return [*found, *(key for key in first if key not in found)]  # steps that contradict each other: as they come
