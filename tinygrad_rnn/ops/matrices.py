"""Parts of matrices: their triangles and their diagonals."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.engine.apply import array_of
from tinygrad_rnn.engine.declare import composite
from tinygrad_rnn.engine.tensor import Array
from tinygrad_rnn.errors import ShapeError, check_number
from tinygrad_rnn.ops.choices import where
from tinygrad_rnn.ops.indexing import diagonal, index_add

__all__ = ["diag", "tril", "triu"]


@composite
def tril(m: Array, k: int = 0) -> Array:
    """The matrices m (…, M, N) with 0 above diagonal k; a vector is taken for every row of a square."""
    return _chosen("tril", m, k, True)


@composite
def triu(m: Array, k: int = 0) -> Array:
    """The matrices m (…, M, N) with 0 below diagonal k; a vector is taken for every row of a square."""
    return _chosen("triu", m, k, False)


def _chosen(op: str, m: Any, k: Any, lower: bool) -> Any:
    m = array_of(m, op)
    _check(op, k, m.ndim >= 1, m)
    below = np.tri(m.shape[-2] if m.ndim > 1 else m.size, m.shape[-1], k if lower else k - 1, bool)
    return where(below == lower, m, np.zeros((), m.dtype))


@composite
def diag(v: Array, k: int = 0) -> Array:
    """Of a vector the square matrix with it on diagonal k, of a matrix its diagonal k.

    >>> import tinygrad_rnn as tg
    >>> tg.diag([1.0, 2.0])
    array([[1., 0.],
           [0., 2.]])
    """
    v = array_of(v, "diag")
    _check("diag", k, v.ndim in (1, 2), v)
    if v.ndim == 2:
        return diagonal(v, offset=k)
    n, places = len(v) + abs(k), np.arange(len(v))
    return index_add(np.zeros((n, n), v.dtype), (places + max(-k, 0), places + max(k, 0)), v)


def _check(op: str, k: Any, fits: bool, x: Any) -> None:
    check_number(op, "k", k, whole=True)
    if not fits:
        raise ShapeError(f"{op}: there is no matrix in an array {x.shape}", expected="a vector, or a matrix")
