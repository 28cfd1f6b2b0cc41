"""Padding: rows of unequal lengths side by side in one batch.

lengths 4, 2      x₁ x₂ x₃ x₄        mask   1 1 1 1      a row that is over keeps its state and outputs 0;
                  x₁ x₂  ·  ·               1 1 0 0      whatever stands in its pads reaches nothing
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.engine.apply import as_array
from tinygrad_rnn.engine.context import CONTEXT
from tinygrad_rnn.engine.tensor import Array, Tensor, label
from tinygrad_rnn.engine.trees import flatten
from tinygrad_rnn.errors import DTypeError, ShapeError
from tinygrad_rnn.ops import where


def valid_steps(lengths: Any, T: int, batch: tuple[int, ...], owner: str) -> Array:
    """(T, B, 1), or (T, 1) without a batch: True where step t of a row is one of its own.

    Raises:
        DTypeError: the lengths are not integers. ShapeError: not one for each row, or outside 0 … T.
    """
    array = np.asarray(as_array(lengths))
    if array.size and array.dtype.kind not in "iu":
        raise DTypeError(f"{owner}: the lengths are {array.dtype}", expected="integers", where=str(CONTEXT.get()))
    if array.shape != batch:
        raise ShapeError(
            f"{owner}: the lengths do not match the batch",
            expected=f"one length for each of {batch[0]} rows" if batch else "one number, as x has no batch",
            got=f"lengths {array.shape}",
            where=str(CONTEXT.get()),
        )
    if array.size and not 0 <= array.min() <= array.max() <= T:
        raise ShapeError(
            f"{owner}: a length is not in 0 … {T}",
            expected="how many of the T steps of each row are its own",
            got=f"{array.min()} … {array.max()}, T = {T}",
            where=str(CONTEXT.get()),
        )
    return (np.arange(T).reshape(T, *(1 for _ in batch)) < array)[..., None]


def hold(y: Tensor, new: Any, old: Any, mask: Array) -> tuple[Tensor, Any]:
    """(y, new state) for the rows whose step is valid; for the others (0, old state)."""
    if mask.all():
        return y, new
    (ends, build), (starts, _) = flatten(new), flatten(old)
    shown, role = where(mask, y, 0), y.role if isinstance(y, Tensor) else None
    if role == "output":  # a state's name goes on with the state
        label(shown, role, y.name)
    return shown, build([_carried(mask, end, start) for end, start in zip(ends, starts, strict=True)])


def _carried(mask: Array, end: Any, start: Any) -> Any:
    """The part of the state that goes on; it takes the name over from what the cell proposed."""
    if end is start:
        return end
    kept = where(mask, end, start)
    role, name = getattr(getattr(end, "node", None), "label", None) or (None, None)
    label(end, None, name and f"{name}′")
    return label(kept, role, name)
