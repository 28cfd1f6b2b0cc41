"""The same values in other places: an op or a rule must not care where in memory its arguments lie.

copied   Fortran   reversed   strided   read-only   stretched by stride 0
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.engine.tensor import Array
from tinygrad_rnn.testing.draw.source import Source, choose


def layout(source: Source, x: Array) -> Array:
    """The same values, laid out in memory in any of the ways NumPy knows."""
    return choose(source, LAYOUTS)(x)


def _contiguous(x: Array) -> Array:
    return x.copy()


def _fortran(x: Array) -> Array:
    return x.copy(order="F")


def _reversed(x: Array) -> Array:
    return np.flip(np.flip(x).copy())


def _strided(x: Array) -> Array:
    """Every other element of a larger array, whose rest would show if it were read."""
    wide = np.full([2 * n + 1 for n in x.shape], np.nan if x.dtype.kind == "f" else 1).astype(x.dtype)
    every_other: Any = (..., *[slice(1, None, 2)] * x.ndim)
    wide[every_other] = x
    inner: Array = wide[every_other]
    return inner


def _read_only(x: Array) -> Array:
    y = x.copy()
    y.flags.writeable = False
    return y


def _stretched(x: Array) -> Array:
    """Stride 0 along each axis whose elements are all equal; elsewhere as it was."""
    kept = x.copy()
    for axis in range(x.ndim):
        first = kept[(slice(None),) * axis + (slice(0, 1),)]
        if x.shape[axis] and (kept == first).all():
            kept = first
    return np.broadcast_to(kept, x.shape)


LAYOUTS = (_contiguous, _fortran, _reversed, _strided, _read_only, _stretched)
