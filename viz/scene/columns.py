"""Which column every node of a graph stands in: time, from left to right.

step 0   step 1   step 2   none        h₀ │ h₁ │ h₂ │        a weight, which all steps share, stands in no column
"""

from __future__ import annotations

from collections.abc import Mapping

from tinygrad_rnn.engine.snapshot import Graph, GraphNode

Columns = Mapping[int, int | None]


def moment(node: GraphNode) -> int | None:
    """When a node was made, None outside time: every place in time is asked for here; labels alone read `node.step`."""
    return node.step


def is_timed(graph: Graph) -> bool:
    """Whether anything of the graph was made in a step."""
    return any(moment(node) is not None for node in graph.nodes)


def columns(graph: Graph) -> Columns:
    """The column of each node's own moment, or of its neighbours' where it was made outside time.

    Parameters, and leaves that several steps share, stand in no column (None). Without steps there is one column, and
    initial states stand before it.
    """
    if not any(moment(node) for node in graph.nodes):
        return {node.id: 0 if node.role == "initial_state" else 1 for node in graph.nodes}
    found: dict[int, int | None] = {}
    shared = {node.id for node in graph.parameters}
    for node in graph.nodes:
        users = {moment(graph.nodes[user]) for user, _ in graph.uses(node)}
        if node.id in shared:
            found[node.id] = None
        elif node.role == "initial_state":
            found[node.id] = _start(graph, users)
        elif moment(node) is not None:
            found[node.id] = moment(node)
        elif node.op is None:
            found[node.id] = users.pop() if len(users) == 1 else None
        else:
            found[node.id] = max((c for c in (found[i] for i, _ in node.inputs) if c is not None), default=None)
    return found


def _start(graph: Graph, users: set[int | None]) -> int:
    """An initial state stands before the first step that uses it: at the right where time runs backwards."""
    first = min((t for t in users if t), default=1)
    last = max(moment(node) or 0 for node in graph.nodes)
    return last + 1 if first == last > 1 else first - 1
