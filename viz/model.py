"""What to draw: from a recorded graph to items and edges, before any thought of where.

    Graph → groups of nodes (cells) → Item per group, with its column, layer and name → Edge per use between groups

An item's `key` is the same at every step: the layout places keys once and repeats them as columns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from tinygrad_rnn.graph import Graph, GraphNode
from viz import names
from viz.cells import STATES, Group, Scope, cell_of, cell_scopes, contracted, each_alone
from viz.grid import columns, layers

KINDS = {
    "parameter": "parameter", "input": "input", "initial_state": "initial", "hidden_state": "hidden",
    "cell_state": "memory", "gate": "gate", "output": "output", "target": "target", "loss": "loss",
}  # fmt: skip
VIEWS = ("cell", "op")


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
        return self.nodes[0].gradient if self.nodes else None


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


def picture(graph: Graph, view: str = "cell", *, gradients: bool = False) -> Picture:
    """Everything `graph` has to show in this view.

    Raises:
        ValueError: a view there is not.
    """
    if view not in VIEWS:
        raise ValueError(f"viz.draw: there is no view {view!r}; there are {', '.join(VIEWS)}")
    from viz.edges import backward, forward

    scopes = cell_scopes(graph)
    view = view if scopes else "op"
    groups = contracted(graph) if view == "cell" else each_alone(graph)
    members: dict[Group, list[GraphNode]] = {}
    for node in reversed(graph.nodes):
        members.setdefault(groups[node.id], []).append(node)
    drafts = _Drafts(graph, scopes, groups, members)
    items = {group: drafts.item(group, gradients, plain=view == "cell") for group in reversed(members)}
    merged = view == "cell"
    edges = forward(graph, groups, items, merged=merged) + (backward(list(items.values())) if gradients else [])
    steps = sorted({item.column for item in items.values() if item.column})
    kinds = tuple(_cell_name(graph, scopes, k) for k in range(len(scopes)))
    return Picture(tuple(items.values()), tuple(edges), view, tuple(steps), kinds, len(steps), gradients)


class _Drafts:
    """What naming and arranging one item needs to know of all the others."""

    def __init__(
        self, graph: Graph, scopes: list[Scope], groups: Mapping[int, Group], members: Mapping[Group, list[GraphNode]]
    ) -> None:
        self.graph, self.scopes, self.groups, self.members = graph, scopes, groups, members
        self.parameters = {node.id for node in graph.parameters}
        self.columns = columns(graph)
        self.layers = layers(graph, scopes, self.columns)
        self.taken: Counter[str] = Counter()
        self.ordinals: Counter[tuple[int | None, str]] = Counter()
        self.weights = self._weights()

    def item(self, group: Group, gradients: bool, plain: bool) -> Item:
        nodes = self.members[group]
        head = nodes[0]
        boxed = isinstance(group, tuple)
        kind = "box" if boxed else self._kind(head)
        column, layer = self.columns[head.id], self.layers[head.id]
        inside = boxed or (cell_of(head, self.scopes) is not None and head.role not in STATES)
        uses = sum(self.groups[user] != group for node in nodes for user, _ in self.graph.uses(node))
        name = "box" if boxed else head.name or head.op or "constant"
        base = "_".join(
            filter(None, [*(head.scope[-1:] if layer < len(self.scopes) > 1 else ()), self.weights.get(head.id, name)])
        )
        id = f"n_{names.slug(base)}" + ("" if column is None else f"_{column}")
        self.taken[id] += 1
        if self.taken[id] > 1:
            id = f"{id}_{self.taken[id]}x"
        stem = f"{layer}/{'/'.join(head.scope)}/{kind}/{name}" + (f"/{head.id}" if column is None else "")
        if head.step is None and head.op and column is not None:
            stem = f"{layer}/after/{head.op}"  # a total is its last addition: it stands where the others do
        self.ordinals[column, stem] += 1
        label = self._box_label(head, layer) if boxed else self._label(head, kind, uses, nodes, plain)
        if gradients and kind in ("parameter", "hidden", "memory", "initial"):
            label = f"{label}\n{names.norm(head.gradient)}"
        tip = names.tooltip(head, uses, gradients=gradients) if not boxed else self._box_tip(head, nodes)
        return Item(
            id, f"{stem}#{self.ordinals[column, stem]}", kind, label, column, layer, inside, tuple(nodes), uses, tip
        )

    def _kind(self, node: GraphNode) -> str:
        if node.id in self.parameters:
            return "parameter"
        if node.role == "loss" and node.step is None and node.id in self.graph.outputs:
            return "total"
        return KINDS.get(node.role or "", "op" if node.op else "input")

    def _weights(self) -> dict[int, str]:
        nodes = [node for node in self.graph.nodes if node.id in self.parameters]
        plain = {n.id: names.weight(n.name or "parameter", layered=len(self.scopes) > 1) for n in nodes}
        shared = Counter(plain.values())
        return {n.id: self._owned(n, plain[n.id], shared[plain[n.id]]) for n in nodes}

    def _owned(self, node: GraphNode, plain: str, count: int) -> str:
        """`head.W`: a bare letter, or one that two parameters share, says whose it is where the scope tells."""
        if count == 1 and plain not in ("W", "b"):
            return plain
        users = [self.graph.nodes[user] for user, _ in self.graph.uses(node)]
        scope = node.scope or next((user.scope for user in users if user.scope), ())
        return f"{scope[-1]}.{plain}" if scope else plain

    def _label(self, node: GraphNode, kind: str, uses: int, nodes: list[GraphNode], plain: bool) -> str:
        if kind == "parameter":
            times = f" ×{uses}" if uses > 1 else ""
            return f"{self.weights[node.id]}{names.shape(node.shape)}{times}"
        if not node.name:
            return names.symbol(node.op) if node.op else f"const{names.shape(node.shape)}"
        letter = {"output": "ŷ"}.get(kind, node.name) if node.name == "y" else node.name
        name = names.subscript(letter, node.step)
        if kind == "initial" and not node.requires_grad and " " not in node.name:
            return f"{name} = 0"
        if kind == "total" and len(nodes) > 1:
            return _sum_label(name, nodes)
        plain = plain or node.op is None or kind in ("input", "loss", "total", "output")
        return name if plain else f"{names.symbol(node.op)} {name if node.role in STATES else node.name}"

    def _box_label(self, node: GraphNode, layer: int) -> str:
        return f"{_cell_name(self.graph, self.scopes, layer)}\nt = {node.step}"

    def _box_tip(self, node: GraphNode, nodes: list[GraphNode]) -> str:
        ops = Counter(names.symbol(n.op) for n in reversed(nodes))
        inside = ", ".join(f"{op} ×{k}" if k > 1 else op for op, k in ops.items())
        return f"{'/'.join(node.scope)} · step {node.step} · {len(nodes)} ops: {inside}"


def _sum_label(name: str, nodes: list[GraphNode]) -> str:
    ops = {node.op for node in nodes}
    if ops <= {"add", "sum", "stack", "concatenate", "reshape", "expand_dims"}:
        return f"{name} = Σ {name}ₜ"
    return f"{name} = mean {name}ₜ" if ops & {"mean", "divide"} else name


def _cell_name(graph: Graph, scopes: list[Scope], layer: int) -> str:
    """`LSTM`, or `LSTM l1` where there are several layers; what a layer is, its states and gates tell."""
    roles = {(node.role, node.name) for node in graph.nodes if cell_of(node, scopes) == layer}
    kind = "LSTM" if ("cell_state", "c") in roles else "GRU" if ("gate", "z") in roles else "RNN"
    return f"{kind} {scopes[layer][-1]}" if len(scopes) > 1 and scopes[layer] else kind
