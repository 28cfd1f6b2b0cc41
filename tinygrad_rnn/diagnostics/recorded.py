"""The recorded values that bear a label, found again behind an output: the states, the gates, step by step.

output ← … ← h₃ ← … ← h₂ ← … ← h₁            labelled(output, "f")  →  [f₁, f₂, f₃]
             ↑ f₃      ↑ f₂     ↑ f₁
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tinygrad_rnn.engine.guard import recorded
from tinygrad_rnn.engine.node import Node, ancestors
from tinygrad_rnn.engine.tensor import Array, Tensor, from_array
from tinygrad_rnn.errors import GraphError

__all__ = ["labelled"]


def labelled(output: Tensor, name: str, scope: str | None = None) -> list[Tensor]:
    """The values behind `output` that are labelled `name`, one for each time step.

    In the order of the steps; where the layer ran several times, in the order they were computed.

    Args:
        name: as in `tg.label`: "h" and "c" for states, "i", "f", "g", "o", "r", "z", "n" for gates.
        scope: the part of the model it stands in, "l1" or "encoder/l1"; needed where several have such a value.
    Raises:
        GraphError: there is none, or there are some in several scopes; or a backward has released the values.

    >>> from tinygrad_rnn import nn
    >>> output, _ = nn.LSTM(2, 3, rng=0)(np.ones((5, 1, 2)))
    >>> len(labelled(output, "c")), labelled(output, "f")[0].shape
    (5, (1, 3))
    """
    end = recorded("labelled", "the output", output)
    return [from_array(_value(node), node) for node in in_order(named(end, (name,), scope))]


def named(end: Node, names: Sequence[str], scope: str | None) -> list[Node]:
    """The recorded values of these names inside time steps, all in one scope, oldest first."""
    every = [node for node in ancestors([end])[::-1] if node.op is not None and node.context.step]
    every = [node for node in every if node.label and node.label[1]]
    hits = [node for node in every if node.title in names and _within(node.context.scope, scope)]
    places = dict.fromkeys("/".join(node.context.scope) for node in hits)
    if len(places) != 1:
        raise GraphError(
            f"{len(places) or 'no'} scopes have a value {names[0]!r} in their steps"
            + (f" in {scope!r}" if scope else ""),
            expected="one of them" if places else f"one of: {', '.join({node.title: 0 for node in every}) or 'none'}",
            got=", ".join(places) or ", ".join(dict.fromkeys("/".join(node.context.scope) for node in every)),
            help=f"scope={next(iter(places))!r}" if places else "",
        )
    return hits


def in_order(nodes: list[Node]) -> list[Node]:
    """By time step, where there is one for each; otherwise as they are."""
    steps = [node.context.step or 0 for node in nodes]
    return nodes if len(set(steps)) < len(steps) else [nodes[k] for k in np.argsort(steps)]


def _within(path: tuple[str, ...], scope: str | None) -> bool:
    """Whether the path has the scope's parts, one after another.

    >>> _within(("encoder", "lstm", "l1"), "lstm/l1")
    True
    """
    parts = tuple(scope.split("/")) if scope else ()
    return any(path[k : k + len(parts)] == parts for k in range(len(path) - len(parts) + 1))


def _value(node: Node) -> Array:
    if node.value is None:
        raise GraphError(f"labelled: the graph was released by {node.released}", help="ask before backward()")
    return node.value
