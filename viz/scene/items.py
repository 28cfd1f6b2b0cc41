"""From a group of nodes to the one item that stands for them: its kind, its name, its place in time."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

from tinygrad_rnn.engine.snapshot import GraphNode
from viz.scene import text
from viz.scene.groups import Group, Groups
from viz.scene.lanes import STATE_ROLES, Places
from viz.scene.model import Item, gradient_norm
from viz.scene.time import moment
from viz.scene.words import plain_text

KINDS = {
    "parameter": "parameter", "input": "input", "initial_state": "initial", "hidden_state": "hidden",
    "cell_state": "cell", "gate": "gate", "output": "output", "target": "target", "loss": "loss",
}  # fmt: skip
SPECIAL = {
    "box": "box",
    "affine": "affine",
    "fold": "part",
    "run": "op",
}  # the kinds of groups that are more than a value
_SUMS = {"add", "sum", "stack", "concatenate", "reshape", "expand_dims", "squeeze"}
_MEANS = {"mean", "divide", "multiply"}


class Items:
    """The items of one graph: to name and to arrange one of them, all the others have to be known.

    Args:
        opened: the parts of a layer are drawn, so that a value says which op made it.
    """

    def __init__(self, where: Places, groups: Groups, *, opened: bool) -> None:
        self.graph, self.where, self.groups, self.opened = where.graph, where, groups, opened
        self.members: dict[Group, list[GraphNode]] = {}
        for node in reversed(self.graph.nodes):
            self.members.setdefault(groups[node.id], []).append(node)
        self.parameters = {node.id for node in self.graph.parameters}
        self.parts = max((lane.block for lane in where.lanes), default=0) + 1
        self.taken: Counter[str] = Counter()
        self.ordinals: Counter[tuple[float | None, str]] = Counter()
        self.usage = self._usage()
        self.handed_on = self._handed_on()
        self.weights = self._weights()
        cells = (n.name for n in self.graph.nodes if n.role == "cell_state" and n.name)
        self.cell_letters = {name.partition(" ")[0] for name in cells}

    def made(self, *, gradients: bool = False, values: bool = False) -> dict[Group, Item]:
        """The item of every group, oldest first; its label says its gradient's norm, and its value, if asked for."""
        found = {group: self._item(group, gradients) for group in reversed(self.members)}
        return {group: _told(item, gradients=gradients, values=values) for group, item in found.items()}

    def _item(self, group: Group, gradients: bool) -> Item:
        nodes = self.members[group]
        head, special = nodes[0], group[0] if isinstance(group, tuple) else None
        kind = SPECIAL[special] if special in SPECIAL else self._kind(head)
        uses = sum(self.groups[user] != group for node in nodes for user, _ in self.graph.uses(node))
        name = special or head.name or head.op or "constant"
        if kind != "initial":
            name = name.partition(" ")[0]  # x 'h' and x 'e' are both x, each at its step
        label = self._special(group, head) if special else self._label(head, kind, uses, nodes)
        tip = _inside_tip(head, nodes) if special else text.tooltip(head, uses, gradients=gradients)
        said = text.short(plain_text(label))
        return Item(
            self._id(head, name), self._key(head, kind, name), kind, said, self.where.columns[head.id],
            min(self.where.slots[node.id] for node in nodes) if kind == "part" else self.where.slots[head.id],
            self.where.blocks[head.id], self._lane(head, kind), tuple(nodes), uses, tip,
            self._starts(head) if kind == "initial" else "", self._made(nodes),
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

    def _starts(self, head: GraphNode) -> str:
        return "cell" if _letter(head) in self.cell_letters else "hidden"

    def _id(self, node: GraphNode, name: str) -> str:
        """`n_h_2`, with the layer's name before it where there are several; a second of that name gets a number."""
        column, lane = self.where.columns[node.id], self._owner(node)
        which = node.scope[-1:] if len(self.where.lanes) > 1 and lane is not None else ()
        id = "n_" + text.slug("_".join([*which, self.weights.get(node.id, name)]))
        if column is not None and self.where.timed:
            id += f"_{int(column) if self._kind(node) != 'initial' else node.step or 0}"
        self.taken[id] += 1
        return id if self.taken[id] == 1 else f"{id}_{self.taken[id]}x"

    def _owner(self, node: GraphNode) -> int | None:
        """The layer it belongs to, or that all its users belong to."""
        own = self.where.lane.get(node.id)
        users = {self.where.lane.get(user) for user, _ in self.graph.uses(node)}
        return own if own is not None else users.pop() if len(users) == 1 else None

    def _key(self, node: GraphNode, kind: str, name: str) -> str:
        """What it is and how many like it came before in its step: the same at every step."""
        column = self.where.columns[node.id]
        key = f"{'/'.join(node.scope)}/{kind}/{name}" + (f"/{node.id}" if column is None else "")
        key += f"/{self.usage[node.id]}" if node.op and node.role is None and kind == "op" else ""
        if moment(node) is None and node.op and column is not None and kind != "initial":
            key = f"after/{node.op}"  # a total is its last addition: it stands where the others do
        self.ordinals[column, key] += 1
        return f"{key}#{self.ordinals[column, key]}"

    def _handed_on(self) -> set[int]:
        """Stacks of states, and their pieces, that steps after them start from."""
        found: set[int] = set()
        for node in self.graph.nodes:
            made_from = [self.graph.nodes[source] for source, _ in node.inputs]
            states = made_from and all(one.role in STATE_ROLES or one.id in found for one in made_from)
            if states and node.role is None and node.op in ("stack", "getitem", "concatenate"):
                found.add(node.id)
        users = ((id, user) for id in found for user, _ in self.graph.uses(id))
        return {id for id, user in users if user in found or user in self.where.lane} & found

    def _usage(self) -> dict[int, int]:
        """What each value is used for in its step, as a number: it tells values apart of which not every step has all.

        0.9·h is the first argument of the sum that makes the next state, and 0.1·tanh(…) the second, also where h₀ = 0
        is not recorded.
        """
        found: dict[int, int] = {}
        numbers: dict[object, int] = {}
        place = {node.id: (self.where.columns[node.id], self.where.lane.get(node.id)) for node in self.graph.nodes}
        for node in reversed(self.graph.nodes):
            uses = (use for use in self.graph.uses(node) if place[use[0]] == place[node.id])
            usage = () if node.role else tuple(sorted((found[user], position) for user, position in uses)[:8])
            found[node.id] = numbers.setdefault((node.op, node.role, _letter(node), usage), len(numbers))
        return found

    def _kind(self, node: GraphNode) -> str:
        if node.id in self.parameters:
            return "parameter"
        if node.role == "loss" and moment(node) is None and self._terms(node) > 1:
            return "total"
        return KINDS.get(node.role or "", "op" if node.op else "input")

    def _terms(self, node: GraphNode) -> int:
        """How many losses a loss was put together from, by sums and means alone."""
        found, seen, stack = 0, {node.id}, [node]
        while stack:
            for source, _ in stack.pop().inputs:
                one = self.graph.nodes[source]
                if source in seen:
                    continue
                seen.add(source)
                if one.role == "loss":
                    found += 1
                elif one.role is None and one.op in _SUMS | _MEANS:
                    stack.append(one)
        return found

    def _weights(self) -> dict[int, str]:
        """A letter for each weight, `W_hh`; one that two share says whose it is, `head.W`, as far as that tells."""
        nodes = [node for node in self.graph.nodes if node.id in self.parameters]
        layered = any("_l1" in (n.name or "") for n in nodes)
        plain = {n.id: text.weight(n.name or "parameter", layered=layered) for n in nodes}
        owners = {n.id: self._owners(n) for n in nodes}
        names = dict(plain)
        for parts in range(1, 5):
            alike = Counter(names.values())
            for id, name in names.items():
                if alike[name] > 1 or (parts == 1 and name in ("W", "b")):
                    names[id] = ".".join([*owners[id][-parts:], plain[id]])
        return names

    def _owners(self, node: GraphNode) -> list[str]:
        """The parts of the model that it belongs to, as far as its scope tells, or that of what uses it."""
        users = [self.graph.nodes[user] for user, _ in self.graph.uses(node)]
        scope = node.scope or next((user.scope for user in users if user.scope), ())
        return [part for part in scope if not re.fullmatch(r"l\d+(_reverse)?", part)]

    def _label(self, node: GraphNode, kind: str, uses: int, nodes: list[GraphNode]) -> str:
        if kind == "parameter":
            times = f" ×{uses}" if uses > 1 else ""
            return f"{self.weights[node.id]}{text.shape(node.shape)}{times}"
        if kind == "initial":
            return _first_state(node, learnt=self._is_learnt(node))
        if node.op is None and node.cut is not None:
            return f"{text.subscript(node.cut.title, node.cut.step)} detached"
        if not node.name:
            return node.symbol or f"{'mask' if node.dtype == 'bool' else 'const'}{text.shape(node.shape)}"
        letter = {"output": "ŷ"}.get(kind, node.name) if node.name == "y" else node.name
        name = text.subscript(letter, node.step)
        if kind == "input" and node.value is not None and node.value.zero and node.dtype.startswith("float"):
            return f"{name} = 0"
        if kind == "total":
            return self._total(name, nodes)
        if not self.opened or node.op is None or kind in ("input", "loss", "output"):
            return name
        return f"{node.symbol} {name if node.role in STATE_ROLES else node.name}"

    def _is_learnt(self, node: GraphNode) -> bool:
        """Whether a first state is a parameter, or was made of one."""
        return node.requires_grad and (node.op is not None or node.cut is None)

    def _total(self, name: str, nodes: list[GraphNode]) -> str:
        """`L = Σ Lₜ` where two losses or more were added up, and their mean where that is divided."""
        inside = {node.id for node in nodes}
        terms = [s for node in nodes for s, _ in node.inputs if s not in inside and self.graph.nodes[s].role == "loss"]
        ops = {node.op for node in nodes}
        if len(terms) < 2:
            return name
        if ops <= _SUMS:
            return f"{name} = Σ {name}ₜ"
        return f"{name} = mean {name}ₜ" if ops <= _SUMS | _MEANS else name

    def _special(self, group: Group, head: GraphNode) -> str:
        assert isinstance(group, tuple)
        if group[0] == "box":
            return f"{self.where.lanes[group[1]].name}\nt = {head.step}"
        if group[0] == "affine":
            return "affine"
        many = len(self.members[group])
        if group[0] == "run":
            return f"{head.symbol or head.op} ×{many:,}"
        if group[0] == "alike":
            return f"{head.name or head.symbol or self.weights.get(head.id, 'const')}\n{many:,} alike"
        return self._folded(group, head)

    def _folded(self, group: tuple[object, ...], head: GraphNode) -> str:
        """`encoder: Encoder`, with how many steps are inside."""
        scope = group[1]
        assert isinstance(scope, tuple)
        depth = len(scope)
        kind = next((n.classes[depth - 1] for n in self.members[group] if len(n.classes) >= depth), None)
        steps = {moment(node) for node in self.members[group]} - {None}
        inside = f"\n{text.count(len(steps), 'step')}" if len(steps) > 1 else f"\nt = {head.step}" if steps else ""
        return f"{scope[-1]}{f': {kind}' if kind and kind != scope[-1] else ''}{inside}"


def _letter(node: GraphNode) -> str:
    """A name without what it says after the letter."""
    return (node.name or "").partition(" ")[0]


def _first_state(node: GraphNode, *, learnt: bool) -> str:
    """`h₀ = 0` where the value is exactly that, else how it came to be, as far as the record tells.

    The number is that of the step before the first that uses it, or of the step that it was cut from.
    """
    name, _, said = (node.name or "h").partition(" ")
    step = node.step if node.cut is None or node.cut.step is None else node.cut.step
    letter = text.subscript(name, step or 0)
    how = "carried" if node.cut is not None else "learnt" if learnt else said
    if node.value is not None and node.value.zero:
        return f"{letter} = 0" + (f", {how}" if how in ("carried", "learnt") and (learnt or node.cut) else "")
    return f"{letter} {how}" if how else letter


def _inside_tip(node: GraphNode, nodes: list[GraphNode]) -> str:
    ops = Counter(n.symbol or n.op for n in reversed(nodes) if n.op)
    inside = ", ".join(f"{op} ×{k}" if k > 1 else str(op) for op, k in ops.items())
    step = "" if node.step is None else f" · step {node.step}"
    return f"{'/'.join(node.scope)}{step} · {text.count(ops.total(), 'op')}: {inside}"


def _told(item: Item, *, gradients: bool, values: bool) -> Item:
    """The item with its value, and the norm of its gradient, in its label."""
    lines = [item.label]
    if values and item.nodes and item.kind not in ("box", "affine", "part") and not item.label.endswith("= 0"):
        lines += [text.values(item.nodes[:1])]
    if gradients and item.is_heated:
        lines += [text.norm(item.gradient)]
    return replace(item, label="\n".join(filter(None, lines)))
