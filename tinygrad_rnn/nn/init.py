"""First values of parameters: each takes a shape and returns an array."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from tinygrad_rnn.engine.tensor import Array
from tinygrad_rnn.errors import ShapeError, check_number, is_number, strict
from tinygrad_rnn.nn.options import Rng, float_dtype, generator

__all__ = ["Rng", "identity", "normal", "orthogonal", "uniform", "xavier_uniform", "zeros"]

Shape = tuple[int, ...]


@strict
def zeros(shape: Shape, *, dtype: Any = np.float32) -> Array:
    """All 0."""
    return np.zeros(_shape("zeros", shape), float_dtype("init.zeros", dtype))


@strict
def uniform(shape: Shape, bound: float, *, rng: Rng = None, dtype: Any = np.float32) -> Array:
    """U(−bound, bound)."""
    check_number("init.uniform", "bound", bound, least=0)
    dtype = float_dtype("init.uniform", dtype)
    return generator("init.uniform", rng).uniform(-bound, bound, _shape("uniform", shape)).astype(dtype)


@strict
def normal(shape: Shape, std: float = 1.0, *, rng: Rng = None, dtype: Any = np.float32) -> Array:
    """N(0, std²)."""
    check_number("init.normal", "std", std, least=0)
    dtype = float_dtype("init.normal", dtype)
    return (std * generator("init.normal", rng).standard_normal(_shape("normal", shape))).astype(dtype)


@strict
def xavier_uniform(shape: Shape, *, rng: Rng = None, dtype: Any = np.float32) -> Array:
    """U(±√(6/(fan in + fan out))) for a (fan out, fan in) matrix: keeps variances near 1 both ways.

    Source: Glorot & Bengio 2010.
    """
    rows, columns = _matrix("xavier_uniform", shape)
    return uniform(shape, float(np.sqrt(6 / max(rows + columns, 1))), rng=rng, dtype=dtype)


@strict
def orthogonal(shape: Shape, gain: float = 1.0, *, rng: Rng = None, dtype: Any = np.float32) -> Array:
    """A random matrix whose shorter side is orthonormal, times `gain`: as a W_hh it neither shrinks nor grows h.

    Source: Saxe et al. 2014, arXiv:1312.6120.

    >>> q = orthogonal((2, 3), rng=0, dtype=np.float64)
    >>> np.allclose(q @ q.T, np.eye(2))
    True
    """
    rows, columns = _matrix("orthogonal", shape)
    check_number("init.orthogonal", "gain", gain)
    dtype = float_dtype("init.orthogonal", dtype)
    tall = generator("init.orthogonal", rng).standard_normal((max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(tall)
    q = q * np.sign(np.diagonal(r))  # makes the draw uniform over orthogonal matrices
    return (gain * (q if rows >= columns else q.T)).astype(dtype)


@strict
def identity(shape: Shape, gain: float = 1.0, *, dtype: Any = np.float32) -> Array:
    """The identity times `gain`: a relu RNN that starts by remembering. Source: Le et al. 2015, arXiv:1504.00941."""
    rows, columns = _matrix("identity", shape)
    check_number("init.identity", "gain", gain)
    return np.asarray(gain * np.eye(rows, columns), float_dtype("init.identity", dtype))


def _shape(name: str, shape: Any) -> Shape:
    sizes = (shape,) if is_number(shape, whole=True) else shape
    if not (isinstance(sizes, tuple | list) and all(is_number(n, whole=True) and 0 <= n <= sys.maxsize for n in sizes)):
        raise ShapeError(f"init.{name}: shape={shape!r:.60} is not a shape", expected="integers of at least 0")
    return tuple(sizes)


def _matrix(name: str, shape: Shape) -> tuple[int, int]:
    shape = _shape(name, shape)
    if len(shape) != 2:
        raise ShapeError(f"init.{name}: only for matrices", expected="shape (rows, columns)", got=f"shape {shape}")
    return shape[0], shape[1]
