"""Where a shared weight's gradient comes from: one term for each of its uses.

∂loss/∂W  =  Σ over uses  ∂loss/∂(W as used there)          h₁ ← W     h₂ ← W     h₃ ← W
                                                              step 1     step 2     step 3
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from tinygrad_rnn.autodiff.backprop import backprop
from tinygrad_rnn.engine.context import no_grad
from tinygrad_rnn.engine.guard import recorded_scalar
from tinygrad_rnn.engine.node import Node, ancestors
from tinygrad_rnn.engine.tensor import Array, Tensor
from tinygrad_rnn.errors import GraphError

__all__ = ["gradient_ledger"]


class Entry(NamedTuple):
    """One use of a parameter and what it adds to the gradient.

    Attributes:
        use: (node id, argument position), as `tg.graph(loss).uses(parameter)` has them.
        step: the time step of the node that uses it, None outside any.
        contribution: ∂loss/∂(the parameter as used here), read-only.
    """

    use: tuple[int, int]
    step: int | None
    contribution: Array


def gradient_ledger(loss: Tensor, parameter: Tensor) -> list[Entry]:
    """The terms that ∂loss/∂parameter is the sum of, one for each use, in the order of the uses.

        ∂loss/∂W = Σ_t ∂loss/∂W_t,  W_t the copy of W that step t uses

    The graph is kept.

    Raises:
        GraphError: the loss was not recorded or is not a scalar, or the parameter is not a leaf
            that it was computed from.

    >>> import tinygrad_rnn as tg
    >>> w = tg.tensor(3.0, requires_grad=True)
    >>> for entry in gradient_ledger(w * w + 5 * w, w):
    ...     print(entry.use, entry.contribution)
    (1, 0) 3.0
    (1, 1) 3.0
    (2, 1) 5.0
    """
    order = _checked(loss, parameter)
    leaf = parameter.node
    users = [node for node in order if leaf in node.inputs]
    ids = {node: id for id, node in enumerate(order)}
    with no_grad():
        arrived = backprop([loss.node], [np.ones(loss.shape, loss.dtype)], users)
        return [
            Entry((ids[node], k), node.context.step, _contribution(node, k, arrived.get(node)))
            for node in users
            for k, parent in enumerate(node.inputs)
            if parent is leaf
        ]


def _checked(loss: Any, parameter: Any) -> list[Node]:
    """Every node behind the loss, oldest first."""
    order = ancestors([recorded_scalar("gradient_ledger", "the loss", loss)])[::-1]
    if not isinstance(parameter, Tensor) or not parameter.is_leaf:
        raise GraphError(
            "gradient_ledger: the parameter is not a leaf",
            expected="a Tensor made by tensor(…) or Parameter(…)",
            got=f"{parameter!r:.80}",
        )
    if not parameter.requires_grad or not any(parameter.node in node.inputs for node in order):
        raise GraphError(
            f"gradient_ledger: the loss was not computed from {parameter.name or 'this parameter'}",
            expected=", ".join(node.title for node in order if node.op is None and node.requires_grad) or "a leaf",
            got=f"{parameter!r:.80}",
            help="if it was assigned after that, compute the loss again",
        )
    return order


def _contribution(node: Node, k: int, gy: Array | None) -> Array:
    """What one argument of a node is passed back, by the one loop that passes anything back."""
    leaf: Any = node.inputs[k]
    found = {} if gy is None else backprop([_with_input_alone(node, k)], [gy], [leaf])
    g = np.array(found[leaf]) if leaf in found else np.zeros(leaf.shape, leaf.dtype)
    g.flags.writeable = False
    return g


def _with_input_alone(node: Node, k: int) -> Node:
    """The node as if only its argument k had been recorded."""
    inputs = tuple(parent if i == k else None for i, parent in enumerate(node.inputs))
    return Node(node.op, inputs, node.args, node.static, np.asarray(node.value), node.context, True)
