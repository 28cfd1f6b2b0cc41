"""Which nodes of a graph belong together: one group for each thing that a view draws.

op      every node by itself
gate    inside a layer's step   W x + W h + b → one affine map; gates, products and sums by themselves
cell    inside a layer's step   everything but the states → its box; what is made of one state for another → the other
both    outside of it           what leads to one thing only → that thing; labelled values, weights, cuts → themselves
"""

from __future__ import annotations

from collections.abc import Callable, Hashable

from tinygrad_rnn.engine.snapshot import GraphNode
from viz.scene.lanes import STATE_ROLES, Places
from viz.scene.time import moment

Group = Hashable
Groups = dict[int, Group]
Inside = Callable[[GraphNode, list[Group]], Group]  # of a node inside a layer, and the groups that it leads to
PRODUCTS = ("inner", "matmul", "dot", "einsum", "tensordot")
LINEAR = (
    "add", "subtract", "negative", "getitem", "take", "reshape", "concatenate", "stack", "transpose", "swapaxes",
    "broadcast_to", "astype",
)  # fmt: skip


def each_alone(where: Places) -> Groups:
    """The op view: every node is its own group."""
    return {node.id: node.id for node in where.graph.nodes}


def contracted(where: Places) -> Groups:
    """The cell view: each node's group, a node id, or ("box", layer, moment)."""
    late = _made_of_states(where)

    def inside(node: GraphNode, led_to: list[Group]) -> Group:
        beside = len(led_to) == 1 and _place(where, led_to[0]) == _place(where, node.id)
        return led_to[0] if node.id in late and beside else ("box", where.lane[node.id], moment(node))

    return _grouped(where, inside)


def gates(where: Places) -> Groups:
    """The gate view: each node's group, a node id, or ("affine", the id of one of its nodes)."""
    affine = _affine_maps(where)
    return _grouped(where, lambda node, led_to: affine.get(node.id, node.id))


def opened(where: Places, column: float) -> Groups:
    """The cell view with the boxes of one column opened: there each node's group is that of the gate view."""
    closed, open_ = contracted(where), gates(where)
    inside = {id for id in where.lane if where.columns[id] == column}
    boxes = {closed[id] for id in inside}
    return {id: open_[id] if id in inside or group in boxes else group for id, group in closed.items()}


def _grouped(where: Places, inside: Inside) -> Groups:
    graph, groups = where.graph, Groups()
    for node in reversed(graph.nodes):  # consumers first
        led_to = list(dict.fromkeys(groups[user] for user, _ in graph.uses(node)))
        if node.role not in (None, "gate") or (node.op is None and (node.requires_grad or node.cut is not None)):
            groups[node.id] = node.id
        elif node.id in where.lane:
            groups[node.id] = inside(node, led_to)
        else:
            groups[node.id] = led_to[0] if len(led_to) == 1 else node.id
    return groups


def _place(where: Places, group: Group) -> object:
    """The layer and the moment of a node in a layer; of another group a place of its own."""
    if not isinstance(group, int) or group not in where.lane:
        return group
    return where.lane[group], moment(where.graph.nodes[group])


def _made_of_states(where: Places) -> set[int]:
    """What a layer makes of a state in the step in which that state was made, as tanh(c) on the way to h."""
    found: set[int] = set()
    for id in where.lane:
        here = _place(where, id)
        for source, _ in where.graph.nodes[id].inputs:
            fresh = source in found or where.graph.nodes[source].role in STATE_ROLES
            if fresh and _place(where, source) == here:
                found.add(id)
    return found


def _affine_maps(where: Places) -> dict[int, Group]:
    """Products with a weight, and sums and pieces of such, inside a layer: for each node the map it is a part of."""
    graph, weights = where.graph, {node.id for node in where.graph.parameters}
    root: dict[int, int] = {}

    def top(id: int) -> int:
        while root[id] != id:
            root[id] = id = root[root[id]]
        return id

    for id in where.lane:
        node = graph.nodes[id]
        if node.role is not None:
            continue
        made_from = [source for source, _ in node.inputs]
        parts = [source for source in made_from if source in root and _place(where, source) == _place(where, id)]
        product = node.op in PRODUCTS and any(source in weights for source in made_from)
        whole = parts and all(source in parts or graph.nodes[source].op is None for source in made_from)
        if product or (node.op in LINEAR and whole):
            root[id] = id
            for source in parts:
                root[top(source)] = id
    sizes: dict[int, int] = {}
    for id in root:
        sizes[top(id)] = sizes.get(top(id), 0) + 1
    return {id: ("affine", top(id)) for id in root if sizes[top(id)] > 1}
