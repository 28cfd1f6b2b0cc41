"""Calls to check an op on: smooth points, away from ties and kinks.

Ops of one or two arrays and nothing else need no entry; the others say their arguments here. Arrays of floats are
what is differentiated, integers are indices.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from tinygrad_rnn.primitive import Op
from tinygrad_rnn.tensor import Array

Call = tuple[tuple[Any, ...], dict[str, Any]]
Draw = Callable[..., Array]

POSITIVE = {"sqrt", "log", "log1p", "power", "divide"}
TWICE = np.array([0, 2, 0])  # an index that comes twice


def spread(rng: np.random.Generator, *shape: int, low: float = -2.0) -> Array:
    """Numbers from `low` to 2 in random order, none near another or near 0."""
    size = int(np.prod(shape, dtype=int))
    cells = low + (2 - low) * (rng.permutation(size) + rng.uniform(0.3, 0.7, size)) / max(size, 1)
    return np.where(np.abs(cells) < 0.03, 0.05, cells).reshape(shape)


def call(*args: Any, **static: Any) -> Call:
    return args, static


def calls(op: Op, rng: np.random.Generator) -> list[Call]:
    """What to check an op on; empty for an op that has no entry and is not of one or two arrays alone."""
    draw = partial(spread, rng, low=0.3 if op.name in POSITIVE else -2.0)
    if op.name in TABLE:
        return TABLE[op.name](draw)
    if op.variadic or op.static:
        return []
    if len(op.params) == 1:
        return [call(draw(*shape)) for shape in [(), (3,), (2, 3)]]
    pairs: list[tuple[tuple[int, ...], tuple[int, ...]]] = [
        ((), ()),
        ((2, 3), (2, 3)),
        ((2, 3), (3,)),
        ((2, 1), (1, 4)),
    ]
    return [call(draw(*a), draw(*b)) for a, b in pairs]


def _reductions(draw: Draw, **static: Any) -> list[Call]:
    axes: list[Any] = [None, 0, -1, (0, 2)]
    return [call(draw(2, 3, 4), axis=axis, keepdims=keep, **static) for axis in axes for keep in (False, True)]


TABLE: dict[str, Callable[[Draw], list[Call]]] = {
    "clip": lambda d: [call(d(3, 4), -1.1, 1.03), call(d(3, 4), None, d(4)), call(d(3, 4), d(3, 1) - 2, 1.5)],
    "where": lambda d: [call(d(3, 4) > 0, d(3, 4), d(4))],
    "sum": _reductions,
    "mean": _reductions,
    "max": _reductions,
    "min": _reductions,
    "prod": _reductions,
    "var": lambda d: _reductions(d, ddof=1),
    "std": lambda d: _reductions(d, ddof=1),
    "euclidean_norm": _reductions,
    "logsumexp": _reductions,
    "softmax": lambda d: [call(d(2, 3), axis=-1), call(d(2, 3), axis=None), call(d(2, 3), axis=0)],
    "log_softmax": lambda d: [call(d(2, 3), axis=-1), call(d(2, 3), axis=None), call(d(2, 3), axis=0)],
    "cumsum": lambda d: [call(d(2, 3), axis=axis) for axis in (None, 0, -1)],
    "cumprod": lambda d: [call(d(2, 3), axis=axis) for axis in (None, 0, -1)],
    "broadcast_to": lambda d: [call(d(3, 1), shape=(2, 3, 4))],
    "reshape": lambda d: [call(d(2, 6), shape=(3, -1))],
    "transpose": lambda d: [call(d(2, 3, 4)), call(d(2, 3, 4), axes=(1, -1, 0))],
    "swapaxes": lambda d: [call(d(2, 3, 4), axis1=0, axis2=-1)],
    "moveaxis": lambda d: [call(d(2, 3, 4), source=(0, 1), destination=(-1, 0))],
    "expand_dims": lambda d: [call(d(2, 3), axis=(0, -1))],
    "squeeze": lambda d: [call(d(2, 1, 3)), call(d(2, 1, 3, 1), axis=-1)],
    "flip": lambda d: [call(d(2, 3)), call(d(2, 3), axis=-1)],
    "astype": lambda d: [call(d(2, 3), dtype=np.float64)],
    "concatenate": lambda d: [call(d(2, 3), d(2, 1), axis=-1), call(d(2, 3), d(4), axis=None)],
    "stack": lambda d: [call(d(2, 3), d(2, 3), axis=-1)],
    "constant_pad": lambda d: [call(d(2, 3), pad_width=((1, 0), (0, 2)), constant_values=3.0)],
    "getitem": lambda d: [
        call(d(3, 4), index=(slice(None), -1)),
        call(d(3, 4), index=TWICE),
        call(d(3, 4), index=(np.array([[0, 2], [2, 0]]), None, slice(1, 3))),
    ],
    "index_add": lambda d: [call(d(3, 4), d(3, 4), index=TWICE), call(d(3, 4), d(4), index=(slice(0, 2),))],
    "take": lambda d: [call(d(3, 4), TWICE, axis=0), call(d(3, 4), TWICE, axis=-1), call(d(3, 4), TWICE)],
    "take_along_axis": lambda d: [call(d(3, 4), TWICE[:, None], axis=-1)],
    "diagonal": lambda d: [call(d(3, 4)), call(d(2, 3, 3), offset=-1, axis1=1, axis2=2)],
    "sort": lambda d: [call(d(3, 4), axis=axis) for axis in (-1, 0, None)],
    "matmul": lambda d: [
        call(d(*a), d(*b))
        for a, b in [((2, 3), (3, 4)), ((3,), (3,)), ((3,), (2, 3, 4)), ((2, 2, 3), (3,)), ((2, 1, 2, 3), (4, 3, 2))]
    ],
    "dot": lambda d: [call(d(*a), d(*b)) for a, b in [((2, 3), (3, 4)), ((3,), (3,)), ((2, 3), (2, 3, 2)), ((), (3,))]],
    "inner": lambda d: [
        call(d(*a), d(*b)) for a, b in [((2, 3), (4, 3)), ((3,), (3,)), ((2, 2, 3), (4, 3)), ((3,), (4, 3))]
    ],
    "tensordot": lambda d: [
        call(d(2, 3, 4), d(4, 3, 2), axes=([1, 2], [1, 0])),
        call(d(2, 3), d(3, 2), axes=1),
        call(d(2), d(3), axes=0),
    ],
    "einsum": lambda d: [
        call(d(2, 3), d(3, 4), subscripts="ij,jk->ik"),
        call(d(3, 3), subscripts="ii->i"),
        call(d(2, 3), d(3), subscripts="...i,i"),
        call(d(2, 3), d(4), subscripts="ij,k->k"),
    ],
}  # fmt: skip
