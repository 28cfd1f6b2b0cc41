"""Integers that stand for something: checked where they come in, each time a plan runs as well.

ids in 0 … V − 1 → themselves        any other → the error of whoever asked
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_rnn.engine.apply import apply_any, as_array
from tinygrad_rnn.engine.context import CONTEXT
from tinygrad_rnn.engine.op import Op
from tinygrad_rnn.engine.tensor import Array, Tensor
from tinygrad_rnn.errors import DTypeError, TinygradError

__all__ = ["integers", "within"]

Refusal = Callable[[Array, int, int], TinygradError]


def _within(ids: Array, *, least: int, below: int, refusal: Refusal) -> Array:
    """y = ids, each of which has to be in least … below − 1."""
    fits = least <= ids.item() < below if ids.size == 1 else not ids.size or least <= ids.min() <= ids.max() < below
    if not fits:
        raise refusal(ids, least, below)
    return ids


_CHECKED = apply_any(Op(_within, differentiable=False), _within)


def integers(ids: Any, what: str) -> Any:
    """The ids as an array of integers, or the Tensor that they are. Raises DTypeError for anything else."""
    values = ids if isinstance(ids, Tensor) else np.asarray(as_array(ids))
    if values.dtype.kind not in "iu":
        raise DTypeError(f"{what} are {values.dtype}", expected="integers", where=str(CONTEXT.get()))
    return values


def within(ids: Any, least: int, below: int, refusal: Refusal) -> Any:
    """The ids themselves, if each is in least … below − 1; otherwise what `refusal` says is raised."""
    return _CHECKED(ids, least=least, below=below, refusal=refusal)
