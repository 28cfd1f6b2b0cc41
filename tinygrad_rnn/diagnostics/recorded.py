"""The recorded values that have a label, found again behind an output: the states, the gates, step by step.

output ← … ← h₃ ← … ← h₂ ← … ← h₁            labelled(output, "f")  →  [f₁, f₂, f₃]
             ↑ f₃      ↑ f₂     ↑ f₁
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from tinygrad_rnn.engine.guard import recorded
from tinygrad_rnn.engine.node import Node, ancestors
from tinygrad_rnn.engine.tensor import Array, Tensor, from_array
from tinygrad_rnn.errors import GraphError, check_name, check_type

__all__ = ["labelled"]


def labelled(output: Tensor, name: str, scope: str | None = None) -> list[Tensor]:
    """The values behind `output` that are labelled `name`, one for each time step.

    In the order of the steps; where the layer ran several times, in the order they were computed.

    Args:
        name: as in `tg.label`: "h" and "c" for states, "i", "f", "g", "o", "r", "z", "n" for gates.
        scope: the part of the model it stands in, "l1" or "encoder/l1"; needed where several have such a value.
    Raises:
        GraphError: no step recorded such a value, several scopes have one, or a backward has released the values.

    >>> from tinygrad_rnn import nn
    >>> output, _ = nn.LSTM(2, 3, rng=0)(np.ones((5, 1, 2)))
    >>> len(labelled(output, "c")), labelled(output, "f")[0].shape
    (5, (1, 3))
    """
    end = recorded("labelled", "the output", output)
    return [from_array(_value(node), node) for node in in_order(named("labelled", end, (name,), scope))]


def named(owner: str, end: Node, names: Sequence[str], scope: str | None) -> list[Node]:
    """The recorded values of these names inside time steps, all in one scope, oldest first."""
    check_name(owner, "scope", scope)
    for name in names:
        check_type(owner, "name", name, str, "a text")
    every = [node for node in ancestors([end])[::-1] if node.op is not None and node.context.step]
    every = [node for node in every if node.label and node.label[1]]
    hits = [node for node in every if node.title in names and _within(node.context.path, scope)]
    places = dict.fromkeys("/".join(node.context.path) for node in hits)
    if len(places) != 1:
        among = f" in scope {scope!r}" if scope else ""
        raise GraphError(
            f"{owner}: {len(places)} scopes recorded a value named {names[0]!r}"
            if places
            else f"{owner}: no time step recorded a value named {names[0]!r}{among}",
            expected="the name of one scope" if places else f"a name among: {_listed(node.title for node in every)}",
            got=_listed(places or ("/".join(node.context.path) for node in every)),
            help=f"pass one of them, as in scope={next(iter(places))!r}" if places else "",
        )
    return hits


def _listed(words: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(words)) or "none"


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
