"""Sums of products: operands whose shared axes agree, from scalars and vectors to batches."""

from __future__ import annotations

from string import ascii_lowercase
from typing import Any

import numpy as np

from tinygrad_rnn.engine.tensor import Array
from tinygrad_rnn.errors import DTypeError
from tinygrad_rnn.testing.draw.choices import axes, number, signed
from tinygrad_rnn.testing.draw.operands import Arguments, Pick, Shapes, dims, exactly, given, right_factors, with_sizes
from tinygrad_rnn.testing.draw.source import Source, choose, flag
from tinygrad_rnn.testing.specs.forms import at, library, real, refuse
from tinygrad_rnn.testing.specs.indexing import diagonals


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


SUBSCRIPTS = (
    "ij,jk->ik",
    "ij,kj",
    "i,i",
    "ij->ji",
    "ij->",
    "ii->i",
    "ii",
    "iij,j->i",
    "iji->j",
    "ij,k->i",
    "i,j,k->kij",
    "ij,jk,kl->il",
    "ij,ij->ij",
    "i,->i",
    "tbi, hi -> tbh",
    "...i,ij->...j",
    "...i,...i->...",
    "b...,b...->b...",
    "...ii->...i",
    "...ij->...ji",
)


def _einsum(source: Source, pick: Pick) -> Arguments:
    subscripts = choose(source, SUBSCRIPTS)
    extra = "XY"[: source.integer(0, 1)]  # the axes that "..." stands for
    sizes: dict[str, int] = {}
    operands: list[Array] = []
    for term in subscripts.partition("->")[0].replace(" ", "").replace("...", extra).split(","):
        operands.append(pick(_named(term, sizes)))
        sizes.update({letter: n for letter, n in zip(term, operands[-1].shape, strict=True) if n != 1 or letter != "X"})
    return given(*_in_lists(subscripts, operands)) if flag(source, 4) else given(subscripts, *operands)


def _in_lists(subscripts: str, operands: list[Array]) -> list[Any]:
    """The same call with the axes as a list behind each operand: a is 0, b is 1, …"""
    left, arrow, right = subscripts.replace(" ", "").replace("...", ".").partition("->")
    numbers = {".": ..., **{letter: k for k, letter in enumerate(ascii_lowercase)}}
    terms = [[numbers[letter] for letter in term] for term in (*left.split(","), right)]
    pairs = (part for pair in zip(operands, terms, strict=False) for part in pair)
    return [*pairs, terms[-1]] if arrow else [*pairs]


def _named(term: str, sizes: dict[str, int]) -> Shapes:
    """Those whose axes can have these letters: the same letter, the same size. X may be 1 anywhere: it broadcasts."""

    def fits(shape: tuple[int, ...]) -> bool:
        seen = dict(sizes)
        return len(shape) == len(term) and all(
            seen.setdefault(letter, n) == n or (letter == "X" and n == 1) for letter, n in zip(term, shape, strict=True)
        )

    def draw(source: Source) -> tuple[int, ...]:
        seen = dict(sizes)
        return tuple(
            1 if letter == "X" and flag(source, 4) else seen.setdefault(letter, source.integer(1, 3)) for letter in term
        )

    return Shapes(fits, draw)


