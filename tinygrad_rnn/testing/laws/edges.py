"""Laws of the edges, where mistakes hide: at zeros, at ties, far from 0 and near it, on axes of one element.

x  →  points that are at such an edge  →  each judged by the slopes to both sides of it (sides.py)

Inputs are moved there, the parameters of a module are left as they are. What the domain is nobody says: numbers of one
sign keep it, as those of a logarithm do, and a square matrix that can be inverted still can be.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from tinygrad_rnn.engine.tensor import Array
from tinygrad_rnn.testing.laws.linear_map import LinearMap
from tinygrad_rnn.testing.laws.sides import judged
from tinygrad_rnn.testing.oracles.case import Case
from tinygrad_rnn.testing.report.findings import Mismatch
from tinygrad_rnn.testing.report.text import source

SCALES = (30.0, 1e3, 1e-3, 1e-6)

Points = Iterator[tuple[str, Case]]  # each in words, and the case there


def zeros(p: LinearMap) -> Mismatch | None:
    """at zeros, the gradient is the slope, or lies between the slopes to both sides"""
    return _first(p, _zeros(p))


def round_numbers(p: LinearMap) -> Mismatch | None:
    """at round and equal numbers, the gradient is the slope, or lies between the slopes to both sides"""
    return _first(p, _round(p))


def wide_ranges(p: LinearMap) -> Mismatch | None:
    """far from 0 and near it, the gradient is the slope"""
    return _first(p, _scaled(p))


def one_element(p: LinearMap) -> Mismatch | None:
    """where an axis has one element, the gradient is the slope"""
    return _first(p, _short(p))


def _first(p: LinearMap, points: Points) -> Mismatch | None:
    for words, case in points:
        if any(_singular(case.xs[k]) and not _singular(p.xs[k]) for k in p.inputs):
            continue
        found = judged(case, p.seed, p.modes)
        if found is not None:
            there = ", ".join(f"{case.names[k]} = {source(case.xs[k])}" for k in p.inputs)
            return replace(found, hint="; ".join(filter(None, (found.hint, f"{words}: {there}"))))
    return None


def _zeros(p: LinearMap) -> Points:
    both = [k for k in p.inputs if not _one_sign(p.xs[k])]
    if not both:
        return
    yield "where all inputs are 0", p.moved(np.zeros_like, both)
    for k in both if len(p.inputs) > 1 else ():
        yield f"where {p.case.names[k]} is 0", p.moved(np.zeros_like, [k])
    yield "where one number is 0", p.moved(lambda x: _one(p, x, 0.0), both)


def _round(p: LinearMap) -> Points:
    yield "at round numbers", p.moved(_rounded)
    yield "where all inputs are 1", p.moved(lambda x: np.full_like(x, -1.0 if x.size and x.max() < 0 else 1.0))
    first = {p.xs[k].shape: p.xs[k] for k in reversed(p.inputs)}
    if len(first) < len(p.inputs):
        yield "where inputs are equal", p.moved(lambda x: first[x.shape].copy())


def _scaled(p: LinearMap) -> Points:
    for scale in SCALES:
        yield f"at {scale:g}·x", p.moved(lambda x, scale=scale: x * scale)  # type: ignore[misc]
    yield "where one number is 1000 times as large", p.moved(lambda x: _one(p, x, 1e3))


def _short(p: LinearMap) -> Points:
    for n in sorted({n for k in p.inputs for n in p.xs[k].shape if n > 1}):

        def first(x: Array, n: int = n) -> Array:
            return x[tuple(slice(0, 1 if size == n else None) for size in x.shape)].copy()

        yield f"where axes of {n} have one element", p.moved(first, others=True)


def _one_sign(x: Array) -> bool:
    return bool((x > 0).all() or (x < 0).all())


def _rounded(x: Array) -> Array:
    """Away from 0 where the numbers have one sign."""
    return np.asarray(np.sign(x) * np.maximum(np.round(np.abs(x)), 1) if _one_sign(x) else np.round(x))


def _singular(x: Array) -> bool:
    square = x.ndim > 1 and x.shape[-1] == x.shape[-2]
    return bool(square and (np.linalg.matrix_rank(x) < x.shape[-1]).any())


def _one(p: LinearMap, x: Array, factor: float) -> Array:
    """x with one of its numbers multiplied."""
    k = np.arange(x.size).reshape(x.shape)
    return np.where(k == p.seed % max(x.size, 1), factor * x, x)
