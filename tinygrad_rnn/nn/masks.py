"""Padding: rows of unequal lengths side by side in one batch, their pads behind, before or between their steps.

lengths 4, 2      x₁ x₂ x₃ x₄        mask   1 1 1 1      a step that is none keeps the state and outputs 0;
                  x₁ x₂  ·  ·               1 1 0 0      whatever stands in the pads reaches nothing
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from tinygrad_rnn.engine.apply import as_array
from tinygrad_rnn.engine.context import CONTEXT
from tinygrad_rnn.engine.tensor import Array, Tensor, label
from tinygrad_rnn.engine.trees import flatten
from tinygrad_rnn.errors import DTypeError, ShapeError
from tinygrad_rnn.nn.ids import integers, within
from tinygrad_rnn.ops import expand_dims, less, swapaxes, where


def valid_steps(lengths: Any, T: int, batch: tuple[int, ...], owner: str) -> Any:
    """(T, B, 1), or (T, 1) without a batch: True where step t of a row is one of its own.

    Raises:
        DTypeError: the lengths are not integers. ShapeError: not one for each row, or outside 0 … T.
    """
    array = lengths if isinstance(lengths, Tensor) else np.asarray(as_array(lengths))
    if array.size:
        array = integers(array, f"{owner}: the lengths")
    if array.shape != batch:
        raise ShapeError(
            f"{owner}: the lengths do not match the batch",
            expected=f"one length for each of {batch[0]} rows" if batch else "one number, as x has no batch",
            got=f"lengths {array.shape}",
            where=str(CONTEXT.get()),
        )
    array = within(array, 0, T + 1, partial(_outside, owner))
    return expand_dims(less(np.arange(T).reshape(T, *(1 for _ in batch)), array), -1)


def own_steps(mask: Any, T: int, batch: tuple[int, ...], batch_first: bool, owner: str) -> Any:
    """(T, B, 1), or (T, 1) without a batch, of a mask that says for each step whether it is one of its row's own.

    Raises:
        DTypeError: the mask is not made of True and False, or 1 and 0. ShapeError: it has another shape than x.
    """
    array = mask if isinstance(mask, Tensor) else np.asarray(as_array(mask))
    shape = (*batch, T) if batch and batch_first else (T, *batch)
    if array.shape != shape:
        raise ShapeError(
            f"{owner}: the mask does not match x", expected=f"mask {shape}, True where a step is a row's own",
            got=f"mask {array.shape}", where=str(CONTEXT.get()),
        )  # fmt: skip
    values = array._array if isinstance(array, Tensor) else array
    if values.dtype.kind != "b":
        if values.dtype.kind not in "iu" or not isinstance(array, np.ndarray) or not np.isin(values, (0, 1)).all():
            raise DTypeError(f"{owner}: the mask is {values.dtype}", expected="True and False, or the integers 1 and 0",
                             help="mask > 0")  # fmt: skip
        array = array.astype(bool)
    return expand_dims(swapaxes(array, 0, 1) if batch and batch_first else array, -1)


def _outside(owner: str, lengths: Array, least: int, below: int) -> ShapeError:
    return ShapeError(
        f"{owner}: a length is not in {least} … {below - 1}",
        expected="how many of the T steps of each row are its own",
        got=f"{lengths.min()} … {lengths.max()}, T = {below - 1}",
        where=str(CONTEXT.get()),
    )


def all_valid(mask: Any) -> bool:
    """Whether every step is known to count: of a Tensor it is not known."""
    return not isinstance(mask, Tensor) and bool(mask.all())


def hold(y: Tensor, new: Any, old: Any, mask: Array) -> tuple[Tensor, Any]:
    """(y, new state) for the rows whose step is valid; for the others (0, old state)."""
    if all_valid(mask):
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
