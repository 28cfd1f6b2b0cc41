"""Sums of products: operands whose shared axes agree, from scalars and vectors to batches."""

from __future__ import annotations

from tinygrad_rnn.testing.draw.choices import axes, number, signed
from tinygrad_rnn.testing.draw.operands import (
    Arguments,
    Pick,
    Rule,
    Shapes,
    dims,
    exactly,
    given,
    right_factors,
    with_sizes,
)
from tinygrad_rnn.testing.draw.source import Source, flag


def _matmul(source: Source, pick: Pick) -> Arguments:
    a = pick(dims(1, side=0))
    return given(a, pick(right_factors(a.shape)))


def _dot(source: Source, pick: Pick) -> Arguments:
    if flag(source, 6):
        pair = [pick(dims(0, 0)) if flag(source) else number(source, "real"), pick()]
        return given(*(pair[::-1] if flag(source) else pair))
    a = pick(dims(1))
    k = a.shape[-1]
    return given(a, pick(exactly((k,)) if flag(source, 4) else _with_last_but_one(k)))


def _ending(last: tuple[int, ...]) -> Shapes:
    """Those whose last axes are these."""

    def draw(source: Source) -> tuple[int, ...]:
        return (*(source.integer(1, 3) for _ in range(source.integer(0, 2))), *last)

    return Shapes(lambda shape: shape[len(shape) - len(last) :] == last, draw)


def _with_last_but_one(size: int) -> Shapes:
    """Those that np.dot sums over against a last axis of `size`."""

    def fits(shape: tuple[int, ...]) -> bool:
        return shape == (size,) or (len(shape) > 1 and shape[-2] == size)

    return Shapes(fits, lambda source: (*_ending((size,)).draw(source)[-2:], source.integer(1, 3)))


def _inner(source: Source, pick: Pick) -> Arguments:
    if flag(source, 6):
        return given(*((pick(), pick(dims(0, 0))) if flag(source) else (number(source, "real"), pick())))
    a = pick(dims(1))
    return given(a, pick(_ending(a.shape[-1:])))


def _tensordot(source: Source, pick: Pick) -> Arguments:
    a = pick()
    count = source.integer(0, min(2, a.ndim))
    if flag(source):
        return given(a, pick(_starting(a.shape[a.ndim - count :])), axes=count)
    left = axes(source, a.ndim, count)
    b = pick(with_sizes(tuple(a.shape[k] for k in left)))
    right: list[int] = []
    for k in left:
        right.append(next(j for j, n in enumerate(b.shape) if n == a.shape[k] and j not in right))
    right = [signed(source, j, b.ndim) for j in right]
    return given(a, b, axes=(left[0], right[0]) if count == 1 and flag(source) else (left, tuple(right)))


def _starting(first: tuple[int, ...]) -> Shapes:
    """Those whose first axes are these."""

    def draw(source: Source) -> tuple[int, ...]:
        return (*first, *(source.integer(1, 3) for _ in range(source.integer(0, 2))))

    return Shapes(lambda shape: shape[: len(first)] == first, draw)


def _outer(source: Source, pick: Pick) -> Arguments:
    return given(pick(), pick())


RULES: dict[str, Rule] = {
    "matmul": _matmul,
    "dot": _dot,
    "inner": _inner,
    "tensordot": _tensordot,
    "outer": _outer,
}
