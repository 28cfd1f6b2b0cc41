"""What came to be plotted, as numbers of float64; anything else is refused in words."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tinygrad_rnn.errors import DTypeError, OptionError, ShapeError, check_sequence, is_number

__all__ = ["Array", "column", "norms", "plain"]

Array: TypeAlias = NDArray[np.float64]


def column(owner: str, what: str, values: Any, help: str = "") -> Array:
    """(T,) numbers, at least one; NaN and infinite ones too.

    >>> column("plot", "the norms", [1, 0.5])
    array([1. , 0.5])
    >>> column("plot", "the norms", [])
    Traceback (most recent call last):
    tinygrad_rnn.errors.ShapeError: plot: the norms are empty
      expected  at least one number
    """
    if callable(getattr(values, "numpy", None)):
        values = values.numpy()  # a Tensor, of any library
    if isinstance(values, np.ma.MaskedArray):
        raise DTypeError(f"{owner}: {what} are a masked array", help="fill it, or take what is not masked")
    if not isinstance(values, np.ndarray):
        check_sequence(owner, what, values)
        values = np.array([_number(owner, what, value) for value in values])
    if values.ndim != 1:
        raise ShapeError(f"{owner}: {what} are not one number per step", expected="shape (T,)",
                         got=f"shape {values.shape}", help=help)  # fmt: skip
    if not values.size:
        raise ShapeError(f"{owner}: {what} are empty", expected="at least one number")
    if values.dtype.kind not in "fiu":
        raise DTypeError(f"{owner}: {what} are not real numbers", got=f"dtype {values.dtype}")
    return values.astype(np.float64)


def norms(owner: str, what: str, values: Any) -> Array:
    """(T,) norms: numbers of at least 0, NaN or infinite."""
    y = column(owner, what, values)
    if (wrong := np.flatnonzero(y < 0)).size:
        raise DTypeError(
            f"{owner}: {what} are not all norms",
            expected="numbers of at least 0, NaN or infinite",
            got=f"{y[wrong[0]]}, number {wrong[0] + 1} of {len(y)}",
        )
    return y


def _number(owner: str, what: str, value: Any) -> float:
    """One number of a list, which may be an array or a Tensor without axes."""
    masked = isinstance(value, np.ma.MaskedArray)
    if getattr(value, "ndim", None) == 0 and callable(getattr(value, "item", None)):
        value = value.item()
    if not is_number(value) or masked:
        raise OptionError(f"{owner}: {what} are not all numbers", expected="a list of numbers", got=f"{value!r:.60}")
    return float(value)


def plain(text: str) -> str:
    r"""Text for a title or a legend: what cannot be printed is written as its escape.

    >>> plain("a\x00b")
    'a\\x00b'
    """
    return "".join(char if char.isprintable() or char == "\n" else repr(char)[1:-1] for char in text)
