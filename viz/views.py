"""The ways to look at a recorded graph: one value each, in one registry that `draw` and the command line read.

Graph → groups of nodes → Item per group → Edge per use between groups → Picture
        view.groups       view.opened      view.merged
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tinygrad_rnn.engine.snapshot import Graph
from tinygrad_rnn.errors import check_option
from viz.scene.edges import backward, forward
from viz.scene.groups import Group, cell_scopes, contracted, each_alone
from viz.scene.items import Items
from viz.scene.model import Picture

__all__ = ["VIEWS", "View", "picture"]


@dataclass(frozen=True)
class View:
    """One way to look at a graph.

    Attributes:
        name: what `draw` and the command line call it.
        shows: what can be seen in it.
        groups: for every node id, the group that the node belongs to; each group is drawn as one item.
        opened: whether the parts of a layer are drawn, in a frame for each step and with the signs of their ops.
        merged: whether all uses of one item by another are one arrow.
    """

    name: str
    shows: str
    groups: Callable[[Graph], Mapping[int, Group]]
    opened: bool
    merged: bool

    def __str__(self) -> str:
        return f"{self.name}: {self.shows}"


CELL = View("cell", "one box for each layer and step", contracted, opened=False, merged=True)
OP = View("op", "every recorded op, and an arrow for each use of a value", each_alone, opened=True, merged=False)
VIEWS: Mapping[str, View] = {view.name: view for view in (CELL, OP)}


def picture(graph: Graph, view: str = CELL.name, *, gradients: bool = False) -> Picture:
    """Everything that `graph` has to show in a view; a graph without recurrent layers is always drawn op by op.

    Raises:
        OptionError: an unknown view.
    """
    check_option("viz.draw", "view", view, VIEWS)
    scopes = cell_scopes(graph)
    chosen = VIEWS[view] if scopes else OP
    groups = chosen.groups(graph)
    items = Items(graph, scopes, groups, opened=chosen.opened)
    by_group = items.made(gradients=gradients)
    drawn = tuple(by_group.values())
    edges = forward(graph, groups, by_group, merged=chosen.merged) + (backward(drawn) if gradients else [])
    columns = {item.column for item in drawn if item.column and item.kind != "initial"}
    steps = tuple(sorted(columns)) if items.timed else ()
    return Picture(drawn, tuple(edges), chosen.opened, steps, tuple(items.cells), len(steps), gradients)
