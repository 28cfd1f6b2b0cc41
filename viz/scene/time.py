"""Which column every node of a graph stands in: time, from left to right; a weight that all steps share, in none.

passage 1  h₀ ─ h₁ ─ h₂                      columns 1 2
passage 2                h₃ ─ h₄             goes on counting: columns 3 4
passage 3                        s₁ ─ s₂     of another module, from h₄: t = 1, 2 in the columns 5 6
"""

from __future__ import annotations

from collections.abc import Mapping

from tinygrad_rnn.engine.snapshot import Graph, GraphNode

Columns = Mapping[int, int | None]


Moment = tuple[int | None, int]


def moment(node: GraphNode) -> Moment | None:
    """When a node was made, (passage, step), None outside time; labels alone read `node.step`."""
    return None if node.step is None else (node.passage, node.step)


def is_timed(graph: Graph) -> bool:
    """Whether anything of the graph was made in a step."""
    return any(moment(node) is not None for node in graph.nodes)


def columns(graph: Graph) -> Columns:
    """The column of each node's own moment, or of its neighbours' where it was made outside time.

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
            backwards = {p.number for p in graph.passages if p.reverse}
            found[node.id] = _start(own, users, any(graph.nodes[u].passage in backwards for u, _ in graph.uses(node)))
        elif own[node.id] is not None:
            found[node.id] = own[node.id]
        elif node.op is None:
            found[node.id] = users.pop() if len(users) == 1 else None
        else:
            found[node.id] = max((c for c in (found[i] for i, _ in node.inputs) if c is not None), default=None)
    return found


def _own(graph: Graph) -> Columns:
    """The column of each node's own moment, None outside time."""
    before: dict[int | None, int] = {None: 0}
    for p in graph.passages:
        column = before.get(p.after[0], 0) if p.after else 0
        before[p.number] = column + (p.after[1] if p.after and not p.start else 0)
    return {n.id: None if n.step is None else before.get(n.passage, 0) + n.step for n in graph.nodes}


def _start(own: Columns, users: set[int | None], reverse: bool) -> int:
    """An initial state stands before the first step that uses it: at the right where time runs backwards."""
    steps = [t for t in users if t] or [1]
    return max(steps) + 1 if reverse else min(steps) - 1
