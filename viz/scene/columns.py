"""Which column (time step) and which layer every node of a graph stands in."""

from __future__ import annotations

from collections.abc import Mapping

from tinygrad_rnn.engine.snapshot import Graph
from viz.scene.groups import Scope, cell_of

Columns = Mapping[int, int | None]


def columns(graph: Graph) -> Columns:
    """The step each node stands in: its own, or that of its neighbours where it was made outside any step.

    Parameters, and leaves that several steps share, stand in no column (None). Without steps there is one column, and
    initial states stand before it.
    """
    if not any(node.step for node in graph.nodes):
        return {node.id: 0 if node.role == "initial_state" else 1 for node in graph.nodes}
    found: dict[int, int | None] = {}
    shared = {node.id for node in graph.parameters}
    for node in graph.nodes:
        users = {graph.nodes[user].step for user, _ in graph.uses(node)}
        if node.id in shared:
            found[node.id] = None
        elif node.role == "initial_state":
            found[node.id] = _start(graph, users)
        elif node.step is not None:
            found[node.id] = node.step
        elif node.op is None:
            found[node.id] = users.pop() if len(users) == 1 else None
        else:
            found[node.id] = max((c for c in (found[i] for i, _ in node.inputs) if c is not None), default=None)
    return found


def _start(graph: Graph, users: set[int | None]) -> int:
    """An initial state stands before the first step that uses it: at the right where time runs backwards."""
    first = min((t for t in users if t), default=1)
    last = max(node.step or 0 for node in graph.nodes)
    return last + 1 if first == last > 1 else first - 1


def layers(graph: Graph, cells: list[Scope], columns: Columns) -> dict[int, int]:
    """The recurrent layer each node was made in, else the lowest that it leads to, else the place above them all."""
    found: dict[int, int] = {}
    for node in reversed(graph.nodes):
        own = cell_of(node, cells)
        free = columns[node.id] is None or node.role == "initial_state"
        near = [found[u] for u, _ in graph.uses(node) if free or columns[u] in (columns[node.id], None)]
        found[node.id] = own if own is not None else min(near, default=len(cells))
    return found
