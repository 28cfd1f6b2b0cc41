"""pad_sequences: rows of unequal lengths side by side in one array, and how many steps of each are its own.

5 6 7          5 8
8         →    6 ·     lengths 3, 1
               7 ·
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from tinygrad_rnn.engine.apply import as_array
from tinygrad_rnn.engine.tensor import Array
from tinygrad_rnn.errors import DataError, OptionError, ShapeError, check_flags, check_sequence, is_number, strict

__all__ = ["Padded", "pad_sequences"]


class Padded(NamedTuple):
    """Rows side by side.

    Attributes:
        values: (T, B, …), or (B, T, …); T is the longest row's length.
        lengths: (B,), how many steps of each row are its own: what a layer takes as `lengths=`.
    """

    values: Array
    lengths: Array


@strict
def pad_sequences(rows: Sequence[Any], *, padding_value: float = 0, batch_first: bool = False) -> Padded:
    """Rows (Tᵢ, …) to one array (T, B, …), and their lengths.

    Args:
        rows: arrays, lists or Tensors of numbers, alike but for their lengths.
        padding_value: what stands behind the end of a row; given the lengths, no layer and no loss reads it.
        batch_first: (B, T, …).
    Raises:
        DataError: no rows. ShapeError: they differ in more than their lengths. DTypeError: they are not of numbers.

    >>> pad_sequences([[5, 6, 7], [8]])
    Padded(values=array([[5, 8],
           [6, 0],
           [7, 0]]), lengths=array([3, 1]))
    """
    check_sequence("pad_sequences", "the rows", rows)
    check_flags("pad_sequences", batch_first=batch_first)
    arrays = [np.asarray(as_array(row)) for row in rows]
    if not arrays:
        raise DataError("pad_sequences: there are no rows")
    known = [a for a in arrays if a.size] or arrays  # an empty list has no dtype and no features of its own
    if any(a.ndim == 0 for a in arrays) or len({a.shape[1:] for a in known}) > 1:
        raise ShapeError("pad_sequences: the rows differ in more than their lengths", expected="(T, …), alike but T",
                         got=", ".join(str(a.shape) for a in arrays[:5]))  # fmt: skip
    lengths = np.array([len(a) for a in arrays])
    dtype = np.result_type(*known)
    if not is_number(padding_value) or (dtype.kind in "iub" and not float(padding_value).is_integer()):
        raise OptionError(f"pad_sequences: padding_value={padding_value!r:.60} does not stand among numbers of {dtype}")
    values = np.full((lengths.max(), len(arrays), *known[0].shape[1:]), padding_value, dtype)
    for b, (row, length) in enumerate(zip(arrays, lengths, strict=True)):
        if length:
            values[:length, b] = row
    return Padded(np.ascontiguousarray(values.swapaxes(0, 1)) if batch_first else values, lengths)
