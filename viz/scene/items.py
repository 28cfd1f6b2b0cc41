"""From a group of nodes to the one item that stands for them: its kind, its name, its place in time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from tinygrad_rnn.engine.snapshot import GraphNode
from viz.scene import text
from viz.scene.groups import Group, Groups
from viz.scene.labels import Labels
from viz.scene.lanes import Places
from viz.scene.model import Item, gradient_norm
from viz.scene.time import moment
from viz.scene.usage import handed_on, letter, terms, usage

KINDS = {
    "parameter": "parameter", "input": "input", "initial_state": "initial", "hidden_state": "hidden",
    "cell_state": "cell", "gate": "gate", "output": "output", "target": "target", "loss": "loss",
}  # fmt: skip
SPECIAL = {"box": "box", "affine": "affine", "fold": "part", "run": "op"}  # groups that are more than a value


class Items:
    """The items of one graph: to name and to arrange one of them, all the others have to be known.

    Args:
        opened: the parts of a layer are drawn, so that a value says which op made it.
    """

    def __init__(self, where: Places, groups: Groups, *, opened: bool) -> None:
        self.graph, self.where, self.groups = where.graph, where, groups
        self.members: dict[Group, list[GraphNode]] = {}
        for node in reversed(self.graph.nodes):
            self.members.setdefault(groups[node.id], []).append(node)
        self.labels = Labels(where, opened=opened)
        self.usage, self.handed_on = usage(where), handed_on(where)
        self.kinds = {node.id: self._kind(node) for node in self.graph.nodes}
        self.cells = {letter(node) for node in self.graph.nodes if node.role == "cell_state"}
        self.taken: Counter[str] = Counter()
        self.ordinals: Counter[tuple[float | None, str]] = Counter()

    def made(self, *, gradients: bool = False, values: bool = False, brief: bool = False) -> dict[Group, Item]:
        """The item of every group, oldest first; its label says its gradient's norm, and its value, if asked for."""
        found = {group: self._item(group, gradients) for group in reversed(self.members)}
        return {group: _told(item, gradients=gradients, values=values, brief=brief) for group, item in found.items()}

    def _kind(self, node: GraphNode) -> str:
        if node.id in self.labels.weights:
            return "parameter"
        if node.role == "loss" and moment(node) is None and terms(self.graph, node) > 1:
            return "total"
        return KINDS.get(node.role or "", "op" if node.op else "input")

    def _item(self, group: Group, gradients: bool) -> Item:
        nodes, where = self.members[group], self.where
        head, special = nodes[0], group[0] if isinstance(group, tuple) else None
        kind = SPECIAL.get(special or "") or self.kinds[head.id]
        uses = sum(self.groups[user] != group for node in nodes for user, _ in self.graph.uses(node))
        name = special or (head.name if kind == "initial" else letter(head)) or head.op or "constant"
        tip = _inside_tip(head, nodes) if special else text.tooltip(head, uses, gradients=gradients)
        slot = min(where.slots[node.id] for node in nodes) if kind == "part" else where.slots[head.id]
        return Item(
            self._id(head, name), self._key(head, kind, name), kind, self.labels.of(group, nodes, kind, uses),
            where.columns[head.id], slot, where.blocks[head.id], self._lane(head, kind), tuple(nodes), uses, tip,
            ("cell" if letter(head) in self.cells else "hidden") if kind == "initial" else "", self._made(nodes),
            gradient_norm(head), head.id in self.handed_on,
        )  # fmt: skip

    def _made(self, nodes: list[GraphNode]) -> int:
        """When a box was begun: not when what leads into it was made, outside of the layer."""
        inside = [node.id for node in nodes if node.id in self.where.lane]
        return min(inside or [node.id for node in nodes])

    def _lane(self, head: GraphNode, kind: str) -> int | None:
        if kind in ("hidden", "cell", "initial", "parameter"):
            return None
        constant = head.op is None and head.role is None and self.where.columns[head.id] is not None
        return self._owner(head) if constant else self.where.lane.get(head.id)

    def _owner(self, node: GraphNode) -> int | None:
        """The layer it belongs to, or that all its users belong to."""
        own = self.where.lane.get(node.id)
        users = {self.where.lane.get(user) for user, _ in self.graph.uses(node)}
        return own if own is not None else users.pop() if len(users) == 1 else None

    def _id(self, node: GraphNode, name: str) -> str:
        """`n_h_2`, with the layer's name before it where there are several; a second of that name gets a number."""
        column, lane = self.where.columns[node.id], self._owner(node)
        which = node.scope[-1:] if len(self.where.lanes) > 1 and lane is not None else ()
        id = "n_" + text.slug("_".join([*which, self.labels.weights.get(node.id, name)]))
        if column is not None and self.where.timed:
            id += f"_{(node.step or 0) if self.kinds[node.id] == 'initial' else int(column)}"
        self.taken[id] += 1
        return id if self.taken[id] == 1 else f"{id}_{self.taken[id]}x"

    def _key(self, node: GraphNode, kind: str, name: str) -> str:
        """What it is, what it is for, and how many like it came before in its step: the same at every step."""
        column = self.where.columns[node.id]
        key = f"{'/'.join(node.scope)}/{kind}/{name}" + (f"/{node.id}" if column is None else "")
        key += f"/{self.usage[node.id]}" if node.op and node.role is None and kind == "op" else ""
        if moment(node) is None and node.op and column is not None and kind != "initial":
            key = f"after/{node.op}"  # a total is its last addition: it stands where the others do
        self.ordinals[column, key] += 1
        return f"{key}#{self.ordinals[column, key]}"


def _inside_tip(node: GraphNode, nodes: list[GraphNode]) -> str:
    ops = Counter(n.symbol or n.op for n in reversed(nodes) if n.op)
    inside = ", ".join(f"{op} ×{k}" if k > 1 else str(op) for op, k in ops.items())
    step = "" if node.step is None else f" · step {node.step}"
    return f"{'/'.join(node.scope)}{step} · {text.count(ops.total(), 'op')}: {inside}"


def _told(item: Item, *, gradients: bool, values: bool, brief: bool) -> Item:
    """The item with its value, and the norm of its gradient, in its label."""
    more: dict[str, str] = {}
    shown = values and item.nodes and not (brief and item.kind == "parameter")
    if shown and item.kind not in ("box", "affine", "part") and not item.label.endswith("= 0"):
        more["value"] = text.values(item.nodes[:1], brief=brief)
    if gradients and item.is_heated:
        more["gradient"] = text.norm(item.gradient)
    return labelled(item, item.label, more)


def labelled(item: Item, name: str, more: Mapping[str, str]) -> Item:
    """The item with a label of several lines: its name, and what there is to tell of it."""
    said = {what: line for what, line in more.items() if line}
    return replace(item, label="\n".join([name, *said.values()]), told=tuple(said))
