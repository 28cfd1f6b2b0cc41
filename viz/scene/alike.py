"""A large graph without steps made small: runs of one op, and values that are alike, as one shape each.

x × 1.1 × 1.1 × … × 1.1   →   x ─→ × ×50,000            a run: each is used by the next alone
w₁ + w₂ + … + w₁₀₀₀       →   1,000 × w ─→ + ×999        alike: the same op and shape, used by the same
"""

from __future__ import annotations

from collections import Counter

from tinygrad_rnn.engine.snapshot import GraphNode
from viz.scene.groups import Group, Groups
from viz.scene.lanes import Places

MANY = 12  # so many in a row, or beside each other, are still drawn one by one


def is_gathered(group: Group) -> bool:
    """Whether it is a run, or many alike."""
    return isinstance(group, tuple) and group[0] in ("run", "alike")


def gathered(where: Places, groups: Groups) -> Groups:
    """The groups with long runs and many alike together: ("run", id of the last), ("alike", number)."""
    graph = where.graph
    if where.timed or len(graph.nodes) <= MANY:
        return groups
    ends = _runs(where)
    lengths = Counter(ends.values())
    kinds: dict[object, int] = {}
    likeness: dict[int, int] = {}
    for node in reversed(graph.nodes):  # consumers first
        users = sorted((likeness[user], position) for user, position in graph.uses(node))
        run = ends[node.id] if lengths[ends[node.id]] > MANY else None
        said = (node.op, node.role, node.name, node.shape, node.dtype, node.requires_grad, tuple(users))
        alone = node.id if node.id in graph.outputs else None
        likeness[node.id] = kinds.setdefault((said, alone) if run is None else run, len(kinds))
    counts = Counter(likeness.values())
    found = dict(groups)
    for node in graph.nodes:
        run, kind = ends[node.id], likeness[node.id]
        if lengths[run] > MANY:
            found[node.id] = ("run", run)
        elif counts[kind] > MANY:
            found[node.id] = ("alike", kind)
    return found


def _runs(where: Places) -> dict[int, int]:
    """For each node the last of the run that it is in."""
    graph = where.graph
    ends: dict[int, int] = {}
    for node in reversed(graph.nodes):
        users = graph.uses(node)
        after = graph.nodes[users[0][0]] if len(users) == 1 else None
        goes_on = after is not None and _is_plain(node) and node.op == after.op and _is_plain(after, last=True)
        ends[node.id] = ends[after.id] if after is not None and goes_on else node.id
    return ends


def _is_plain(node: GraphNode, *, last: bool = False) -> bool:
    return node.op is not None and (last or (node.role is None and node.name is None))
