"""When everything was made: time runs from left to right, a column for each step.

passage 1  h₀ ─ h₁ ─ h₂                      columns 1 2
passage 2                h₃ ─ h₄             goes on counting: columns 3 4
passage 3                        s₁ ─ s₂     of another module, from h₄: t = 1, 2 in the columns 5 6

A first state stands half a column before the step that uses it; what is made once, before any step, a quarter further.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from tinygrad_rnn.engine.snapshot import Graph, GraphNode

Columns = Mapping[int, float | None]
Moment = tuple[int | None, int]  # passage, step


def moment(node: GraphNode) -> Moment | None:
    """When a node was made; None outside time, and for what stands before the first step."""
    return None if not node.step or is_start(node) else (node.passage, node.step)


def is_start(node: GraphNode) -> bool:
    """Whether it is the first value of a state."""
    return node.role == "initial_state" or node.step == 0


def is_timed(graph: Graph) -> bool:
    """Whether anything of the graph was made in a step."""
    return any(moment(node) is not None for node in graph.nodes)


def runs(graph: Graph) -> dict[int | None, int | None]:
    """For each passage, the one that began the run it goes on: two passages of one module, one after the other."""
    found: dict[int | None, int | None] = {None: None}
    for p in graph.passages:
        before = p.after[0] if p.after and p.start else None
        found[p.number] = p.number if before is None else found.get(before, before)
    return found


def columns(graph: Graph) -> Columns:
    """The column of each node: that of its step; outside of time, that of the newest value it was made from.

    A leaf that one step uses stands there. Parameters, and leaves that several steps share, stand in no column (None).
    Without steps there is one column.
    """
    if not is_timed(graph):
        return dict.fromkeys(range(len(graph.nodes)), 1)
    found: dict[int, float | None] = {}
    bases = _bases(graph)
    for node in graph.nodes:
        when = moment(node)
        made_from = (found[source] for source, _ in node.inputs)
        latest = max((c for c in made_from if c is not None), default=None)
        found[node.id] = bases[when[0]] + when[1] if when else None if is_start(node) else latest
    parameters = {node.id for node in graph.parameters}
    backwards = {p.number for p in graph.passages if p.reverse}
    for node in reversed(graph.nodes):
        if found[node.id] is None and node.id not in parameters:
            users = [graph.nodes[user] for user, _ in graph.uses(node)]
            found[node.id] = _before(node, [(found[u.id], u.passage in backwards) for u in users], found)
    return found


def _bases(graph: Graph) -> dict[int | None, int]:
    """For each passage, the column before its step 1."""
    last: dict[int | None, int] = {}
    for node in graph.nodes:
        when = moment(node)
        if when:
            last[when[0]] = max(last.get(when[0], 0), when[1])
    bases: dict[int | None, int] = {None: 0}
    for p in graph.passages:
        before, step = p.after or (None, 0)
        whole = any(q.number == before and q.reverse for q in graph.passages)  # its newest state is that of step 1
        end = max(last.get(before, step), step) if whole else step
        bases[p.number] = 0 if before is None else bases.get(before, 0) + (0 if p.start else end)
    return bases


def _before(node: GraphNode, users: list[tuple[float | None, bool]], found: Columns) -> float | None:
    """Where something stands that time does not tell: by what uses it."""
    known = [(column, reverse) for column, reverse in users if column is not None]
    if is_start(node) and known:
        whole = [(c, reverse) for c, reverse in known if c == int(c)] or known
        if all(reverse for _, reverse in whole):
            return max(math.floor(c) for c, _ in whole) + 0.5
        return min(math.ceil(c) for c, _ in whole) - 0.5
    where = {column for column, _ in known}
    if len(where) == 1 and len(known) == len(users):
        return where.pop()
    if node.op is None:
        return None
    if known:
        return math.ceil(min(where)) - 0.75
    return max(c for c in found.values() if c is not None)
