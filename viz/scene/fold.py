"""Parts of the model closed to one box each, as `fold="encoder"` asks.

encoder: x ─ LSTM ─ LSTM ─ … ─ h_T        →   one box for all its steps
head:    h_t ─ @ ─ + ─ ŷ_t at each step    →   one box at each step
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tinygrad_rnn.errors import OptionError, check_sequence
from viz.scene.groups import Groups
from viz.scene.lanes import Places, Scope

_OPEN = ("input", "target")  # what goes into a part from outside stays outside of its box


def folded(where: Places, groups: Groups, fold: str | Iterable[str]) -> Groups:
    """The groups with every node inside a folded part in that part's group.

    Raises:
        OptionError: there is no such part.
    """
    if not isinstance(fold, str):
        check_sequence("viz.draw", "the parts to fold", fold)
    names = [fold] if isinstance(fold, str) else list(fold)
    if not names:
        return groups
    known = sorted({node.scope[:depth] for node in where.graph.nodes for depth in range(1, len(node.scope) + 1)})
    closed = [scope for name in names for scope in _named(name, known)]
    found = dict(groups)
    for node in reversed(where.graph.nodes):
        scope = next((s for s in closed if node.scope[: len(s)] == s), None)
        if scope is not None and node.op is not None:
            through_time = any(lane[: len(scope)] == scope for lane in where.scopes)
            found[node.id] = ("fold", scope, None if through_time else where.columns[node.id])
        elif node.op is None and node.role not in _OPEN:
            users = {found[user] for user, _ in where.graph.uses(node)}
            only = users.pop() if len(users) == 1 else None
            if isinstance(only, tuple) and only[0] == "fold":
                found[node.id] = only
    return found


def _named(name: object, known: Sequence[Scope]) -> list[Scope]:
    """The parts of this name, or of this path; of nested ones the outermost."""
    path = tuple(name.split("/")) if isinstance(name, str) else ()
    found = [scope for scope in known if path and scope[-len(path) :] == path]
    found = [s for s in found if not any(s != other and s[: len(other)] == other for other in found)]
    if not found:
        raise OptionError(
            f"viz.draw: fold={name!r:.60} is not a part of this graph",
            expected="one of " + ", ".join("/".join(scope) for scope in known) if known else "a graph with scopes",
        )
    return found
