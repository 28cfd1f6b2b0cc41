"""Every use as an edge, and what kind of edge: data, weight, a state on its way, the cell state's road, a gradient.

value ──→ what uses it        a gradient goes back along each use through which one came:  value ←‐‐ what uses it
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from tinygrad_rnn.engine.snapshot import Graph, GraphNode
from viz.scene.alike import is_gathered
from viz.scene.groups import Group, Groups
from viz.scene.lanes import STATE_ROLES
from viz.scene.model import Edge, Item, Use
from viz.scene.time import moment

_LEVEL_OPS = ("add", "subtract", "multiply")


def forward(graph: Graph, groups: Groups, items: Mapping[Group, Item], *, opened: bool, merged: bool) -> list[Edge]:
    """One edge for each use; `merged`, and where an item stands for many nodes, one for all uses of it by another."""
    roads = _roads(graph) if opened else set()
    found: dict[object, tuple[str, str, str, list[Use]]] = {}
    for node in graph.nodes:
        for source, position in node.inputs:
            a, b = items[groups[source]], items[groups[node.id]]
            if a is not b:
                boxed = not opened or "box" in (a.kind, b.kind)
                kind = _boxed(a, b) if boxed else _plain(a, b, road=(source, node.id) in roads)
                several = merged or is_gathered(groups[source]) or is_gathered(groups[node.id])
                key: object = (a.id, b.id) if several else (source, node.id, position)
                found.setdefault(key, (a.id, b.id, kind, []))[3].append((node.id, position))
    return [Edge(a, b, kind, tuple(uses)) for a, b, kind, uses in found.values()]


def _boxed(source: Item, target: Item) -> str:
    if source.kind == "box" and target.kind in ("hidden", "cell"):
        return "cell" if target.kind == "cell" else "recurrent"
    if target.kind == "box" and (source.kind == "cell" or source.starts == "cell"):
        return "cell"
    return _plain(source, target, road=False)


def _plain(source: Item, target: Item, *, road: bool) -> str:
    if source.kind == "parameter":
        return "weight"
    if road:
        return "cell" if "cell" in (source.kind, target.kind, source.starts) else "recurrent"
    if source.hands_on and target.kind in ("box", "op", "affine"):  # states put together, on their way
        return "recurrent"
    onward = source.is_carried and source.column != target.column and source.slot == target.slot
    return "recurrent" if onward or (target.hands_on and source.is_carried) else "data"


def _letter(node: GraphNode) -> str:
    return (node.name or "").partition(" ")[0] if node.role in (*STATE_ROLES, "initial_state") else ""


def _roads(graph: Graph) -> set[tuple[int, int]]:
    """The uses along which a state reaches itself one step on through × and + only: where a gradient changes least."""
    found: set[tuple[int, int]] = set()
    for state in graph.nodes:
        if state.role in STATE_ROLES and state.op in _LEVEL_OPS:
            found |= _road(graph, state)
    return found


def _road(graph: Graph, state: GraphNode) -> set[tuple[int, int]]:
    region, stack = {state.id}, [state.id]
    while stack:
        for source, _ in graph.nodes[stack.pop()].inputs:
            node = graph.nodes[source]
            if source not in region and node.op in _LEVEL_OPS and node.role is None and moment(node) == moment(state):
                region.add(source)
                stack.append(source)
    carried: set[int] = set()
    pairs: set[tuple[int, int]] = set()
    for id in sorted(region):
        for source, _ in graph.nodes[id].inputs:
            node = graph.nodes[source]
            if source in carried or (_letter(node) == _letter(state) and moment(node) != moment(state)):
                carried.add(id)
                pairs.add((source, id))
    return pairs


def backward(graph: Graph, edges: Iterable[Edge]) -> list[Edge]:
    """Against every edge through one of whose uses a gradient came that is not zero."""
    norms: dict[Use, float] = {}
    for node in graph.nodes:
        pairs = zip(node.inputs, node.cotangents, strict=False)
        norms |= {(node.id, position): norm for (_, position), norm in pairs if norm}
    found = []
    for edge in edges:
        uses = tuple(use for use in edge.uses if use in norms)
        if uses:
            found.append(Edge(edge.target, edge.source, "backward", uses, math.hypot(*(norms[use] for use in uses))))
    return found


def cuts(graph: Graph, groups: Groups, items: Mapping[Group, Item]) -> list[Edge]:
    """From each state that was cut off by detach() to the value that goes on without its history."""
    states: dict[tuple[int | None, int | None], list[GraphNode]] = {}
    for node in graph.nodes:
        if node.role in STATE_ROLES:
            states.setdefault((node.passage, node.step), []).append(node)
    found = []
    for node in graph.nodes:
        if node.cut is not None and node.role == "initial_state":
            same = [s for s in states.get((node.cut.passage, node.cut.step), ()) if _letter(s) == _letter(node)]
            found += [Edge(items[groups[s.id]].id, items[groups[node.id]].id, "cut") for s in same]
    return found
