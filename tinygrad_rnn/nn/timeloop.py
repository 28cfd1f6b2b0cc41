"""The only time loop: new_state = f(x_t, old_state), the same f at every step.

state₀ → f → state₁ → f → state₂ → …
         ↑            ↑
         x₁           x₂
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from tinygrad_rnn.engine.apply import as_array
from tinygrad_rnn.engine.context import CONTEXT, Passage, step, using
from tinygrad_rnn.engine.tensor import Array, Tensor
from tinygrad_rnn.engine.trees import flatten
from tinygrad_rnn.errors import ShapeError
from tinygrad_rnn.nn.masks import hold
from tinygrad_rnn.nn.passages import begin, made_at

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
    Raises:
        ShapeError: the inputs are not a sequence, or the mask does not fit them.

    >>> unroll(lambda x, total: (total, total + x), [1, 2, 3], 0)
    ([0, 1, 3], 6)
    >>> unroll(lambda x, total: (total, total + x), [1, 2, 3], 0, reverse=True)
    ([5, 3, 0], 6)
    """
    _check_sequence(xs)
    T = len(xs)
    mask = None if mask is None else _checked_mask(mask, T)
    ys: list[Any] = [None] * T
    passage, start = _passage(f, xs, state, reverse)
    with using(passage=passage, step=None):
        for t in reversed(range(T)) if reverse else range(T):
            with step(start + t + 1, of=start + T):
                before = state
                ys[t], state = f(xs[t], before)
                if mask is not None:
                    ys[t], state = hold(ys[t], state, before, mask[t])
    return ys, state


def _check_sequence(xs: Any) -> None:
    array, text = isinstance(xs, Tensor | np.ndarray), isinstance(xs, str | bytes)
    if not (xs.ndim if array else isinstance(xs, Sequence) and not text):
        raise ShapeError("unroll: the inputs are not a sequence", expected="a list, or a Tensor (T, …)",
                         got=f"{type(xs).__name__} {xs!r:.60}")  # fmt: skip


def _checked_mask(mask: Any, T: int) -> Any:
    array = mask if isinstance(mask, Tensor) else np.asarray(as_array(mask))
    if array.dtype.kind != "b" or array.shape[:1] != (T,):
        raise ShapeError("unroll: the mask does not fit the inputs", expected=f"bools ({T}, …)",
                         got=f"{array.dtype} {array.shape}")  # fmt: skip
    return array


def _passage(f: Any, xs: Any, state: Any, reverse: bool) -> tuple[Passage | None, int]:
    """The passage that the loop runs in, and the step before its first.

    A layer opens one for all its loops. A loop from no state goes along with the steps that its inputs were made in, as
    a head on every output does. Any other is a passage of its own.
    """
    now = CONTEXT.get()
    if now.passage is not None and now.step is None:
        return now.passage, now.passage.start
    along = None if reverse or any(isinstance(s, Tensor) for s in flatten(state)[0]) else _steps_of(xs)
    if along is not None:
        return along
    runner = now.scope[-1].module() if now.scope and now.scope[-1].module else getattr(f, "__self__", f)
    passage = begin(runner, state, reverse=reverse)
    return passage, passage.start


def _steps_of(xs: Any) -> tuple[Passage | None, int] | None:
    """(passage, the step before) of inputs that were made at consecutive steps of one passage."""
    first = None if isinstance(xs, Tensor) or not len(xs) else _place(xs[0])
    if first is None:
        return None
    passage, step = first
    return (passage, step - 1) if all(_place(x) == (passage, step + k) for k, x in enumerate(xs)) else None


def _place(x: Any) -> tuple[Passage | None, int] | None:
    """The passage and step that the first Tensor in an input was made in."""
    found = (part for part in flatten(x)[0] if isinstance(part, Tensor) and part._node is not None)
    tensor = next(found, None)
    made = None if tensor is None else made_at(tensor.node)
    return made and (made.passage, made.step)
