"""Real-time recurrent learning: the exact gradient while the sequence is still coming in, nothing kept of the past.

backprop through time    remembers every step, goes back from the end           memory T
RTRL                     carries ∂s_t/∂θ along with the state, step by step     memory S·P, whatever T

s₀ ───────→ s₁ ───────→ s₂ ───→ …
0 ───────→ ∂s₁/∂θ ───→ ∂s₂/∂θ ───→ …       ∂s_t/∂θ = ∂s_t/∂s_{t−1} · ∂s_{t−1}/∂θ + ∂s_t/∂θ as used in step t
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from tinygrad_rnn.autodiff.higher import jacobian
from tinygrad_rnn.autodiff.reverse import value_and_grad
from tinygrad_rnn.engine.context import no_grad, step
from tinygrad_rnn.engine.tensor import Array, Tensor
from tinygrad_rnn.engine.trees import flatten
from tinygrad_rnn.errors import ShapeError, check_sequence
from tinygrad_rnn.nn.functional import functional_call
from tinygrad_rnn.nn.module import Module

__all__ = ["rtrl"]


class Online(NamedTuple):
    """What is known after step t.

    Attributes:
        loss: of step t.
        gradient: ∂(loss_1 + … + loss_t)/∂parameter, by the parameter's name.
    """

    loss: float
    gradient: dict[str, Array]


def rtrl(
    cell: Module, loss: Callable[..., Any], xs: Iterable[Any], h0: Any = None, *, targets: Iterable[Any] | None = None
) -> Iterator[Online]:
    """Run a cell over a sequence and yield, at every step, the gradient so far: that of backprop through time.

        J_t = A_t J_{t−1} + B_t,  A_t = ∂s_t/∂s_{t−1},  B_t = ∂s_t/∂θ of step t alone
        ∂loss/∂θ = Σ_t ∂loss_t/∂h_t · J_t

    A product (S, S)(S, P) per step: with P of the order of H², O(H⁴) time and O(H³) memory, against O(H²) time per
    step for backprop through time, whose memory grows with T. That is why nobody trains large networks so. A whole
    batch has S = B·H: rows are better run one by one.

    Args:
        cell: `cell(x_t, state) → state`, h or (h, c), the first part the output. Its parameters are read anew at each
            step, so they may be updated in between; the gradient is then no longer exact.
        loss: of a step, from its output h_t, or from (h_t, target_t) with `targets`; a Tensor of one element.
        xs: x_1, x_2, …: a sequence or an iterator without end.
        h0: the state before the first step, held constant; when None what the cell begins with, learnt or zeros.
        targets: one for each step.
    Source: Williams & Zipser 1989; Robinson & Fallside 1987.

    >>> from tinygrad_rnn import nn
    >>> cell = nn.RNNCell(2, 3, rng=0, dtype=np.float64)
    >>> for loss, gradient in rtrl(cell, lambda h: (h * h).sum(), np.ones((3, 2))):
    ...     print(round(loss, 3), gradient["weight_hh"].shape)
    0.893 (3, 3)
    1.586 (3, 3)
    1.802 (3, 3)
    """
    check_sequence("rtrl", "the inputs", xs)
    state, influence, total = h0, None, None
    for t, (x, target) in enumerate(_paired(xs, targets), 1):
        parameters = {name: parameter.detach() for name, parameter in cell.named_parameters()}
        with step(t), no_grad():
            state, influence = _advanced(cell, parameters, x, state, influence)
            value, g_h = value_and_grad(loss)(flatten(state)[0][0], *target)
        g = np.ravel(g_h.data) @ influence[: g_h.size]
        total = g if total is None else total + g
        yield Online(value.item(), _by_name(total, parameters))


def _paired(xs: Iterable[Any], targets: Iterable[Any] | None) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """(x_t, the further arguments of its loss)."""
    if targets is None:
        yield from ((x, ()) for x in xs)
        return
    try:
        yield from ((x, (y,)) for x, y in zip(xs, targets, strict=True))
    except ValueError as error:
        raise ShapeError("rtrl: xs and targets are not of one length", got=str(error)) from None


def _advanced(
    cell: Module, parameters: Mapping[str, Tensor], x: Any, state: Any, influence: Array | None
) -> tuple[Any, Array]:
    """The next state, and J (S, P) of it from J of the last, None before the first step."""

    def f(parameters: Any, state: Any) -> Any:
        return functional_call(cell, parameters, x, state)

    parts, build = flatten(f(parameters, state))
    blocks, _ = flatten(jacobian(f, (0,) if influence is None else (0, 1))(parameters, state))
    P, n = len(parameters), len(blocks) // len(parts)
    rows = [
        [block.data.reshape(part.size, -1) for block in blocks[k * n : (k + 1) * n]] for k, part in enumerate(parts)
    ]
    J = np.block([row[:P] for row in rows])
    if influence is not None:
        J = np.block([row[P:] for row in rows]) @ influence + J
    return build([part.detach() for part in parts]), J


def _by_name(g: Array, parameters: Mapping[str, Tensor]) -> dict[str, Array]:
    """The flat gradient in the parameters' shapes."""
    ends = np.cumsum([parameter.size for parameter in parameters.values()])[:-1]
    parts = zip(parameters.items(), np.split(g, ends), strict=True)
    return {name: part.reshape(parameter.shape) for (name, parameter), part in parts}
