"""The parameters of a group as one vector: one update for all of them, where it acts on each number alone.

p₁ p₂ p₃ …  →  one array  →  a kernel, or NumPy a stretch at a time that fits the processor's cache  →  views into one
             as they lie in memory, after the first step                                               new array
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np

from tinygrad_rnn.compiler.formula import applied
from tinygrad_rnn.engine.arrays import joined, parted
from tinygrad_rnn.engine.tensor import Array, Tensor, replace_array

__all__ = ["State", "update_together"]

State = dict[str, Array]
STRETCH = 16_384  # numbers: with what is remembered of them, and what is computed on the way, they fit the cache


def update_together(
    rule: Callable[[Any, Any, Any], Any],
    params: Sequence[Tensor],
    states: Sequence[State],
    memory: Collection[str],
    scalars: Collection[str],
) -> None:
    """Give each parameter its next value, and write down what is remembered of it.

    Args:
        rule: (p, g, state) → the next p, for each number alone.
        params, states: of one dtype, each with a gradient; what is remembered of them.
        memory: the names of what may be remembered.
        scalars: those of them that are one number for a parameter, and the same for all of these.
    """
    p, g = _vector([p._array for p in params]), _vector([p.grad._array for p in params if p.grad is not None])
    values = np.empty_like(p)
    sizes = [each.size for each in params]
    held = {name: _held(name, states, sizes, values.dtype) for name in memory if name not in scalars}
    counted = {name: states[0][name] for name in scalars if name in states[0]}
    state: State = {}
    remembered: set[str] = set()

    def formula(arrays: Any) -> Any:
        """The next p, and what is remembered; of arrays, or of symbols."""
        state.clear()
        state.update(counted, **{name: arrays[name] for name in held})
        p = rule(arrays["p"], arrays["g"], state)
        remembered.update(name for name in held if state.get(name) is not arrays[name])
        return {"p": p, **{name: state[name] for name in remembered}}

    arrays, written = {"p": p, "g": g, **held}, {"p": values, **held}
    if not applied(formula, arrays, written):
        for a in range(0, values.size, STRETCH):
            part = slice(a, a + STRETCH)
            for name, changed in formula({name: array[part] for name, array in arrays.items()}).items():
                written[name][part] = changed
    shapes = [each.shape for each in params]
    for each, array in zip(params, parted(values, shapes), strict=True):
        replace_array(each, array)
    for name in remembered:
        for own, array in zip(states, parted(held[name], shapes), strict=True):
            own[name] = array
    for own in states:
        own.update({name: state[name] for name in scalars if name in state})


def _vector(parts: list[Array]) -> Array:
    """These arrays, one after another: where they lie so in memory, as they are."""
    whole = joined(parts)
    return np.concatenate([part.ravel() for part in parts]) if whole is None else whole


def _held(name: str, states: Sequence[State], sizes: list[int], dtype: Any) -> Array:
    """What is remembered of these parameters under a name, one after another: 0 of what is new."""
    parts = [state.get(name) for state in states]
    base = None if parts[0] is None else parts[0].base
    if base is not None and base.shape == (sum(sizes),) and all(p is not None and p.base is base for p in parts):
        return base  # as `update_together` left it
    return np.concatenate([np.zeros(n, dtype) if p is None else p.ravel() for p, n in zip(parts, sizes, strict=True)])
