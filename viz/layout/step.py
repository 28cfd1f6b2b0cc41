"""One step of one layer, laid out: rows from bottom to top, as the data flows.

row 3            c ───── road: × and + between a state and itself stay level
row 2      i   g   │
row 1    @h  @x │  │     a use that passes a row without stopping has a place in it: a via
row 0         x │  W     states stand in the gutter at the right, on their way to the next step
"""

from __future__ import annotations

from dataclasses import dataclass, field

from viz.scene.model import STATES

Pair = tuple[str, str]  # source, target
Via = tuple[str, str, int]  # source, target, row
Slot = str | Via
GUTTER = 42.0
LEAVES = ("input", "target")


@dataclass
class Step:
    """What a layer does at one step, by key.

    Attributes:
        kinds, sizes: of every key, in creation order; sizes are (width, height).
        flow: uses within the step.
        level: those of `flow` that lie along a road.
        fed: keys used from another step, which want to stand at the left.
        risers: uses that arrive from below the layer.
        reverse: time runs to the left in this layer.
        spine: x of the state that the layer is stood on, where it has no states itself: its ops line up above it.
        rows: how many rows up each key stands.
        x: where each key, and each via, stands across its row.
    """

    kinds: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, tuple[float, float]] = field(default_factory=dict)
    flow: dict[Pair, None] = field(default_factory=dict)
    level: dict[Pair, None] = field(default_factory=dict)
    fed: set[str] = field(default_factory=set)
    risers: dict[Pair, None] = field(default_factory=dict)
    reverse: bool = False
    spine: float | None = None
    rows: dict[str, int] = field(default_factory=dict)
    x: dict[Slot, float] = field(default_factory=dict)

    def in_gutter(self, key: str) -> bool:
        """States stand between this step and the next."""
        return self.kinds[key] in STATES

    def width(self, slot: Slot) -> float:
        """What a slot takes up in its row."""
        return self.sizes[slot][0] if isinstance(slot, str) else 0.0

    def vias(self, pair: Pair) -> list[Via]:
        """The places an edge has on the rows that it passes."""
        source, target = pair
        return [(source, target, row) for row in range(self.rows.get(source, -1) + 1, self.rows[target])]

    def entry(self, pair: Pair) -> float:
        """Where an edge from below comes in."""
        vias = self.vias(pair)
        return self.x[vias[0]] if vias else self.x[pair[1]]

    @property
    def gutter(self) -> float:
        """x of the outermost state; 0 without one."""
        return max((self.x[key] for key in self.kinds if self.in_gutter(key)), default=0.0)

    def edge(self) -> float:
        """x of the right border of what has been placed so far."""
        return max((x + self.width(slot) / 2 for slot, x in self.x.items()), default=0.0)

    def shift(self, by: float) -> None:
        """Move everything right; mirrored first where time runs to the left, the gutter then at the left."""
        inner = [x for slot, x in self.x.items() if not (isinstance(slot, str) and self.in_gutter(slot))]
        body = max(inner, default=0.0)
        self.x = {slot: (body - x if self.reverse else x) + by for slot, x in self.x.items()}
