"""What a page shows of one network: its graph in every view, painted, and the facts for the script.

x ─→ Graph with values, gradients and terms ─→ view by view: Picture → Layout → SVG
                                               and the view of cells once for each column that can be opened
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tinygrad_rnn.engine.snapshot import Graph
from viz.fit import fitted
from viz.layout.captions import captions
from viz.layout.place import Layout
from viz.page.cuts import MOST, cuts, recurrent_uses
from viz.page.facts import Facts, graph_facts, has, names, view_facts
from viz.page.slim import slim
from viz.paint.dot import source
from viz.paint.render import svg
from viz.paint.theme import LIGHT
from viz.scene import text
from viz.scene.legend import legend as entries
from viz.scene.model import Picture
from viz.views import CELL, OP, VIEWS, picture

__all__ = ["Contents", "contents"]

LEGEND = 280.0  # points: how wide the panel is


@dataclass(frozen=True)
class Sight:
    """One way to see a network: a view, and in the view of cells which column is opened.

    Attributes:
        svg: the painted picture; its colours are the page's.
        facts: what the script is told of it.
    """

    view: str
    opened_at: float | None
    svg: str = field(repr=False)
    facts: Facts = field(repr=False)


@dataclass(frozen=True)
class Contents:
    """One network on a page.

    Attributes:
        sights: every view, and the view of cells with each of its columns opened.
        legends: by view, what its shapes and lines mean, painted by itself.
        facts: what the script is told of the network.
    """

    name: str
    title: str
    description: str
    sights: list[Sight]
    legends: dict[str, str] = field(repr=False)
    facts: Facts = field(repr=False)


def contents(
    x: Any,
    name: str = "",
    *,
    steps: object = None,
    fold: str | Iterable[str] = (),
    legend: bool = True,
    whole: int = 0,
    alone: bool = True,
) -> Contents:
    """Everything about the graph behind `x`.

    Args:
        x: a recorded Tensor, or a Graph, which shows the numbers that it was made with and cannot be cut.
        name: what the network is called beside others.
        steps, fold, legend: as for `viz.draw`.
        whole: a sequence of at most so many steps is drawn step by step in the view of cells.
        alone: whether it has the page to itself. Then each column is drawn opened too, and each way of a state is cut
            once, by a backward pass of its own.
    Raises:
        GraphError: `x` has no graph, or backward() has released its values. RenderError: there is no Graphviz.
    """
    graph = x if isinstance(x, Graph) else x.graph(values=True, terms=True)
    known = has(graph)
    shown: dict[str, Any] = {"values": known["values"], "gradients": known["gradients"], "brief": True, "fold": fold}
    ops = picture(graph, OP.name, **shown)
    others = [view for view in VIEWS if view != OP.name] if ops.lanes else []
    wholes = {view: picture(graph, view, **shown) for view in others} | {OP.name: ops}
    plans = {view: fitted(drawn, steps) for view, drawn in wholes.items()}
    first = CELL.name if ops.lanes else OP.name
    if steps is None and 0 < len(ops.steps) <= whole:
        plans[first] = fitted(wholes[first], (1, whole))
    cell = plans[first].picture
    sights = [_sight(view, None, plan) for view, plan in plans.items()]
    for column in _boxes(cell) if alone else ():
        inside = picture(graph, CELL.name, opened_at=column, **shown)
        sights.append(_sight(CELL.name, column, fitted(inside, steps)))
    facts = {
        "name": name,
        **graph_facts(graph, names(ops, wholes[first])),
        "cuts": cuts(graph, cell, x.graph) if alone and not isinstance(x, Graph) else [],
        "uncut": _uncut(x, cell) if alone else "Scissors are on the page of a single network, viz.draw(loss).page().",
    }
    legends = {view: _legend(plan.picture) for view, plan in plans.items()} if legend else {}
    return Contents(name, text.title(wholes[first]), text.description(cell), sights, legends, facts)


def _boxes(cell: Picture) -> list[float]:
    """The columns in which a layer is closed to a box."""
    return sorted({item.column for item in cell.items if item.kind == "box" and item.column is not None})


def _sight(view: str, column: float | None, plan: Layout) -> Sight:
    """One picture for all themes: the page colours it, by classes."""
    dot = source(plan, captions(plan, []), LIGHT, "", heated=False)
    painted = svg(dot, text.title(plan.picture), text.description(plan.picture))
    return Sight(view, column, slim(painted), view_facts(plan, painted) | {"view": view, "open": column})


def _legend(of: Picture) -> str:
    nothing = Layout(Picture((), ()))
    dot = source(nothing, captions(nothing, entries(of), LEGEND), LIGHT, "")
    return slim(svg(dot, "Legend", f"{', '.join(entry.label for entry in entries(of))}."))


def _uncut(x: Any, cell: Picture) -> str:
    """Why there are no scissors, or not everywhere; empty if there are."""
    ways = len(recurrent_uses(cell))
    if not ways:
        return "No state goes on from one step to the next in this picture, so there is nothing to cut."
    if isinstance(x, Graph):
        return "This page was made from a recorded graph alone; scissors need the loss itself, to run it backward anew."
    return f"Scissors are there for the first {MOST} of {ways} arrows." if ways > MOST else ""
