"""Which recurrent layers there are, on which floor each of them runs through time, and what belongs to it.

    slot 3   heads, losses                           what is made of a layer's states, above it
    slot 2   LSTM l1   t = 1  2  3                   a layer above another
    slot 0   LSTM l0   t = 1  2  3     GRU  t = 1 2   one behind another: a part, or block, of its own

Nothing is guessed from names: a layer is a scope in which states are made step by step, in one run through time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tinygrad_rnn.engine.snapshot import Graph, GraphNode
from viz.scene.model import Chunk, Lane
from viz.scene.time import Columns, columns, is_timed, moment, runs

STATE_ROLES = ("hidden_state", "cell_state")
Scope = tuple[str, ...]
Key = tuple[int | None, Scope]  # the run, and the scope of the layer in it


def is_inside(scope: Scope, outer: Scope) -> bool:
    """Whether `scope` is `outer` or a part of it."""
    return scope[: len(outer)] == outer


@dataclass
class Places:
    """Where in the picture the nodes of a graph belong.

    Attributes:
        columns: of each node, as in `viz.scene.time`.
        lane: of each node that was made inside a recurrent layer, the number of that layer.
        lanes: the recurrent layers.
        timed: whether the graph has steps.
        slots, blocks: the floor, and the part, of each node.
    """

    graph: Graph
    columns: Columns
    timed: bool
    lanes: list[Lane] = field(default_factory=list)
    scopes: list[Scope] = field(default_factory=list)
    lane: dict[int, int] = field(default_factory=dict)
    slots: dict[int, int] = field(default_factory=dict)
    blocks: dict[int, int] = field(default_factory=dict)

    @property
    def top(self) -> int:
        """The floor above all recurrent layers: each has one for itself and one above it."""
        return max((lane.slot for lane in self.lanes), default=-1) + 1


def places(graph: Graph) -> Places:
    """Where every node of the graph belongs."""
    found = Places(graph, columns(graph), is_timed(graph))
    keys = _layers(graph)
    found.scopes = [scope for _, scope in keys]
    found.lane = _membership(graph, keys)
    members: list[list[GraphNode]] = [[] for _ in keys]
    for id, lane in found.lane.items():
        members[lane].append(graph.nodes[id])
    names = [layer_name(nodes, found.scopes, k) for k, nodes in enumerate(members)]
    ends = [_ends(found.columns[node.id] for node in nodes) for nodes in members]
    backwards = {p.number for p in graph.passages if p.reverse}
    slots = _floors(_below(graph, found), ends)
    blocks = _parts(ends)
    for k, nodes in enumerate(members):
        found.lanes.append(Lane(names[k], 2 * slots[k], blocks[k], ends[k], nodes[0].passage in backwards))
    _settle(found)
    return found


def _layers(graph: Graph) -> list[Key]:
    """The scopes that compute a state step by step, for each run through time; of nested ones the outermost."""
    run = runs(graph)
    states = (node for node in graph.nodes if node.role in STATE_ROLES and moment(node) and node.op)
    found = dict.fromkeys((run.get(node.passage), node.scope) for node in states)
    return [(r, s) for r, s in found if not any(r == other and s != o and is_inside(s, o) for other, o in found)]


def _membership(graph: Graph, keys: list[Key]) -> dict[int, int]:
    run = runs(graph)
    by_run: dict[int | None, list[tuple[Scope, int]]] = {}
    for k, (r, scope) in enumerate(keys):
        by_run.setdefault(r, []).append((scope, k))
    found: dict[int, int] = {}
    for node in graph.nodes:
        if node.op is not None and moment(node):
            own = (k for scope, k in by_run.get(run.get(node.passage), ()) if is_inside(node.scope, scope))
            lane = next(own, None)
            if lane is not None:
                found[node.id] = lane
    return found


def _ends(found: Iterable[float | None]) -> tuple[float, float]:
    known = [column for column in found if column is not None]
    return min(known), max(known)


def _below(graph: Graph, found: Places) -> dict[int, set[int]]:
    """For each layer, those whose values reach it within one step."""
    below: dict[int, set[int]] = {}
    behind: dict[int, frozenset[int]] = {}  # the layers that a node's value came from, the nearest
    for node in graph.nodes:
        near: set[int] = set()
        for source, _ in node.inputs:
            if found.columns[source] == found.columns[node.id]:
                lane = found.lane.get(source)
                near |= behind.get(source, frozenset()) if lane is None else {lane}
        own = found.lane.get(node.id)
        behind[node.id] = frozenset(near)
        if own is not None:
            below.setdefault(own, set()).update(near - {own})
    return below


def _floors(below: Mapping[int, set[int]], ends: list[tuple[float, float]]) -> list[int]:
    """The lowest floor above the layers that a layer reads, and clear of those that run at the same time."""
    slots: list[int] = []
    for k, (first, last) in enumerate(ends):
        taken = {slots[j] for j in range(k) if ends[j][0] <= last and first <= ends[j][1]}
        slot = max((slots[j] + 1 for j in below.get(k, ()) if j < k), default=0)
        while slot in taken:
            slot += 1
        slots.append(slot)
    return slots


def _parts(ends: list[tuple[float, float]]) -> list[int]:
    """Layers that run at the same time stand in one part; one that begins when all have ended begins the next."""
    blocks, block, end = [0] * len(ends), 0, None
    for k in sorted(range(len(ends)), key=lambda k: ends[k]):
        block += end is not None and ends[k][0] > end
        end = max(ends[k][1], end or 0)
        blocks[k] = block
    return blocks


def _settle(found: Places) -> None:
    """Floor and part of every node: its layer's, else the lowest that it leads to, else above what it was made from."""
    graph = found.graph
    starts = {lane.block: min(o.columns[0] for o in found.lanes if o.block == lane.block) for lane in found.lanes}
    parameters = {node.id for node in graph.parameters}
    above = _above(found)
    for node in reversed(graph.nodes):
        id, column = node.id, found.columns[node.id]
        lane = found.lane.get(id)
        if lane is not None:
            found.slots[id], found.blocks[id] = found.lanes[lane].slot, found.lanes[lane].block
            continue
        users = [user for user, _ in graph.uses(node)]
        early = column is None or column != int(column) or id in parameters
        near = [user for user in users if early or found.columns[user] in (column, None)]
        found.slots[id] = min((found.slots[user] for user in near), default=above[id])
        if column is None:
            found.blocks[id] = min((found.blocks[user] for user in users), default=0)
        else:
            found.blocks[id] = max((b for b, first in starts.items() if first - 0.75 <= column), default=0)


