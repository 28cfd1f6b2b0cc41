"""What the values of a graph are for, where no label says it.

0.9·h ──→ first argument of the sum that makes h        L₁, L₂, L₃ ──→ + ──→ + ──→ L: three terms
0.1·tanh ─→ second argument of it                       h of two layers ──→ stack ──→ the next step: handed on
"""

from __future__ import annotations

from tinygrad_rnn.engine.snapshot import Graph, GraphNode
from viz.scene.lanes import STATE_ROLES, Places

SUMS = frozenset({"add", "sum", "stack", "concatenate", "reshape", "expand_dims", "squeeze"})
MEANS = frozenset({"mean", "divide", "multiply"})
_PUT_TOGETHER = ("stack", "getitem", "concatenate")


def letter(node: GraphNode) -> str:
    """A name without what it says after the letter: of x 'h' and x 'e' both times x."""
    return (node.name or "").partition(" ")[0]


def usage(where: Places) -> dict[int, int]:
    """What each value is used for in its step, as a number: it tells values apart of which not every step has all.

    Of 0.9·h₀ and 0.1·tanh(…) the first step records only the second, where h₀ = 0 needs no gradient.
    """
    found: dict[int, int] = {}
    numbers: dict[object, int] = {}
    place = {node.id: (where.columns[node.id], where.lane.get(node.id)) for node in where.graph.nodes}
    for node in reversed(where.graph.nodes):
        uses = (use for use in where.graph.uses(node) if place[use[0]] == place[node.id])
        used_for = () if node.role else tuple(sorted((found[user], position) for user, position in uses))
        found[node.id] = numbers.setdefault((node.op, node.role, letter(node), used_for), len(numbers))
    return found


def handed_on(where: Places) -> set[int]:
    """Stacks of states, and their pieces, that steps after them start from."""
    graph, found = where.graph, set[int]()
    for node in graph.nodes:
        made_from = [graph.nodes[source] for source, _ in node.inputs]
        states = made_from and all(one.role in STATE_ROLES or one.id in found for one in made_from)
        if states and node.role is None and node.op in _PUT_TOGETHER:
            found.add(node.id)
    return {id for id in found if any(user in found or user in where.lane for user, _ in graph.uses(id))}


def terms(graph: Graph, loss: GraphNode) -> int:
    """How many losses a loss was put together from, by sums and means alone."""
    count, seen, stack = 0, {loss.id}, [loss]
    while stack:
        for source, _ in stack.pop().inputs:
            node = graph.nodes[source]
            if source not in seen:
                count += node.role == "loss"
                if node.role is None and node.op in SUMS | MEANS:
                    stack.append(node)
            seen.add(source)
    return count
