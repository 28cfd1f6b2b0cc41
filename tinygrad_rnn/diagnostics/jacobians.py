"""How much of an early state is left in the last one: the product of the Jacobians of the steps between.

s₁ ──J₂──→ s₂ ──J₃──→ s₃ ──J₄──→ s₄          ∂s₄/∂s₁ = J₄ J₃ J₂
                                             ‖J‖ < 1 at every step: what step 1 knew fades out
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from tinygrad_rnn.autodiff.backprop import backprop
from tinygrad_rnn.engine.arrays import as_plain
from tinygrad_rnn.engine.context import no_grad
from tinygrad_rnn.engine.guard import recorded
from tinygrad_rnn.engine.node import Node, ancestors
from tinygrad_rnn.engine.tensor import Array, Tensor
from tinygrad_rnn.engine.trees import flatten
from tinygrad_rnn.errors import GradientError, GraphError, ShapeError, check_sequence

__all__ = ["spectral_radius", "state_influence", "step_jacobians"]


def step_jacobians(states: Sequence[Any]) -> list[Array]:
    """[J_2 … J_T], J_t = ∂s_t/∂s_{t−1}: exact, one pullback for each row.

    Args:
        states: s_1 … s_T as they were recorded: each step's whole state, what the next step starts from. An LSTM's is
            (h, c): `zip(tg.labelled(loss, "h"), tg.labelled(loss, "c"))`.
    Returns:
        T − 1 matrices (S, S), S the elements of one state, its parts end to end. The graph is kept.
    Raises:
        GraphError: a state was not recorded, was not computed from the one before it, or depends on an earlier one
            by a way that avoids the state between them.

    >>> import tinygrad_rnn as tg
    >>> a = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> step_jacobians([a, a * a])
    [array([[2., 0.],
           [0., 4.]])]
    """
    check_sequence("step_jacobians", "the states", states)
    nodes = [
        [recorded("step_jacobians", f"state {t}", part) for part in flatten(state)[0]]
        for t, state in enumerate(states, 1)
    ]
    for t, (before, after) in enumerate(pairwise(nodes), 1):
        _refuse_stranger(t, before, after)
    for t in range(2, len(nodes)):
        _refuse_detour(t, *nodes[t - 2 : t + 1])
    with no_grad():
        return [_jacobian(after, before) for before, after in pairwise(nodes)]


def state_influence(states: Sequence[Any]) -> Array:
    """‖∂s_T/∂s_t‖₂ for t = 1 … T, the largest stretch of any change of s_t: (T,) in float64, the last 1.

        ∂s_T/∂s_t = J_T J_{T−1} … J_{t+1}

    Args, Raises: see `step_jacobians`.
    Source: Pascanu et al. 2013, arXiv:1211.5063, equation 5.

    >>> import tinygrad_rnn as tg
    >>> h = tg.tensor([1.0, 1.0], requires_grad=True)
    >>> state_influence([h := h * 0.5 for t in range(3)])
    array([0.25, 0.5 , 1.  ])
    """
    jacobians = step_jacobians(states)
    product = np.eye(len(jacobians[-1])) if jacobians else np.eye(1)
    norms = [1.0]
    for J in reversed(jacobians):
        product = product @ J
        norms.append(float(np.linalg.norm(product, 2)))
    return np.array(norms[::-1])


def spectral_radius(W: Any) -> float:
    """ρ(W) = max |λ| over the eigenvalues of W.

    A linear recurrence h′ = W h grows or shrinks by ρ per step in the long run. With tanh, ‖diag(tanh′) W‖ ≤ ‖W‖₂:
    ρ < 1 alone does not bound a single step, ‖W‖₂ < 1 does.

    Args:
        W: (H, H), such as the `weight_hh_l0` of an RNN.
    Raises:
        ShapeError: W is not square. GradientError: a number of it is NaN or infinite.
    Source: Bengio et al. 1994; Pascanu et al. 2013, arXiv:1211.5063.

    >>> round(spectral_radius([[0.0, 2.0], [0.5, 0.0]]), 12)
    1.0
    """
    W = as_plain(W.data if isinstance(W, Tensor) else W, "spectral_radius")
    if W.ndim != 2 or W.shape[0] != W.shape[1]:
        raise ShapeError(
            f"spectral_radius: a matrix of shape {W.shape} has no eigenvalues",
            expected="(H, H)",
            got=str(W.shape),
            help="an LSTM's or GRU's weight_hh holds a block for each gate: np.split(W, G)[k] is that of gate k",
        )
    if not np.isfinite(W).all():
        raise GradientError("spectral_radius: W has no eigenvalues, because it holds NaN or infinity")
    return float(np.max(np.abs(np.linalg.eigvals(W.astype(np.float64))), initial=0.0))


def _refuse_stranger(t: int, before: list[Node], after: list[Node]) -> None:
    """Unconnected states would have a Jacobian of zeros that does not tell why."""
    if not set(before) & set(ancestors(after, grad_only=True, floor=min(node.number for node in before))):
        raise GraphError(
            f"step_jacobians: state {t + 1} was not computed from state {t}",
            expected="the states of one recurrence, in the order they were computed",
            got=", ".join(f"{node.title} of {node.context}" for node in after),
            help="a layer's second direction computes its states from the last to the first: pass them reversed",
        )


def _refuse_detour(t: int, first: list[Node], between: list[Node], last: list[Node]) -> None:
    """The product of Jacobians is the whole derivative only if every way leads through the state between."""
    floor = min(node.number for node in first)
    seen = ancestors(_without(last, between), grad_only=True, floor=floor, ends=between)
    if set(first) & set(seen) - set(between):
        raise GraphError(
            f"step_jacobians: state {t + 1} depends on state {t - 1} by a way that avoids state {t}",
            expected="each step's whole state: what the next step starts from",
            got=", ".join(node.title for node in last),
            help='an LSTM\'s is (h, c): zip(labelled(loss, "h"), labelled(loss, "c"))',
        )


def _without(nodes: list[Node], others: list[Node]) -> list[Node]:
    return [node for node in nodes if node not in others]


def _jacobian(after: list[Node], before: list[Node]) -> Array:
    """∂after/∂before with the parts of `before` as independent variables, (S′, S) in float64."""
    rows = []
    for node in after:
        for place in np.ndindex(node.shape):
            unit = np.zeros(node.shape, node.dtype)
            unit[place] = 1
            found = backprop([node], [unit], before, stop=True)
            rows.append(np.concatenate([np.ravel(found.get(x, np.zeros(x.shape))) for x in before]))
    return np.array(rows, np.float64)
