"""The same numbers, arranged anew: shapes, axes and places to cut at that fit x."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.errors import DTypeError
from tinygrad_rnn.testing.draw.choices import axes, axis, one_axis, signed
from tinygrad_rnn.testing.draw.operands import Arguments, Pick, dims, given, with_sizes
from tinygrad_rnn.testing.draw.source import Source, choose, flag, sample
from tinygrad_rnn.testing.specs.axes import NO_AXIS
from tinygrad_rnn.testing.specs.forms import at, library, real, refuse
from tinygrad_rnn.testing.specs.kinks import between
from tinygrad_rnn.testing.specs.opspec import OpSpec


def _broadcast_to(source: Source, pick: Pick) -> Arguments:
    x = pick()
    sides = [source.integer(1, 3) if n == 1 else n for n in x.shape]
    return given(x, (*(source.integer(1, 3) for _ in range(source.integer(0, 2))), *sides))


def _reshape(source: Source, pick: Pick) -> Arguments:
    x = pick()
    if x.size == 0:
        return given(x, (0, 2))
    sides = _factors(source, x.size)
    if sides and flag(source):
        sides[source.integer(0, len(sides) - 1)] = -1
    return given(x, -1 if flag(source, 4) else tuple(sides))


def _factors(source: Source, size: int) -> list[int]:
    """Up to three sides of an array of `size` elements."""
    first = choose(source, [n for n in range(1, size + 1) if size % n == 0])
    rest = size // first
    second = choose(source, [n for n in range(1, rest + 1) if rest % n == 0])
    return [n for n in (first, second, rest // second) if n > 1 or flag(source, 4)] if size > 1 else [1] * flag(source)


def _transpose(source: Source, pick: Pick) -> Arguments:
    x = pick()
    return given(x, axes=axes(source, x.ndim, x.ndim) if flag(source) else None)


def _swapaxes(source: Source, pick: Pick) -> Arguments:
    x = pick(dims(1, side=0))
    return given(x, one_axis(source, x.ndim), one_axis(source, x.ndim))


def _moveaxis(source: Source, pick: Pick) -> Arguments:
    x = pick(dims(1, side=0))
    if flag(source):
        return given(x, one_axis(source, x.ndim), one_axis(source, x.ndim))
    count = source.integer(1, x.ndim)
    return given(x, axes(source, x.ndim, count), axes(source, x.ndim, count))


def _expand_dims(source: Source, pick: Pick) -> Arguments:
    x = pick()
    if flag(source):
        return given(x, one_axis(source, x.ndim + 1))
    return given(x, axes(source, x.ndim + 2, 2))


def _squeeze(source: Source, pick: Pick) -> Arguments:
    x = pick(with_sizes((1,))) if flag(source) else pick()
    ones = [k for k, n in enumerate(x.shape) if n == 1]
    if not ones or flag(source):
        return given(x)
    found = tuple(signed(source, k, x.ndim) for k in sample(source, ones, source.integer(1, len(ones))))
    return given(x, found[0] if len(found) == 1 and flag(source) else found)


def _flip(source: Source, pick: Pick) -> Arguments:
    x = pick()
    return given(x, axis=axis(source, x.ndim))


def _roll(source: Source, pick: Pick) -> Arguments:
    x = pick()
    if x.ndim and flag(source):
        return given(x, source.integer(-4, 4), axis=one_axis(source, x.ndim))
    if x.ndim > 1 and flag(source):
        return given(x, (source.integer(-3, 3), 1), axis=axes(source, x.ndim, 2))
    return given(x, source.integer(-4, 4))


def _one_array(source: Source, pick: Pick) -> Arguments:
    return given(pick())


def _at_least(name: str) -> OpSpec:
    edges = [*(at(real(*shape)) for shape in ((), (3,), (2, 3), (2, 1, 3), (0,))), at(real(2), real(2, 3), real())]
    return library(name, _one_array, edges, refuse("text", error=DTypeError))


def _astype(source: Source, pick: Pick) -> Arguments:
    return given(pick(), choose(source, (np.float64, "float64", float)))


def _discretized(source: Source, pick: Pick) -> Arguments:
    return given(pick(), dtype=choose(source, (int, bool, np.int32)))


def _pad(source: Source, pick: Pick) -> Arguments:
    mode = choose(source, ("constant", "constant", "edge", "reflect", "symmetric", "wrap"))
    x = pick(dims(1, side=0 if mode == "constant" else 1))
    widths = choose(source, (_one_width, _two_widths, _width_pairs))(source, x.ndim)
    if mode == "constant":
        return given(x, widths, **({"constant_values": choose(source, (1.5, -1))} if flag(source) else {}))
    return given(x, widths, mode=mode)


def _one_width(source: Source, ndim: int) -> int:
    return source.integer(0, 2)


def _two_widths(source: Source, ndim: int) -> tuple[int, int]:
    return source.integer(0, 2), source.integer(0, 2)


def _width_pairs(source: Source, ndim: int) -> tuple[tuple[int, int], ...]:
    return tuple(_two_widths(source, 1) for _ in range(ndim))


def _tile(source: Source, pick: Pick) -> Arguments:
    x = pick()
    reps = tuple(choose(source, (1, 2, 3, 1, 2, 0)) for _ in range(source.integer(0, x.ndim + 1)))
    return given(x, reps[0] if reps and flag(source) else reps)


def _repeat(source: Source, pick: Pick) -> Arguments:
    x = pick()
    along = one_axis(source, x.ndim) if x.ndim and not flag(source, 4) else None
    size = x.size if along is None else x.shape[along]
    if flag(source):
        return given(x, source.integer(1, 3), axis=along)
    return given(x, [source.integer(0, 2) for _ in range(size)], axis=along)


def _constant_pad(source: Source, pick: Pick) -> Arguments:
    x = pick(dims(1, side=0))
    widths = choose(source, (_one_width, _two_widths, _width_pairs))(source, x.ndim)
    return (x,), {"pad_width": widths, "constant_values": choose(source, (0, 1.5, -1))}


def _jump(x: Any, dtype: Any) -> float:
    """How far x is from an integer, where rounding jumps."""
    return between(x, np.round(x))


SPECS = [
    library(
        "broadcast_to",
        _broadcast_to,
        [
            at(real(), (2, 3)),
            at(real(3), (2, 3)),
            at(real(2, 1), (2, 3)),
            at(real(1, 1), (4, 2, 3)),
            at(real(2, 3), (2, 3)),
            at(real(1), 3),
            at(real(1), (0,)),
        ],
        refuse(real(2), (3,)),
    ),
    library(
        "reshape",
        _reshape,
        [
            at(real(2, 3), (3, 2)),
            at(real(6), (2, -1)),
            at(real(2, 3), -1),
            at(real(1), ()),
            at(real(), (1, 1)),
            at(real(0, 2), (0, 5)),
        ],
        refuse(real(2, 3), (4, 2)),
    ),
    library(
        "transpose",
        _transpose,
        [
            at(real(2, 3)),
            at(real(2, 3, 4)),
            at(real(2, 3, 4), (1, 2, 0)),
            at(real(2, 3, 4), (-1, 0, 1)),
            at(real(3)),
            at(real()),
            at(real(0, 2)),
        ],
        refuse(real(2, 3), (0, 0)),
    ),
    library(
        "swapaxes",
        _swapaxes,
        [at(real(2, 3), 0, 1), at(real(2, 3, 4), -1, 0), at(real(2, 3), 1, 1)],
        refuse(real(2, 3), 0, 2),
    ),
    library(
        "moveaxis",
        _moveaxis,
        [at(real(2, 3, 4), 0, -1), at(real(2, 3, 4), (0, 1), (-1, 0)), at(real(2, 3, 4), -1, 0)],
        refuse(real(2, 3), 0, 5),
    ),
    library(
        "expand_dims",
        _expand_dims,
        [at(real(2, 3), 0), at(real(2, 3), -1), at(real(3), (0, 2)), at(real(), 0), at(real(0), 1)],
        refuse(real(3), 5),
    ),
    library(
        "squeeze",
        _squeeze,
        [at(real(1, 3, 1)), at(real(1, 3, 1), 0), at(real(1, 3, 1), (0, -1)), at(real(2)), at(real()), at(real(1, 0))],
        refuse(real(2, 1), 0),
    ),
    library(
        "flip",
        _flip,
        [
            at(real(3)),
            at(real(2, 3)),
            at(real(2, 3), 0),
            at(real(2, 3), -1),
            at(real(2, 3, 2), (0, 2)),
            at(real()),
            at(real(0)),
        ],
        NO_AXIS,
    ),
    library(
        "roll",
        _roll,
        [
            at(real(4), 1),
            at(real(2, 3), -2),
            at(real(2, 3), 1, axis=0),
            at(real(2, 3), 5, axis=-1),
            at(real(2, 3), (1, 2), axis=(0, 1)),
            at(real(2, 3), (1, 2), axis=1),
            at(real(4), np.int64(3)),
            at(real(), 1),
            at(real(0), 1),
        ],
        refuse(real(2, 3), 1, axis=2),
    ),
    _at_least("atleast_1d"),
    _at_least("atleast_2d"),
    _at_least("atleast_3d"),
    library(
        "astype",
        _astype,
        [at(real(3), np.float64), at(real(2, 3), "float64"), at(real(), float)],
        refuse(real(2), "no such type", error=DTypeError),
        lambda x, dtype: np.asarray(x).astype(dtype),
    ),
    library(
        "constant_pad",
        _constant_pad,
        [
            at(real(3), pad_width=1),
            at(real(2, 3), pad_width=((1, 0), (0, 2)), constant_values=1.5),
            at(real(2, 3), pad_width=(1, 2)),
        ],
        refuse(real(2), pad_width=-1),
        lambda x, pad_width, constant_values=0: np.pad(x, pad_width, constant_values=constant_values),
    ),
    library(
        "pad",
        _pad,
        [
            at(real(3), 1),
            at(real(2, 3), ((1, 0), (0, 2))),
            at(real(2, 3), (2, 1), constant_values=3.0),
            at(real(0), 2),
            at(real(2, 3), np.array([[1, 1], [0, 2]])),
            *(
                at(x, widths, mode=mode)
                for mode in ("edge", "reflect", "symmetric", "wrap")
                for x, widths in [(real(3), (2, 1)), (real(2, 3), ((1, 0), (4, 3)))]
            ),
        ],
        refuse(real(2), 1, mode="no such mode"),
    ),
    library(
        "tile",
        _tile,
        [
            at(real(3), 2),
            at(real(2, 3), (2, 1)),
            at(real(2), (3, 2)),
            at(real(2, 1, 2), 2),
            at(real(), (2, 2)),
            at(real(2), 0),
            at(real(2), ()),
        ],
        refuse(real(2), -1),
    ),
    library(
        "repeat",
        _repeat,
        [
            at(real(3), 2),
            at(real(2, 3), 2),
            at(real(2, 3), 2, axis=0),
            at(real(2, 3), [1, 0, 2], axis=-1),
            at(real(3), 0),
            at(real(), 2),
            at(real(), 3, axis=0),
        ],
        refuse(real(3), [1, 2]),
    ),
    library(
        "discretized",
        _discretized,
        [at(real(3), dtype=int), at(real(2), dtype=bool)],
        refuse(np.array([1j]), dtype="text", error=DTypeError),
        lambda x, dtype: np.asarray(x).astype(dtype),
        kinks=_jump,
    ),
]