def _above(found: Places) -> dict[int, int]:
    """For each node the floor above the highest layer that its value came from."""
    floors: dict[int, int] = {}
    for node in found.graph.nodes:
        lane = found.lane.get(node.id)
        known = [floors[source] for source, _ in node.inputs if source in floors]
        if lane is not None:
            floors[node.id] = found.lanes[lane].slot + 1
        elif known:
            floors[node.id] = max(known)
    return {node.id: floors.get(node.id, found.top) for node in found.graph.nodes}


def chunks(where: Places) -> tuple[Chunk, ...]:
    """The calls of one layer that went on from each other, as in truncated backpropagation through time."""
    members: dict[int | None, list[int]] = {}
    for number, first in runs(where.graph).items():
        if number is not None:
            members.setdefault(first, []).append(number)
    place = {number: k for own in members.values() if len(own) > 1 for k, number in enumerate(sorted(own), 1)}
    spans: dict[int, tuple[float, float, int, int]] = {}
    for id in where.lane:
        node, column = where.graph.nodes[id], where.columns[id]
        if node.passage in place and node.passage is not None and column is not None and node.step:
            a, b, first_step, last = spans.get(node.passage, (column, column, node.step, node.step))
            spans[node.passage] = min(a, column), max(b, column), min(first_step, node.step), max(last, node.step)
    found: dict[tuple[float, float], Chunk] = {}
    for number, (a, b, first_step, last) in sorted(spans.items(), key=lambda span: span[1]):
        steps = f"{first_step}" if first_step == last else f"{first_step} … {last}"
        found.setdefault((a, b), Chunk(f"chunk {place[number]}: t = {steps}", (a, b)))
    return tuple(found.values()) if len(found) > 1 or _is_cut(where.graph) else ()


def weights_at_every_step(where: Places) -> tuple[int, ...]:
    """For each part, how many weights are used at every one of its steps; 0 where it has one alone."""
    steps: dict[int, set[float]] = {lane.block: set() for lane in where.lanes}
    for id, lane in where.lane.items():
        column = where.columns[id]
        if column is not None:
            steps[where.lanes[lane].block].add(column)
    found = dict.fromkeys(sorted(steps), 0)
    for weight in where.graph.parameters:
        columns = {where.columns[user] for user, _ in where.graph.uses(weight)}
        for block, own in steps.items():
            found[block] += len(own) > 1 and columns >= own
    return tuple(found.values())


def _is_cut(graph: Graph) -> bool:
    return any(node.cut is not None and node.role == "initial_state" for node in graph.nodes)


def layer_name(nodes: list[GraphNode], scopes: list[Scope], layer: int) -> str:
    """`LSTM`; `LSTM l1` or `LSTM encoder` where that part of the scopes tells several apart.

    The class of its cell tells what a layer is; of a scope that was opened by hand, its name; without one, f_W.
    """
    depth = len(scopes[layer])
    if not depth:
        return "f_W"
    kind = next((node.classes[depth - 1] for node in nodes if len(node.classes) >= depth), None)
    own = [part for part, others in zip(scopes[layer], zip(*scopes, strict=False), strict=False) if len({*others}) > 1]
    name = kind.removesuffix("Cell") if kind else scopes[layer][-1]
    return " ".join([name, *(part for part in own if part != name)])
