"""What a picture consists of, before any thought of where: items, and edges between them.

Graph of nodes ─→ Picture of Items and Edges ─→ a place for each ─→ text

An item's `key` is the same at every step: the layout places keys once and repeats them as columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from tinygrad_rnn.engine.snapshot import GraphNode

STATES = ("hidden", "cell")  # the kinds of what a step hands to the next


@dataclass(frozen=True)
class Item:
    """One shape of the picture.

    Attributes:
        id: stable across runs and renders: n_h_2.
        key: the same at every step.
        kind: what it is, in the theme's words.
        column: the step it stands in; None for what all steps share.
        layer: the recurrent layer it belongs to, counted from 0; what lies above them all has the next number.
        inside: whether it is part of the layer's box or cluster.
        nodes: the graph nodes it stands for, newest first.
        uses: how many arguments in the graph it is.
    """

    id: str
    key: str
    kind: str
    label: str
    column: int | None
    layer: int
    inside: bool
    nodes: tuple[GraphNode, ...]
    uses: int = 0
    tooltip: str = ""

    @property
    def gradient(self) -> float | None:
        """Norm of the gradient of the value it shows."""
        return gradient_norm(self.nodes[0]) if self.nodes else None

    @property
    def is_carried(self) -> bool:
        """Whether a step takes it up from the step before: a state, or the first value of one."""
        return self.kind in (*STATES, "initial")

    @property
    def is_heated(self) -> bool:
        """Whether the picture shows its gradient, where it was asked for."""
        return self.is_carried or self.kind == "parameter"


def gradient_norm(node: GraphNode) -> float | None:
    """Norm of the gradient that was recorded at a node; None where there is none."""
    return None if node.gradient is None else node.gradient.norm


@dataclass(frozen=True)
class Edge:
    """One use of a value, or several where a box hides them.

    Attributes:
        source, target: the ids of two items; a gradient goes from the later state to the earlier.
        kind: what kind of line it is, in the theme's words.
        count: how many uses it stands for.
        norm: of the gradient that goes back along it.
    """

    source: str
    target: str
    kind: str
    count: int = 1
    norm: float | None = None


@dataclass(frozen=True)
class Picture:
    """All that is drawn, and the steps and layers it is arranged by.

    Attributes:
        opened: whether what stands inside a layer is drawn, in a frame for each step.
        steps: the columns that are drawn, elided ones apart.
        cells: what each recurrent layer is called, lowest first.
        length: how many steps the graph has.
        gradients: whether gradients are shown.
    """

    items: tuple[Item, ...]
    edges: tuple[Edge, ...]
    opened: bool
    steps: tuple[int, ...]
    cells: tuple[str, ...]
    length: int = 0
    gradients: bool = False

    @cached_property
    def by_id(self) -> dict[str, Item]:
        """Items by their id."""
        return {item.id: item for item in self.items}
