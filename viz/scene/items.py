"""From a group of nodes to the one item that stands for them: its kind, its name, its place in time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from tinygrad_rnn.engine.snapshot import Graph, GraphNode
from viz.scene import text
from viz.scene.columns import columns, is_timed, moment
from viz.scene.groups import STATE_ROLES, Group, Scope, cell_name, cell_of, layers
from viz.scene.model import Item

KINDS = {
    "parameter": "parameter", "input": "input", "initial_state": "initial", "hidden_state": "hidden",
    "cell_state": "cell", "gate": "gate", "output": "output", "target": "target", "loss": "loss",
}  # fmt: skip


class Items:
    """The items of one graph: to name and to arrange one of them, all the others have to be known.

    Args:
        opened: the parts of a layer are drawn, so that a value says which op made it.
    """

    def __init__(self, graph: Graph, scopes: list[Scope], groups: Mapping[int, Group], *, opened: bool) -> None:
        self.graph, self.scopes, self.groups, self.opened = graph, scopes, groups, opened
        self.members: dict[Group, list[GraphNode]] = {}
        for node in reversed(graph.nodes):
            self.members.setdefault(groups[node.id], []).append(node)
        self.parameters = {node.id for node in graph.parameters}
        self.columns = columns(graph)
        self.layers = layers(graph, scopes, self.columns)
        self.timed = is_timed(graph)
        self.taken: Counter[str] = Counter()
        self.ordinals: Counter[tuple[int | None, str]] = Counter()
        self.weights = self._weights()
        self.cells = [cell_name(graph, scopes, layer) for layer in range(len(scopes))]

    def made(self, *, gradients: bool) -> dict[Group, Item]:
        """The item of every group, oldest first; with `gradients`, labels and tooltips say their norms."""
        return {group: self._item(group, gradients) for group in reversed(self.members)}

    def _item(self, group: Group, gradients: bool) -> Item:
        nodes = self.members[group]
        head, boxed = nodes[0], isinstance(group, tuple)
        kind = "box" if boxed else self._kind(head)
        inside = boxed or (cell_of(head, self.scopes) is not None and head.role not in STATE_ROLES)
        uses = sum(self.groups[user] != group for node in nodes for user, _ in self.graph.uses(node))
        name = "box" if boxed else head.name or head.op or "constant"
        label = self._box_label(head) if boxed else self._label(head, kind, uses, nodes)
        tip = self._box_tip(head, nodes) if boxed else text.tooltip(head, uses, gradients=gradients)
        place = self.columns[head.id], self.layers[head.id]
        names = self._id(head, name), self._key(head, kind, name)
        item = Item(*names, kind, label, *place, inside, tuple(nodes), uses, tip)
        return replace(item, label=f"{label}\n{text.norm(item.gradient)}") if gradients and item.is_heated else item

    def _id(self, node: GraphNode, name: str) -> str:
        """`n_h_2`, with the layer's name before it where there are several; a second of that name gets a number."""
        column, layer = self.columns[node.id], self.layers[node.id]
        which = node.scope[-1:] if layer < len(self.scopes) > 1 else ()
        id = "n_" + text.slug("_".join([*which, self.weights.get(node.id, name)]))
        id += "" if column is None or not self.timed else f"_{column}"
        self.taken[id] += 1
        return id if self.taken[id] == 1 else f"{id}_{self.taken[id]}x"

    def _key(self, node: GraphNode, kind: str, name: str) -> str:
        """What it is and how many like it came before in its step: the same at every step."""
        column, layer = self.columns[node.id], self.layers[node.id]
        key = f"{layer}/{'/'.join(node.scope)}/{kind}/{name}" + (f"/{node.id}" if column is None else "")
        if moment(node) is None and node.op and column is not None:
            key = f"{layer}/after/{node.op}"  # a total is its last addition: it stands where the others do
        self.ordinals[column, key] += 1
        return f"{key}#{self.ordinals[column, key]}"

    def _kind(self, node: GraphNode) -> str:
        if node.id in self.parameters:
            return "parameter"
        if node.role == "loss" and moment(node) is None and node.id in self.graph.outputs:
            return "total"
        return KINDS.get(node.role or "", "op" if node.op else "input")

    def _weights(self) -> dict[int, str]:
        nodes = [node for node in self.graph.nodes if node.id in self.parameters]
        plain = {n.id: text.weight(n.name or "parameter", layered=len(self.scopes) > 1) for n in nodes}
        shared = Counter(plain.values())
        owned = {n.id: self._owned(n, plain[n.id], shared[plain[n.id]], 1) for n in nodes}
        alike = Counter(owned.values())
        return {n.id: self._owned(n, plain[n.id], shared[plain[n.id]], min(2, alike[owned[n.id]])) for n in nodes}

    def _owned(self, node: GraphNode, plain: str, count: int, parts: int) -> str:
        """`head.W`: a bare letter, or one that two parameters share, says whose it is where the scope tells."""
        if count == 1 and plain not in ("W", "b"):
            return plain
        users = [self.graph.nodes[user] for user, _ in self.graph.uses(node)]
        scope = node.scope or next((user.scope for user in users if user.scope), ())
        owners = [part for part in scope if not plain.endswith(f"_{part}")]
        return ".".join([*owners[-parts:], plain])

    def _label(self, node: GraphNode, kind: str, uses: int, nodes: list[GraphNode]) -> str:
        if kind == "parameter":
            times = f" ×{uses}" if uses > 1 else ""
            return f"{self.weights[node.id]}{text.shape(node.shape)}{times}"
        if not node.name:
            return node.symbol or f"const{text.shape(node.shape)}"
        letter = {"output": "ŷ"}.get(kind, node.name) if node.name == "y" else node.name
        name = text.subscript(letter, node.step)
        if kind == "initial" and not node.requires_grad and " " not in node.name:
            return f"{name} = 0"
        if kind == "total" and len(nodes) > 1:
            return _sum_label(name, nodes)
        if not self.opened or node.op is None or kind in ("input", "loss", "total", "output"):
            return name
        return f"{node.symbol} {name if node.role in STATE_ROLES else node.name}"

    def _box_label(self, node: GraphNode) -> str:
        return f"{self.cells[self.layers[node.id]]}\nt = {node.step}"

    def _box_tip(self, node: GraphNode, nodes: list[GraphNode]) -> str:
        ops = Counter(n.symbol or n.op for n in reversed(nodes) if n.op)
        inside = ", ".join(f"{op} ×{k}" if k > 1 else op for op, k in ops.items())
        return f"{'/'.join(node.scope)} · step {node.step} · {ops.total()} ops: {inside}"


def _sum_label(name: str, nodes: list[GraphNode]) -> str:
    ops = {node.op for node in nodes}
    if ops <= {"add", "sum", "stack", "concatenate", "reshape", "expand_dims"}:
        return f"{name} = Σ {name}ₜ"
    return f"{name} = mean {name}ₜ" if ops & {"mean", "divide"} else name
