"""What a page shows of one network: its graph in every view, painted, and the facts for the script.

x ─→ Graph with values, gradients and terms ─→ view by view: Picture → Layout → SVG
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tinygrad_rnn.engine.snapshot import Graph
from viz.fit import fitted
from viz.layout.captions import Caption, captions
from viz.layout.place import Layout
from viz.page.cuts import MOST, cuts, recurrent_uses
from viz.page.facts import Facts, graph_facts, named, view_facts
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
class Contents:
    """One network on a page.

    Attributes:
        svgs: the painted picture of each view, by its name.
        legends: what its shapes and lines mean, painted by itself.
        facts: what the script is told.
    """

    name: str
    title: str
    description: str
    svgs: dict[str, str] = field(repr=False)
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
    scissors: bool = True,
) -> Contents:
    """Everything about the graph behind `x`.

    Args:
        x: a recorded Tensor, or a Graph, which shows the numbers that it was made with and cannot be cut.
        name: what the network is called beside others.
        steps, fold, legend: as for `viz.draw`.
        whole: a sequence of at most so many steps is drawn step by step in the view of cells.
        scissors: whether every way of a state is cut once, each by a backward pass of its own.
    Raises:
        GraphError: `x` has no graph, or backward() has released its values. RenderError: there is no Graphviz.
    """
    graph = x if isinstance(x, Graph) else x.graph(values=True, terms=True)
    told = graph_facts(graph, named(picture(graph, OP.name).items))
    shown = {"values": told["has"]["values"], "gradients": told["has"]["gradients"]}
    wholes = {view: picture(graph, view, fold=fold, brief=True, **shown) for view in VIEWS}
    plans = {view: fitted(drawn, steps) for view, drawn in wholes.items()}
    if steps is None and 0 < len(wholes[CELL.name].steps) <= whole:
        plans[CELL.name] = fitted(wholes[CELL.name], (1, whole))
    painted = {view: _painted(plan, captions(plan, [])) for view, plan in plans.items()}
    legends = {view: _legend(plan.picture) for view, plan in plans.items()} if legend else {}
    cell = plans[CELL.name].picture
    facts = {
        "name": name,
        **told,
        "views": {view: view_facts(plan, painted[view]) for view, plan in plans.items()},
        "cuts": cuts(graph, cell, x.graph) if scissors and not isinstance(x, Graph) else [],
        "uncut": _uncut(x, cell)
        if scissors
        else "Scissors are on the page of a single network, viz.draw(loss).page().",
    }
    return Contents(name, text.title(wholes[CELL.name]), text.description(cell), painted, legends, facts)


def _painted(plan: Layout, below: list[Caption]) -> str:
    """One picture for all themes: the page colours it, by classes."""
    dot = source(plan, below, LIGHT, "", heated=False)
    return svg(dot, text.title(plan.picture), text.description(plan.picture))


def _legend(of: Picture) -> str:
    nothing = Layout(Picture((), ()))
    dot = source(nothing, captions(nothing, entries(of), LEGEND), LIGHT, "")
    return svg(dot, "Legend", f"{', '.join(entry.label for entry in entries(of))}.")


def _uncut(x: Any, cell: Picture) -> str:
    """Why there are no scissors, or not everywhere; empty if there are."""
    ways = len(recurrent_uses(cell))
    if not ways:
        return "No state goes on from one step to the next in this picture, so there is nothing to cut."
    if isinstance(x, Graph):
        return "This page was made from a recorded graph alone; scissors need the loss itself, to run it backward anew."
    return f"Scissors are there for the first {MOST} of {ways} arrows." if ways > MOST else ""
