"""How much of the loss's gradient arrives at the state of each step.

h₁ ──→ h₂ ──→ h₃ ──→ loss          ‖∂loss/∂h₁‖  ‖∂loss/∂h₂‖  ‖∂loss/∂h₃‖
  0.02 ←─ 0.3 ←─ 1.1 ←─ 1          falling towards the past: it vanishes; growing: it explodes
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from tinygrad_rnn.autodiff.backprop import backprop
from tinygrad_rnn.diagnostics.recorded import in_order, named
from tinygrad_rnn.engine.context import no_grad
from tinygrad_rnn.engine.guard import recorded, recorded_scalar
from tinygrad_rnn.engine.node import Node, ancestors
from tinygrad_rnn.engine.summary import magnitude
from tinygrad_rnn.engine.tensor import Array, Tensor
from tinygrad_rnn.errors import GraphError, check_sequence

__all__ = ["gradient_flow"]


def gradient_flow(loss: Tensor, states: str | Sequence[Tensor], scope: str | None = None) -> Array:
    """‖∂loss/∂state_t‖₂ of every step, (T,) in float64; over the whole batch.

        ∂loss/∂h_t = Σ over all ways from h_t to the loss: the outputs of step t, and h_{t+1}

    The graph is kept. A state that the loss does not depend on has 0. So has, in float32, one to which less than 1e-45
    comes back: measure in float64.

    Args:
        states: the states h_1 … h_T as they were recorded, such as `layer.unrolled(x)[0]`; or the name they are
            labelled with, "h" or "c", as in `labelled`.
        scope: for a name, the part of the model it stands in: "l1", "encoder".
    Raises:
        GraphError: the loss was not recorded, is not a scalar, or was not computed from these states.
    Source: Bengio et al. 1994; Hochreiter et al. 2001, "Gradient flow in recurrent nets".

    >>> import tinygrad_rnn as tg
    >>> h = tg.tensor(1.0, requires_grad=True)
    >>> states = [h := h * 0.5 for t in range(4)]
    >>> gradient_flow(h, states)
    array([0.125, 0.25 , 0.5  , 1.   ])
    """
    end = recorded_scalar("gradient_flow", "the loss", loss)
    pairs: list[tuple[Node, Node | None]]
    if isinstance(states, str):
        pairs = _states(end, states, scope)
    else:
        pairs = [(node, None) for node in _given(end, states)]
    with no_grad():
        nodes = [node for pair in pairs for node in pair if node is not None]
        found = backprop([end], [np.ones(end.shape, end.dtype)], nodes)
    return np.array([_arrived(found, *pair) for pair in pairs])


def _states(end: Node, name: str, scope: str | None) -> list[tuple[Node, Node | None]]:
    """The state of each step, and where some rows have ended, what the step proposed for it, which is called h′.

    Of the last step h′ alone may be behind the loss, since nothing goes on from what is held.
    """
    found = named("gradient_flow", end, (name, f"{name}′"), scope)
    proposed = {
        node: parent
        for node in found
        for parent in node.inputs
        if node.op and node.op.name == "where" and parent is not None and parent.title == f"{name}′"
    }
    gone_on = {a for a, b in pairwise(found) if b.title == name and a in ancestors([b], floor=a.number)}
    states = in_order([node for node in found if node.title == name or node not in gone_on])
    return [(node, proposed.get(node)) for node in states]


def _arrived(found: dict[Node, Array], state: Node, proposed: Node | None) -> float:
    """‖∂loss/∂state‖: of a row that goes on, the loss reads what was proposed; of one that has ended, what is held."""
    nothing = np.zeros(state.shape)
    g = found.get(state, nothing)
    if proposed is not None:
        mask: Any = state.args and state.args[0]
        g = np.where(mask, found.get(proposed, nothing), g)
    return magnitude(g)


def _given(end: Node, states: Any) -> list[Node]:
    """The nodes of states that were handed in, at least one of them behind the loss."""
    if isinstance(states, Tensor):
        raise GraphError(
            "gradient_flow: the states came as one Tensor",
            expected="a list of the states of each step, as they were computed",
            got=f"shape {states.shape}: stacked from the states afterwards, and the next step does not read it",
            help='layer.unrolled(x)[0] returns that list; or pass the name of the states, "h"',
        )
    check_sequence("gradient_flow", "the states", states)
    nodes = [recorded("gradient_flow", f"state {t}", state) for t, state in enumerate(states, 1)]
    if nodes and not set(nodes) & set(ancestors([end], grad_only=True)):
        raise GraphError("gradient_flow: the loss was not computed from any of these states",
                         help="take the states and the loss from the same run")  # fmt: skip
    ordered = sorted(nodes, key=lambda node: node.number)
    for before, after in zip([None, *ordered], ordered, strict=False):
        made_from = before is None or before in ancestors([after], grad_only=True, floor=before.number)
        if _masked(after) or not made_from:
            raise GraphError(
                "gradient_flow: a state was not computed from the one before it",
                expected="the states of one recurrence",
                got=f"{after.title} of {after.context}",
                help="with lengths=, or in two directions, a layer makes its outputs from its states, and the next "
                'step does not start from them: pass the name of the states, "h"',
            )
    return nodes


def _masked(node: Node) -> bool:
    """Whether it is an output, 0 in the pads, of a state that goes on without it."""
    where = node.op is not None and node.op.name == "where" and node.label is None
    return where and any(parent is not None and parent.title.endswith("′") for parent in node.inputs)