PRODUCTS = [
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (3, 2)),
    ((2, 3), (3, 4)),
    ((0, 3), (3, 2)),
    ((2, 0), (0, 3)),
    ((1, 1), (1, 1)),
]
SPECS = [
    library(
        "matmul",
        _matmul,
        [
            *(at(real(*a), real(*b)) for a, b in PRODUCTS),
            at(real(2, 2, 3), real(3, 4)),
            at(real(2, 3), real(2, 3, 4)),
            at(real(2, 1, 2, 3), real(3, 3, 2)),
            at(real(2, 2, 3), real(3)),
            at(real(3), real(2, 3, 2)),
            at(real(2, 3, 0), real(0, 2)),
            at(real(0, 2, 3), real(3, 2)),
        ],
        refuse(real(2, 3), real(2, 3)),
    ),
    library(
        "dot",
        _dot,
        [
            *(at(real(*a), real(*b)) for a, b in PRODUCTS),
            at(real(), real(2, 3)),
            at(real(2, 3), real()),
            at(real(2, 2, 3), real(3, 2)),
            at(real(2, 3), real(2, 3, 2)),
            at(real(2, 2, 3), real(3)),
            at(real(3), real(2, 3, 2)),
            at(real(3), 2.0),
            at(1.5, real(2, 3)),
        ],
        refuse(real(2, 3), real(2, 3)),
    ),
    library(
        "inner",
        _inner,
        [
            at(real(3), real(3)),
            at(real(2, 3), real(4, 3)),
            at(real(2, 2, 3), real(4, 3)),
            at(real(2, 3), real(3)),
            at(real(3), real(2, 3)),
            at(real(2, 3), real(2, 2, 3)),
            at(real(), real(2, 3)),
            at(real(2, 3), real()),
            at(real(3), 2.0),
            at(real(0, 3), real(2, 3)),
        ],
        refuse(real(2, 3), real(3, 2)),
    ),
    library(
        "tensordot",
        _tensordot,
        [
            at(real(2, 3), real(2, 3)),
            at(real(2, 3), real(3, 4), 1),
            at(real(2), real(3), 0),
            at(real(2, 3, 4), real(4, 3, 2), axes=((1, 2), (1, 0))),
            at(real(2, 3, 4), real(3, 5, 4), axes=((-1, 1), (2, 0))),
            at(real(2, 3), real(4, 2), axes=(0, 1)),
            at(real(3), 2.0, 0),
        ],
        refuse(real(2, 3), real(2, 3), 1),
    ),
    library(
        "einsum",
        _einsum,
        [
            at("ij,jk->ik", real(2, 3), real(3, 2)),
            at("ij,kj", real(2, 3), real(2, 3)),
            at("ii->i", real(3, 3)),
            at("ii", real(3, 3)),
            at("ij->ji", real(2, 3)),
            at("ij->", real(2, 3)),
            at("i->", real(3)),
            at("i,j,k->kij", real(2), real(2), real(3)),
            at("...i,ij->...j", real(2, 2, 3), real(3, 2)),
            at("...i,...i->...", real(2, 3), real(1, 3)),
            at("b...,b...->b...", real(2, 3), real(2, 3)),
            at("iij,j->i", real(2, 2, 3), real(3)),
            at("i,->i", real(3), real()),
            at("ij,jk,kl->il", real(2, 2), real(2, 3), real(3, 2)),
            at("iji->j", real(2, 3, 2)),
            at("iii->", real(2, 2, 2)),
            at("ij,ij->ij", real(2, 3), real(2, 3)),
            at("bA,bA->A", real(2, 3), real(2, 3)),
            at("tbi, hi -> tbh", real(2, 2, 3), real(2, 3)),
            at("i,i", real(0), real(0)),
            at("...ii->...i", real(2, 3, 3)),
            at("ij,k->i", real(2, 3), real(2)),
            at(real(2, 3), [0, 1], real(3, 2), [1, 2], [0, 2]),
            at(real(2, 3), [5, 30]),
            at(real(2, 2, 3), [..., 0], real(3, 2), [0, 1], [..., 1]),
            at(real(3, 3), [0, 0], []),
        ],
        refuse("ij,jk->ik", real(2, 3), real(2, 3)),
    ),
    library(
        "outer",
        _outer,
        [
            at(real(2), real(3)),
            at(real(2, 2), real(3)),
            at(real(), real(2)),
            at(real(0), real(2)),
            at(real(2), np.array([1, 2])),
        ],
        refuse(real(2), "text", error=DTypeError),
    ),
    library(
        "trace",
        diagonals,
        [at(real(3, 3)), at(real(2, 4), offset=1), at(real(2, 3, 3), 0, 1, 2), at(real(2, 3, 2), axis1=-1, axis2=0)],
        refuse(real(3)),
    ),
]
