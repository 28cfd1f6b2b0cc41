"""Which column (passage and step) and which layer every node of a graph stands in.

passage 1  h₀ ─ h₁ ─ h₂                      columns 1 2
passage 2                h₃ ─ h₄             goes on counting: columns 3 4
passage 3                        s₁ ─ s₂     of another module, from h₄: t = 1, 2 in the columns 5 6
"""

from __future__ import annotations

from collections.abc import Mapping

from tinygrad_rnn.engine.snapshot import Graph
from viz.scene.groups import Scope, cell_of

Columns = Mapping[int, int | None]


def columns(graph: Graph) -> Columns:
    """The column each node stands in: its step's, or that of its neighbours where it was made outside any step.

    Parameters, and leaves that several steps share, stand in no column (None). Without steps there is one column, and
    initial states stand before it.
    """
    if not any(node.step for node in graph.nodes):
        return {node.id: 0 if node.role == "initial_state" else 1 for node in graph.nodes}
    own = _own(graph)
    found: dict[int, int | None] = {}
    shared = {node.id for node in graph.parameters}
    for node in graph.nodes:
        users = {own[user] for user, _ in graph.uses(node)}
        if node.id in shared:
            found[node.id] = None
        elif node.role == "initial_state":
            found[node.id] = _start(own, users)
        elif own[node.id] is not None:
            found[node.id] = own[node.id]
        elif node.op is None:
            found[node.id] = users.pop() if len(users) == 1 else None
        else:
            found[node.id] = max((c for c in (found[i] for i, _ in node.inputs) if c is not None), default=None)
    return found


def _own(graph: Graph) -> Columns:
    """The column of each node's own step, None outside any step."""
    before: dict[int | None, int] = {None: 0}
    for p in graph.passages:
        column = before.get(p.after[0], 0) if p.after else 0
        before[p.number] = column + (p.after[1] if p.after and not p.start else 0)
    return {n.id: None if n.step is None else before.get(n.passage, 0) + n.step for n in graph.nodes}


def _start(own: Columns, users: set[int | None]) -> int:
    """An initial state stands before the first step that uses it: at the right where time runs backwards."""
    first = min((t for t in users if t), default=1)
    last = max((t for t in own.values() if t), default=0)
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
