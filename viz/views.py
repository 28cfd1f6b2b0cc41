"""The ways to look at a recorded graph: one value each, in one registry that `draw` and the command line read.

Graph → places → groups of nodes → Item per group → Edge per use between groups → Picture
                 view.groups       view.opened      view.merged                    view.rolled
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from tinygrad_rnn.engine.snapshot import Graph
from tinygrad_rnn.errors import check_option
from viz.scene.alike import gathered
from viz.scene.edges import backward, cuts, forward
from viz.scene.fold import folded
from viz.scene.groups import Groups, contracted, each_alone, gates, opened
from viz.scene.items import Items
from viz.scene.lanes import Places, chunks, places, weights_at_every_step
from viz.scene.model import Picture
from viz.scene.roll import roll

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
        rolled: whether all steps are drawn as one.
    """

    name: str
    shows: str
    groups: Callable[[Places], Groups]
    opened: bool = False
    merged: bool = True
    rolled: bool = False

    def __str__(self) -> str:
        return f"{self.name}: {self.shows}"


ROLLED = View("rolled", "one step for all, the state looping back, with how often each thing is made", contracted,
              rolled=True)  # fmt: skip
CELL = View("cell", "one box for each layer and step", contracted)
GATE = View("gate", "the inside of each step: gates, products and sums, and the road of the cell state", gates,
            opened=True)  # fmt: skip
OP = View("op", "every recorded op, and an arrow for each use of a value", each_alone, opened=True, merged=False)
VIEWS: Mapping[str, View] = {view.name: view for view in (ROLLED, CELL, GATE, OP)}


def picture(
    graph: Graph,
    view: str = CELL.name,
    *,
    gradients: bool = False,
    values: bool = False,
    brief: bool = False,
    opened_at: float | None = None,
    fold: str | Iterable[str] = (),
) -> Picture:
    """Everything that `graph` has to show in a view; a graph without recurrent layers is always drawn op by op.

    Args:
        view, gradients, values, fold: as for `viz.draw`.
        brief: of a value with many numbers only the norm.
        opened_at: in the view of cells, the column whose boxes are opened.

    Raises:
        OptionError: an unknown view, or a part to fold that there is not.
    """
    check_option("viz.draw", "view", view, VIEWS)
    where = places(graph)
    chosen = VIEWS[view] if where.lanes else OP
    inside = chosen.groups(where) if opened_at is None else opened(where, opened_at)
    groups = gathered(where, folded(where, inside, fold))
    items = Items(where, groups, opened=chosen.opened)
    by_group = items.made(gradients=gradients, values=values, brief=brief)
    uses = forward(graph, groups, by_group, opened=chosen.opened or opened_at is not None,
                   merged=chosen.merged)  # fmt: skip
    edges = [*uses, *cuts(graph, groups, by_group), *(backward(graph, uses) if gradients else ())]
    drawn = tuple(by_group.values())
    steps = tuple(sorted({int(i.column) for i in drawn if i.column and i.column == int(i.column)}))
    length = len({column for column in where.columns.values() if column and column == int(column)})
    whole = Picture(
        drawn, tuple(edges), tuple(where.lanes), opened=chosen.opened, opened_at=opened_at,
        steps=steps if where.timed else (),
        length=length, same=weights_at_every_step(where), gradients=gradients, values=values, brief=brief,
        chunks=chunks(where),
    )  # fmt: skip
    return roll(whole) if chosen.rolled else whole
