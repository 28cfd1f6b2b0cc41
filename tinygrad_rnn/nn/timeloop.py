"""The only time loop: new_state = f(x_t, old_state), the same f at every step.

state₀ → f → state₁ → f → state₂ → …
         ↑            ↑
         x₁           x₂
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from tinygrad_rnn.engine.context import step
from tinygrad_rnn.engine.tensor import Array, Tensor
from tinygrad_rnn.nn.masks import hold

__all__ = ["unroll"]

State = TypeVar("State")


def unroll(
    f: Callable[[Any, State], tuple[Any, State]],
    xs: Sequence[Any] | Tensor,
    state: State,
    *,
    reverse: bool = False,
    mask: Array | None = None,
) -> tuple[list[Any], State]:
    """Run `y, state = f(x, state)` over the sequence and record in which step each op ran.

    Args:
        xs: T inputs: a list, or a Tensor (T, …) that is read along its first axis.
        reverse: from the last step to the first; the outputs still stand in the order of the inputs.
        mask: (T, …) of bools that broadcast with y and with each part of the state. Where False, the step does not
            count: y is 0 there and the state stays what it was.
    Returns:
        ([y₁ … y_T], the last state).

    >>> unroll(lambda x, total: (total, total + x), [1, 2, 3], 0)
    ([0, 1, 3], 6)
    >>> unroll(lambda x, total: (total, total + x), [1, 2, 3], 0, reverse=True)
    ([5, 3, 0], 6)
    """
    T = len(xs)
    ys: list[Any] = [None] * T
    for t in reversed(range(T)) if reverse else range(T):
        with step(t + 1, of=T):
            before = state
            ys[t], state = f(xs[t], before)
            if mask is not None:
                ys[t], state = hold(ys[t], state, before, mask[t])
    return ys, state
