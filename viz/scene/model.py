"""What a picture consists of, before any thought of where: items, and edges between them.

An item's `key` is the same at every step: the layout places keys once and repeats them as columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from tinygrad_rnn.engine.snapshot import GraphNode


def gradient_norm(node: GraphNode) -> float | None:
    """‖∂loss/∂node‖, where it was asked for and the node has one."""
    return None if node.gradient is None else node.gradient.norm


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


@dataclass(frozen=True)
class Edge:
    """One use of a value, or several where a box hides them."""

    source: str
    target: str
    kind: str
    count: int = 1
    norm: float | None = None


@dataclass(frozen=True)
class Picture:
    """All that is drawn, and the steps and layers it is arranged by."""

    items: tuple[Item, ...]
    edges: tuple[Edge, ...]
    view: str
    steps: tuple[int, ...]
    cells: tuple[str, ...]
    length: int = 0
    gradients: bool = False

    @cached_property
    def by_id(self) -> dict[str, Item]:
        """Items by their id."""
        return {item.id: item for item in self.items}
