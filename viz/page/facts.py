"""What the script of a page is told: a recorded graph with its numbers, and for each view which shape stands for what.

Graph → nodes: op, name, step, inputs, value, gradient, and what each use adds to it      the same for all views
Layout → shapes, lines, columns: ids in the SVG, and the nodes and uses they stand for    one a view

Numbers are rounded here, to the digits that the page shows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from tinygrad_rnn.engine.snapshot import Graph, GraphNode, GraphTerm
from viz.layout.place import Layout
from viz.paint.dot import edge_ids
from viz.scene import text
from viz.scene.model import STATES, Item, Picture

__all__ = ["graph_facts", "has", "names", "rounded", "view_facts"]

DIGITS = 4  # of a value, as shown
MORE_DIGITS = 8  # of what the page adds up
FEW = 16  # numbers that are told one by one

Facts = dict[str, Any]


def rounded(x: float | None, digits: int = DIGITS) -> float | str | None:
    """A number as JSON has it: with so many digits, and as a text where it is not finite.

    >>> rounded(1 / 3), rounded(2e-9 / 3, 2), rounded(math.inf)
    (0.3333, 6.7e-10, 'inf')
    """
    if x is None:
        return None
    return float(f"{x:.{digits - 1}e}") if math.isfinite(x) else str(x)


def graph_facts(graph: Graph, names: Mapping[int, str]) -> Facts:
    """Every node of the graph.

    Args:
        names: what a node is called in pictures.
    """
    return {
        "nodes": [_node(node, names.get(node.id) or node.op or "constant", graph) for node in graph.nodes],
        "outputs": list(graph.outputs), "has": has(graph),
    }  # fmt: skip


def has(graph: Graph) -> dict[str, bool]:
    """Which numbers a graph was made with."""
    return {
        "values": any(node.value is not None for node in graph.nodes if node.op),
        "gradients": any(node.gradient is not None for node in graph.nodes),
        "terms": any(node.terms for node in graph.nodes),
    }


def _node(node: GraphNode, name: str, graph: Graph) -> Facts:
    told = {
        "name": name, "op": node.op, "role": node.role, "scope": "/".join(node.scope), "step": node.step,
        "passage": node.passage, "shape": list(node.shape),
        "dtype": None if node.dtype == "float32" else node.dtype,
        "inputs": [list(pair) for pair in node.inputs], "value": _summary(node.value),
        "gradient": _summary(node.gradient),
        "terms": _terms(node, graph) if any(node.terms) else None,
    }  # fmt: skip
    return {key: value for key, value in told.items() if value not in (None, "", [])}


def _terms(node: GraphNode, graph: Graph) -> list[Any]:
    return [_term(term, graph.nodes[id], graph) for term, (id, _) in zip(node.terms, node.inputs, strict=True)]


def _term(term: GraphTerm | None, of: GraphNode, graph: Graph) -> Facts | int | None:
    """What a use adds; 1 where that is the whole gradient, as of most values, which are used once."""
    if term is None:
        return None
    if len(graph.uses(of)) == 1 and of.gradient is not None and term.sum == of.gradient:
        return 1
    return {"norm": rounded(term.norm), "along": rounded(term.along, MORE_DIGITS), "sum": _summary(term.sum)}


def _summary(of: Any) -> Facts | None:
    """Few numbers as they are; of many the norm and both ends. A norm is told with the digits it is compared in."""
    if of is None:
        return None
    if of.numbers is not None and len(of.numbers) <= FEW:
        return {"norm": rounded(of.norm, MORE_DIGITS), "numbers": [rounded(x) for x in of.numbers]}
    return {"norm": rounded(of.norm, MORE_DIGITS), "ends": [rounded(of.min), rounded(of.max)]}


def view_facts(plan: Layout, svg: str) -> Facts:
    """One view: its shapes, its lines and its columns, from left to right."""
    picture = plan.picture
    return {
        "prefix": svg.partition('aria-labelledby="')[2].partition("title")[0],
        "shapes": [_shape(item) for item in picture.items],
        "lines": [
            {"id": id, "source": edge.source, "target": edge.target, "kind": edge.kind,
             "uses": [list(use) for use in edge.uses]}
            for id, edge in zip(edge_ids(picture.edges), picture.edges, strict=True)
        ],
        "columns": _columns(plan),
    }  # fmt: skip


def _shape(item: Item) -> Facts:
    lines = item.label.split("\n")
    where = {f"{what}_line": len(lines) - len(item.told) + k for k, what in enumerate(item.told)}
    return {
        "id": item.id, "key": item.key, "kind": item.kind, "label": lines[0], "column": item.column,
        "nodes": [node.id for node in item.nodes], "about": item.tooltip, **where,
    }  # fmt: skip


def _columns(plan: Layout) -> list[Facts]:
    """Where each column begins and ends, in points from the left of the picture."""
    left = plan.extent[0]
    ends: dict[float | None, list[tuple[float, float]]] = {}
    for place in plan.places.values():
        ends.setdefault(place.item.column, []).append((place.box[0] - left, place.box[2] - left))
    names = {item.column: _column_name(item) for item in plan.picture.items}
    order = sorted(ends, key=lambda column: min(low for low, _ in ends[column]))
    return [
        {"column": column, "name": names[column], "left": round(min(low for low, _ in ends[column]), 1),
         "right": round(max(high for _, high in ends[column]), 1)}
        for column in order
    ]  # fmt: skip


def _column_name(item: Item) -> str:
    if item.column is None:
        return "shared by all steps"
    if item.kind == "elided":
        return item.label
    step = next((node.step for node in item.nodes if node.step is not None), None)
    return "start" if item.column % 1 else f"t = {step if step is not None else int(item.column)}"


def names(ops: Picture, cells: Picture) -> dict[int, str]:
    """What each node is called: as where it stands alone, but a state without its op, and a weight without its size.

    Args:
        ops: the view of every op.
        cells: the view of cells, where a state is a state and nothing more.
    """
    found = {item.nodes[0].id: _name(item) for item in ops.items if len(item.nodes) == 1}
    found |= {item.nodes[0].id: _name(item) for item in cells.items if item.kind in STATES}
    gates = [item.nodes[0] for item in ops.items if item.kind == "gate"]
    return found | {node.id: text.subscript(node.name or "", node.step) for node in gates}


def _name(item: Item) -> str:
    first = item.label.partition("\n")[0]
    return first.partition(text.shape(item.nodes[0].shape) or " ×")[0] if item.kind == "parameter" else first
