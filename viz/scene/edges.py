"""Every use as an edge, and what kind of edge: data, weight, a state on its way, the cell state's road, a gradient."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping

from tinygrad_rnn.engine.snapshot import Graph, GraphNode
from viz.scene.columns import moment
from viz.scene.groups import STATE_ROLES, Group
from viz.scene.model import STATES, Edge, Item

_LEVEL_OPS = ("add", "subtract", "multiply")
Pair = tuple[int, int]


def forward(graph: Graph, groups: Mapping[int, Group], items: Mapping[Group, Item], *, merged: bool) -> list[Edge]:
    """One edge per use; `merged`, one per pair of items with its uses counted."""
    roads = _roads(graph)
    found: list[Edge] = []
    for node in graph.nodes:
        for source, _ in node.inputs:
            a, b = items[groups[source]], items[groups[node.id]]
            inner = b.kind == "box" and a.column == b.column and a.layer == b.layer and a.kind in STATES
            if a is not b and not inner:  # what a box does with its own state stays inside it
                found.append(Edge(a.id, b.id, _boxed(a, b) if merged else _plain(a, b, (source, node.id) in roads)))
    counts = Counter(found)
    return [Edge(e.source, e.target, e.kind, count) for e, count in counts.items()] if merged else found


def _boxed(source: Item, target: Item) -> str:
    if target.kind == "cell" or (source.kind == "box" and target.kind == "hidden"):
        return "cell" if target.kind == "cell" else "recurrent"
    return _plain(source, target, road=_letter(source.nodes[0]) == "c")


def _plain(source: Item, target: Item, road: bool) -> str:
    if source.kind == "parameter" and source.column is None:
        return "weight"
    onward = source.is_carried and source.column != target.column and source.layer == target.layer
    if road:
        return "cell" if source.kind == "cell" or _leads_to_cell_state(source, target) else "recurrent"
    return "recurrent" if onward else "data"


def _leads_to_cell_state(source: Item, target: Item) -> bool:
    return target.kind == "cell" or (source.kind == "initial" and _letter(source.nodes[0]) == "c")


def _letter(node: GraphNode) -> str:
    return (node.name or "").partition(" ")[0] if node.role in (*STATE_ROLES, "initial_state") else ""


def _roads(graph: Graph) -> set[Pair]:
    """The uses along which a state reaches itself one step on through × and + only: where a gradient changes least."""
    found: set[Pair] = set()
    for state in graph.nodes:
        if state.role in STATE_ROLES and state.op in _LEVEL_OPS:
            found |= _road(graph, state)
    return found


def _road(graph: Graph, state: GraphNode) -> set[Pair]:
    region, stack = {state.id}, [state.id]
    while stack:
        for source, _ in graph.nodes[stack.pop()].inputs:
            node = graph.nodes[source]
            if source not in region and node.op in _LEVEL_OPS and node.role is None and moment(node) == moment(state):
                region.add(source)
                stack.append(source)
    carried: set[int] = set()
    pairs: set[Pair] = set()
    for id in sorted(region):
        for source, _ in graph.nodes[id].inputs:
            node = graph.nodes[source]
            if source in carried or (_letter(node) == _letter(state) and moment(node) != moment(state)):
                carried.add(id)
                pairs.add((source, id))
    return pairs


def backward(items: Iterable[Item]) -> list[Edge]:
    """From every state back to the one before it, as wide as the gradient that arrives there."""
    chains: dict[tuple[int, str], list[Item]] = {}
    for item in items:
        if item.is_carried and item.gradient is not None:
            chains.setdefault((item.layer, _letter(item.nodes[0])), []).append(item)
    found = []
    for chain in chains.values():
        chain.sort(key=lambda item: item.column or 0)
        found += [Edge(b.id, a.id, "backward", norm=a.gradient) for a, b in itertools.pairwise(chain)]
    return found
