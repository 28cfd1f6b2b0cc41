"""Laws of the derivative as a linear map: J is one, Jᵀ is its transpose, and both are the same when run again."""

from __future__ import annotations

import numpy as np

from tinygrad_rnn.autodiff.forward import jvp
from tinygrad_rnn.engine.context import no_grad
from tinygrad_rnn.testing.laws.linear_map import LinearMap, difference, run
from tinygrad_rnn.testing.oracles.case import joined, parted
from tinygrad_rnn.testing.report.findings import Mismatch


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
    ys, pull = run(p.case)
    return difference(p.output_names, ys, p.ys) or difference(p.gradient_names, pull(p.us), p.gs)
