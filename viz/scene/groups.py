"""Which nodes of a graph belong together, and to which recurrent layer: one group per thing that the cell view draws.

op, op, op, gate, …   inside a recurrent layer's scope, step t   →   its box at step t
op, op                that lead to one labelled value only       →   that value
h, c, x, ŷ, L, W, …   labelled values                            →   themselves
"""

from __future__ import annotations

from collections.abc import Hashable

from tinygrad_rnn.engine.snapshot import Graph, GraphNode
from viz.scene.columns import Columns, moment

STATE_ROLES = ("hidden_state", "cell_state")
Group = Hashable
Scope = tuple[str, ...]


def cell_scopes(graph: Graph) -> list[Scope]:
    """The scopes that compute a state step by step, in order of first use: the recurrent layers, lowest first."""
    found = dict.fromkeys(n.scope for n in graph.nodes if n.role in STATE_ROLES and moment(n) is not None)
    return [scope for scope in found if not any(is_inside(scope, other) for other in found if other != scope)]


def is_inside(scope: Scope, outer: Scope) -> bool:
    """Whether `scope` is `outer` or a part of it."""
    return scope[: len(outer)] == outer


def cell_of(node: GraphNode, cells: list[Scope]) -> int | None:
    """Which recurrent layer a node was made in, at some step; None where in none."""
    if moment(node) is None or node.op is None:
        return None
    return next((k for k, scope in enumerate(cells) if is_inside(node.scope, scope)), None)


def each_alone(graph: Graph) -> dict[int, Group]:
    """The op view: every node is its own group."""
    return {node.id: node.id for node in graph.nodes}


def contracted(graph: Graph) -> dict[int, Group]:
    """The cell view: each node's group, a node id, or (layer, moment) for the box of a layer at a step."""
    cells = cell_scopes(graph)
    if not cells:
        return each_alone(graph)
    groups: dict[int, Group] = {}
    for node in reversed(graph.nodes):  # consumers first
        groups[node.id] = _group(node, cells, {groups[user] for user, _ in graph.uses(node)})
    return groups


def _group(node: GraphNode, cells: list[Scope], led_to: set[Group]) -> Group:
    if node.role not in (None, "gate") or (node.op is None and node.requires_grad):
        return node.id
    cell = cell_of(node, cells)
    if cell is not None:
        return cell, moment(node)
    return led_to.pop() if len(led_to) == 1 else node.id


def layers(graph: Graph, cells: list[Scope], columns: Columns) -> dict[int, int]:
    """The recurrent layer each node was made in, else the lowest that it leads to, else the place above them all."""
    found: dict[int, int] = {}
    for node in reversed(graph.nodes):
        own = cell_of(node, cells)
        free = columns[node.id] is None or node.role == "initial_state"
        near = [found[u] for u, _ in graph.uses(node) if free or columns[u] in (columns[node.id], None)]
        found[node.id] = own if own is not None else min(near, default=len(cells))
    return found


def cell_name(graph: Graph, scopes: list[Scope], layer: int) -> str:
    """`LSTM`; `LSTM l1` or `LSTM encoder` where that part of the scopes tells several apart.

    The class of its cell tells what a layer is; of a scope that was opened by hand, its name; without one, f_W.
    """
    depth = len(scopes[layer])
    if not depth:
        return "f_W"
    inside = (node for node in graph.nodes if cell_of(node, scopes) == layer and len(node.classes) >= depth)
    kind = next((node.classes[depth - 1] for node in inside), None)
    own = [part for part, others in zip(scopes[layer], zip(*scopes, strict=False), strict=False) if len({*others}) > 1]
    return " ".join([kind.removesuffix("Cell") if kind else scopes[layer][-1], *own])
