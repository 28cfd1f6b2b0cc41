"""What a picture consists of, before any thought of where: items, and edges between them.

Graph of nodes ─→ Picture of Items and Edges ─→ a place for each ─→ text

An item's `key` is the same at every step: the layout places keys once and repeats them as columns.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from tinygrad_rnn.engine.snapshot import GraphNode

STATES = ("hidden", "cell")  # the kinds of what a step hands to the next
Use = tuple[int, int]  # the id of the node that uses a value, and as which of its arguments


@dataclass(frozen=True)
class Item:
    """One shape of the picture.

    Attributes:
        id: stable across runs and renders: n_h_2.
        key: the same at every step.
        kind: what it is, in the theme's words.
        column: where in time it stands: step t of the first run in column t, first states half a column before the
            step that uses them; None for what several steps share.
        slot: the floor of the picture that it stands on: the recurrent layers, lowest first, and what lies above them.
        block: which of the parts that stand side by side, as an encoder and a decoder do, it belongs to.
        lane: the recurrent layer that it is a part of, by its place in `Picture.lanes`.
        nodes: the graph nodes it stands for, newest first.
        uses: how many arguments in the graph it is.
        starts: of a first state, the kind of state that it is the first value of.
        made: the id of the first node that was made of it: data flows from older items to newer ones.
        gradient: norm of the gradient of the value it shows; None where there is none.
        hands_on: whether it holds the states of several layers for their next step.
        told: what the last lines of the label say, in their order: "value", "gradient".
    """

    id: str
    key: str
    kind: str
    label: str
    column: float | None
    slot: int = 0
    block: int = 0
    lane: int | None = None
    nodes: tuple[GraphNode, ...] = ()
    uses: int = 0
    tooltip: str = ""
    starts: str = ""
    made: int = 0
    gradient: float | None = None
    hands_on: bool = False
    told: tuple[str, ...] = ()

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
    """One use of a value, or several where a shape hides them.

    Attributes:
        source, target: the ids of two items; a gradient goes from the use back to the value.
        kind: what kind of line it is, in the theme's words.
        uses: the uses that it stands for; none where it is not a use, as at a cut.
        norm: of the gradient that goes back along it.
    """

    source: str
    target: str
    kind: str
    uses: tuple[Use, ...] = ()
    norm: float | None = None


def together(source: str, target: str, kind: str, edges: Sequence[Edge]) -> Edge:
    """Several edges as one, with the joint norm of their gradients."""
    norms = [edge.norm for edge in edges if edge.norm is not None]
    uses = tuple(use for edge in edges for use in edge.uses)
    return Edge(source, target, kind, uses, math.hypot(*norms) if norms else None)


@dataclass(frozen=True)
class Lane:
    """One recurrent layer on its way through time: a floor of the picture.

    Attributes:
        name: what it is called: `LSTM`, `GRU encoder l0`.
        slot, block: the floor, and the part, that it stands in.
        columns: its first and its last.
        reverse: whether time runs to the left in it.
    """

    name: str
    slot: int
    block: int
    columns: tuple[float, float]
    reverse: bool = False


@dataclass(frozen=True)
class Chunk:
    """Steps that one call ran through, where several went on from each other.

    Attributes:
        label: `chunk 2: t = 4 … 6`.
        columns: its first and its last.
    """

    label: str
    columns: tuple[float, float]


@dataclass(frozen=True)
class Picture:
    """All that is drawn, and the steps and layers it is arranged by.

    Attributes:
        lanes: the recurrent layers, in the order in which they began.
        opened: whether what stands inside a layer is drawn, in a frame for each step.
        opened_at: the one column in which it is, where the others have a box for each step.
        steps: the columns that are drawn, elided ones and those of first states apart.
        length: how many steps the graph has.
        same: for each part, how many weights are used at every one of its steps, where it has several.
        gradients, values: whether they are shown.
        brief: whether of a value with many numbers the norm is shown.
        rolled: whether all steps are drawn as one.
        chunks: the calls that went on from each other.
    """

    items: tuple[Item, ...]
    edges: tuple[Edge, ...]
    lanes: tuple[Lane, ...] = ()
    opened: bool = False
    opened_at: float | None = None
    steps: tuple[int, ...] = ()
    length: int = 0
    same: tuple[int, ...] = ()
    gradients: bool = False
    values: bool = False
    brief: bool = False
    rolled: bool = False
    chunks: tuple[Chunk, ...] = ()

    def is_framed(self, item: Item) -> bool:
        """Whether it is a part of a layer that stands in the frame of its step."""
        return item.lane is not None and item.column is not None and (self.opened or item.column == self.opened_at)

    @cached_property
    def by_id(self) -> dict[str, Item]:
        """Items by their id."""
        return {item.id: item for item in self.items}
