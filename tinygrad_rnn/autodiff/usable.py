"""Whether a graph can still be differentiated: its arrays are there, and are those that its ops used."""

from __future__ import annotations

from collections.abc import Sequence

from tinygrad_rnn.engine.node import Leaf, Node
from tinygrad_rnn.errors import GraphError

__all__ = ["check_usable"]


def check_usable(order: Sequence[Node]) -> None:
    """Raise GraphError for a node that was released, or that used a value which has been assigned since."""
    for node in order:
        if node.args is None:
            raise GraphError(
                f"{node.title}: the graph was released",
                expected="one backward per graph",
                got=f"released by {node.released}",
                where=str(node.context),
                help="backward(retain_graph=True) keeps it; between chunks of a sequence: is a detach() of the "
                "carried state missing?",
            )
        for k, parent in enumerate(node.inputs):
            if isinstance(parent, Leaf) and parent.stale is not None and node.op is not None:
                names = node.op.params
                owner = parent.owner()
                raise GraphError(
                    f"{node.op.name}: its argument {names[min(k, len(names) - 1)]}"
                    f"{f' ({parent.title})' if parent.label else ''} was assigned after it was used",
                    expected=f"version {parent.version}, as when the op ran",
                    got=f"version {parent.stale if owner is None else owner._version}",
                    where=str(node.context),
                    help="call backward before assign, or compute the loss again",
                )
