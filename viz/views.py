"""From a recorded graph to the picture of it.

Graph → groups of nodes (cells) → Item per group (items) → Edge per use between groups (edges)
"""

from __future__ import annotations

from tinygrad_rnn.engine.snapshot import Graph, GraphNode
from viz.scene.edges import backward, forward
from viz.scene.groups import Group, cell_scopes, contracted, each_alone
from viz.scene.items import Drafts
from viz.scene.model import Picture

VIEWS = ("cell", "op")


def picture(graph: Graph, view: str = "cell", *, gradients: bool = False) -> Picture:
    """Everything `graph` has to show in this view.

    Raises:
        ValueError: a view there is not.
    """
    if view not in VIEWS:
        raise ValueError(f"viz.draw: there is no view {view!r}; there are {', '.join(VIEWS)}")
    scopes = cell_scopes(graph)
    view = view if scopes else "op"
    groups = contracted(graph) if view == "cell" else each_alone(graph)
    members: dict[Group, list[GraphNode]] = {}
    for node in reversed(graph.nodes):
        members.setdefault(groups[node.id], []).append(node)
    drafts = Drafts(graph, scopes, groups, members)
    items = {group: drafts.item(group, gradients, plain=view == "cell") for group in reversed(members)}
    merged = view == "cell"
    edges = forward(graph, groups, items, merged=merged) + (backward(list(items.values())) if gradients else [])
    columns = {item.column for item in items.values() if item.column and item.kind != "initial"}
    steps = sorted(columns) if drafts.timed else []
    return Picture(tuple(items.values()), tuple(edges), view, tuple(steps), tuple(drafts.cells), len(steps), gradients)
