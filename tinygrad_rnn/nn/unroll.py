"""The only time loop: new_state = f(x_t, old_state), the same f at every step.

state₀ → f → state₁ → f → state₂ → …
         ↑            ↑
         x₁           x₂
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from tinygrad_rnn.graph import step
from tinygrad_rnn.tensor import Tensor

State = TypeVar("State")


def unroll(
    f: Callable[[Any, State], tuple[Any, State]], xs: Sequence[Any] | Tensor, state: State
) -> tuple[list[Any], State]:
    """Run `y, state = f(x, state)` over the sequence and record in which step each op ran.

    Args:
        xs: T inputs: a list, or a Tensor (T, …) that is read along its first axis.
    Returns:
        ([y₁ … y_T], the last state).

    >>> unroll(lambda x, total: (total, total + x), [1, 2, 3], 0)
    ([0, 1, 3], 6)
    """
    ys = []
    T = len(xs)
    for t in range(T):
        with step(t + 1, of=T):
            y, state = f(xs[t], state)
        ys.append(y)
    return ys, state
