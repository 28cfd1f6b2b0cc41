"""Laws of the derivative as a linear map: J is one, Jᵀ its transpose, it is the same when run again, and of x twice."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from itertools import combinations

import numpy as np

from tinygrad_rnn.autodiff.forward import jvp
from tinygrad_rnn.engine.context import no_grad
from tinygrad_rnn.errors import GraphError
from tinygrad_rnn.testing.laws.linear_map import LinearMap, difference, quiet, run
from tinygrad_rnn.testing.oracles.case import Case, joined, parted
from tinygrad_rnn.testing.report.findings import Mismatch

AGAIN = 2  # random numbers may come out equal once
PAIRS = 3  # of arguments that have the same shape


def linear(p: LinearMap) -> Mismatch | None:
    """Jᵀ(αu + βw) = α·Jᵀu + β·Jᵀw"""
    w = p.another(1)
    a, b = 0.7, -1.3
    left = p.gradients([a * u + b * v for u, v in zip(p.us, w, strict=True)])
    right = [a * g + b * h for g, h in zip(p.gs, p.gradients(w), strict=True)]
    return difference(p.gradient_names, left, right, p.sizes, p.limit)


def zero(p: LinearMap) -> Mismatch | None:
    """Jᵀ0 = 0"""
    got = p.gradients([np.zeros_like(u) for u in p.us])
    return difference(p.gradient_names, got, [np.zeros_like(g) for g in got])


def adjoint(p: LinearMap) -> Mismatch | None:
    """⟨Jᵀu, dx⟩ = ⟨u, J·dx⟩"""
    dx = np.random.default_rng(p.seed).standard_normal(sum(x.size for x in p.xs))
    with no_grad():
        dy = joined([part._array for part in jvp(p.case, p.xs, parted(dx, p.xs))[1]])
    u, y, g = joined(p.us), joined(p.ys), joined(p.gs)
    size = float(np.abs(u) @ np.abs(dy) + np.abs(g) @ np.abs(dx) + np.abs(u) @ np.abs(y))
    return difference(["⟨Jᵀu, dx⟩"], [np.asarray(g @ dx)], [np.asarray(u @ dy)], [size], p.limit)


def deterministic(p: LinearMap) -> Mismatch | None:
    """the same bits, run again"""
    return next(filter(None, (_again(p) for _ in range(AGAIN))), None)


def stateless(p: LinearMap) -> Mismatch | None:
    """a run on other inputs changes nothing"""
    before = run(p.case)[0]
    if difference(p.output_names, run(p.case)[0], before) is not None:
        raise GraphError(
            f"{p.case.name}: run again, it gives other values",
            expected="the same value for the same input",
            help="call eval() on what holds a Dropout; keep no state from call to call",
        )
    for other in (_elsewhere(p), p.moved(lambda x: -2 * x - 0.5)):
        with suppress(Exception), quiet():  # the other inputs may lie outside of its domain
            run(other)
    found = difference(p.output_names, run(p.case)[0], before)
    return found and replace(found, hint="something is kept from one call for the next")


def _again(p: LinearMap) -> Mismatch | None:
    ys, pull = run(p.case)
    return difference(p.output_names, ys, p.ys) or difference(p.gradient_names, pull(p.us), p.gs)


def _elsewhere(p: LinearMap) -> Case:
    return p.moved(lambda x: 0.5 * x + 0.25)


def side_by_side(p: LinearMap) -> Mismatch | None:
    """f(x) and f(x′) in one graph have the gradients that each has alone"""
    other = LinearMap(_elsewhere(p), p.seed)
    try:
        with quiet():
            expected = [*p.gs, *other.gs]
    except Exception:  # x′ lies outside of its domain
        return None
    n = len(p.xs)
    both = Case.of(lambda *xs: [*p.case(*xs[:n]), *p.case(*xs[n:])], [*p.xs, *other.xs])
    with quiet():
        ys, pull = run(both)
        gs = pull([*p.us, *other.us])
    names, sizes = p.gradient_names, [*p.sizes, *other.sizes]
    names = [*names, *(f"{name}, of the second call," for name in names)]
    found = difference([*p.output_names] * 2, ys, [*p.ys, *other.ys]) or difference(names, gs, expected, sizes, p.limit)
    return found and replace(found, hint="an array or a value is kept from one call, and the next writes over it")


def aliasing(p: LinearMap) -> Mismatch | None:
    """f(x, x) = f(x, copy of x), and its gradient is the sum of the two"""
    pairs = [(i, j) for i, j in combinations(p.inputs, 2) if p.xs[i].shape == p.xs[j].shape]
    return next(filter(None, (_shared(p, i, j) for i, j in pairs[:PAIRS])), None)


def _shared(p: LinearMap, i: int, j: int) -> Mismatch | None:
    """The same Tensor as the arguments i and j, i < j."""
    apart = LinearMap(p.moved(lambda x: p.xs[i].copy(), [j]), p.seed)
    try:
        with quiet():
            finite = all(np.isfinite(y).all() for y in apart.ys)
    except Exception:  # outside of its domain
        return None
    if not finite:
        return None
    others = [x for k, x in enumerate(apart.xs) if k != j]
    ys, pull = run(Case.of(lambda *xs: p.case(*xs[:j], xs[i], *xs[j:]), others))
    gs, (a, b) = pull(apart.us), (p.case.names[i], p.case.names[j])
    return difference(p.output_names, ys, apart.ys, [np.abs(y).sum() for y in apart.ys], p.limit) or difference(
        [f"the gradient of {a}, which is {b} too,"], [gs[i]], [apart.gs[i] + apart.gs[j]],
        [apart.sizes[i] + apart.sizes[j]], p.limit,
    )  # fmt: skip
