"""What is written on a shape.

weight_hh_l0, used at three steps → W_hh (16, 16) ×3        the box of step 2 → LSTM, t = 2
zeros that a run starts from      → h₀ = 0                  three losses added → L = Σ Lₜ
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from tinygrad_rnn.engine.snapshot import Graph, GraphNode
from viz.scene import text
from viz.scene.groups import Group
from viz.scene.lanes import STATE_ROLES, Places
from viz.scene.time import moment
from viz.scene.usage import MEANS, SUMS
from viz.scene.words import plain_text


class Labels:
    """The labels of one graph: how long a weight's name has to be depends on all the others.

    Args:
        opened: the parts of a layer are drawn, so that a value says which op made it.
    """

    def __init__(self, where: Places, *, opened: bool) -> None:
        self.graph, self.where, self.opened = where.graph, where, opened
        self.weights = weight_names(where.graph)

    def of(self, group: Group, nodes: Sequence[GraphNode], kind: str, uses: int) -> str:
        """Of a group of nodes, newest first."""
        said = self._together(group, nodes) if isinstance(group, tuple) else self._alone(nodes, kind, uses)
        return text.short(plain_text(said))

    def _together(self, group: tuple[object, ...], nodes: Sequence[GraphNode]) -> str:
        head, what = nodes[0], group[0]
        if what == "box":
            return f"{self.where.lanes[self.where.lane[head.id]].name}\nt = {head.step}"
        if what == "affine":
            return "affine"
        if what == "run":
            return f"{head.symbol or head.op} ×{len(nodes):,}"
        if what == "alike":
            return f"{head.name or head.symbol or self.weights.get(head.id, 'const')}\n{len(nodes):,} alike"
        return _closed(group[1], nodes)

    def _alone(self, nodes: Sequence[GraphNode], kind: str, uses: int) -> str:
        node = nodes[0]
        if kind == "parameter":
            return f"{self.weights[node.id]}{text.shape(node.shape)}{f' ×{uses}' if uses > 1 else ''}"
        if kind == "initial":
            return first_state(node)
        if node.op is None and node.cut is not None:
            return f"{text.subscript(node.cut.title, node.cut.step)} detached"
        if not node.name:
            return node.symbol or f"{'mask' if node.dtype == 'bool' else 'const'}{text.shape(node.shape)}"
        name = text.subscript("ŷ" if kind == "output" and node.name == "y" else node.name, node.step)
        if kind == "input" and node.value is not None and node.value.zero and node.dtype.startswith("float"):
            return f"{name} = 0"
        if kind == "total":
            return self._total(name, nodes)
        if not self.opened or node.op is None or kind in ("input", "loss", "output"):
            return name
        return f"{node.symbol} {name if node.role in STATE_ROLES else node.name}"

    def _total(self, name: str, nodes: Sequence[GraphNode]) -> str:
        """`L = Σ Lₜ` where two losses or more were added up, and their mean where that is divided."""
        inside, ops = {node.id for node in nodes}, {node.op for node in nodes}
        sources = (source for node in nodes for source, _ in node.inputs if source not in inside)
        if sum(self.graph.nodes[source].role == "loss" for source in sources) < 2:
            return name
        if ops <= SUMS:
            return f"{name} = Σ {name}ₜ"
        return f"{name} = mean {name}ₜ" if ops <= SUMS | MEANS else name


def weight_names(graph: Graph) -> dict[int, str]:
    """A letter for each weight, `W_hh`; one that two share says whose it is, `head.W`, as far as the scopes tell."""
    layered = any("_l1" in (node.name or "") for node in graph.parameters)
    plain = {node.id: text.weight(node.name or "parameter", layered=layered) for node in graph.parameters}
    owners = {node.id: _owners(graph, node) for node in graph.parameters}
    names = dict(plain)
    for parts in range(1, 5):
        alike = Counter(names.values())
        for id, name in names.items():
            if alike[name] > 1 or (parts == 1 and name in ("W", "b")):
                names[id] = ".".join([*owners[id][-parts:], plain[id]])
    return names


def _owners(graph: Graph, node: GraphNode) -> list[str]:
    """The parts of the model that a weight belongs to, or what uses it does; a layer's number is in the name."""
    users = (graph.nodes[user] for user, _ in graph.uses(node))
    scope = node.scope or next((user.scope for user in users if user.scope), ())
    return [part for part in scope if not re.fullmatch(r"l\d+(_reverse)?", part)]


def first_state(node: GraphNode) -> str:
    """`h₀ = 0` where the value is exactly that, else how it came to be, as far as the record tells.

    The number is that of the step before the first that uses it, or of the step that it was cut from.
    """
    name, _, said = (node.name or "h").partition(" ")
    learnt = node.requires_grad and (node.op is not None or node.cut is None)
    how = "carried" if node.cut is not None else "learnt" if learnt else said
    step = node.step if node.cut is None or node.cut.step is None else node.cut.step
    letter = text.subscript(name, step or 0)
    if node.value is not None and node.value.zero:
        return f"{letter} = 0" + (f", {how}" if learnt or node.cut else "")
    return f"{letter} {how}" if how else letter


def _closed(scope: object, nodes: Sequence[GraphNode]) -> str:
    """Of a part of the model that is closed: `encoder: Encoder`, with how many steps are inside."""
    assert isinstance(scope, tuple)
    depth, steps = len(scope), {moment(node) for node in nodes} - {None}
    kind = next((node.classes[depth - 1] for node in nodes if len(node.classes) >= depth), None)
    inside = f"\n{text.count(len(steps), 'step')}" if len(steps) > 1 else f"\nt = {nodes[0].step}" if steps else ""
    return f"{scope[-1]}{f': {kind}' if kind and kind != scope[-1] else ''}{inside}"
