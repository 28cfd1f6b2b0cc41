"""The law for points where the derivative does not exist: the subgradient of least norm.

|x| at 0:   slopes to both sides  −1 … 1      of what lies between, 0 is the shortest
convex f:   f′(x; d) = max over subgradients s of s·d,  so g is the shortest  ⇔  f′(x; −g) = −‖g‖²
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tinygrad_rnn.engine.tensor import Array
from tinygrad_rnn.testing.laws.linear_map import LinearMap, run
from tinygrad_rnn.testing.oracles.case import joined, parted
from tinygrad_rnn.testing.report.findings import Mismatch

H = 1e-7  # one-sided: curvature enters as H·f″, rounding as eps/H
CLOSE = 1e-6  # of the slopes: ten times both of those
GAUSSIAN = 8  # so many directions beside the axes
OUTPUTS = 64  # so many elements of the output


def ties(p: LinearMap) -> Mismatch | None:
    """at a kink, the gradient lies between the slopes to both sides, and is the shortest such"""
    x, y = joined(p.xs), joined(p.ys)
    _, pull = run(p.case)
    axes = np.eye(x.size)[:OUTPUTS]
    random = np.random.default_rng(p.seed).standard_normal((GAUSSIAN, x.size))
    ds = np.concatenate([axes, random / np.linalg.norm(random, axis=1, keepdims=True)])
    ahead, behind = (np.stack([_slopes(p, x, y, sign * d) for d in ds]) for sign in (1, -1))
    for k in range(min(y.size, OUTPUTS)):
        near = CLOSE * float(max(np.abs(ahead[:, k]).max(), np.abs(behind[:, k]).max()) + 1e-2 * abs(y[k]))
        bend = _bend(ahead[:, k] + behind[:, k], near)
        if bend is None:
            continue
        g = joined(pull(parted(np.eye(1, y.size, k)[0], p.ys)))
        # bent both ways, a function may rise or fall along both of two axes and do neither between them
        tried = slice(len(axes) if bend == 0 else None)
        found = _outside((ds @ g)[tried], ahead[tried, k], -behind[tried, k], near)
        found = found or _longer(g, lambda d, k=k: float(_slopes(p, x, y, d)[k]), bend, near)  # type: ignore[misc]
        if found is not None:
            return Mismatch("ties", f"element {k} of the output", *found)
    return None


def _slopes(p: LinearMap, x: Array, y: Array, d: Array) -> Array:
    """(f(x + H·d) − f(x))/H of every output."""
    with np.errstate(all="ignore"):
        return np.asarray((p.case.vector(parted(x + H * d, p.xs)) - y) / H)


def _bend(bends: Array, near: float) -> int | None:
    """1 where the output is convex, −1 concave, 0 some of both; None where it is smooth, or not finite nearby."""
    if not np.isfinite(bends).all() or np.all(np.abs(bends) <= 10 * near):
        return None
    signs = {int(sign) for sign in np.sign(bends[np.abs(bends) > near])}
    return signs.pop() if len(signs) == 1 else 0


def _outside(along: Array, one: Array, other: Array, near: float) -> tuple[str, str] | None:
    """Where g·d is not between the slopes to both sides."""
    low, high = np.minimum(one, other), np.maximum(one, other)
    outside = np.flatnonzero(~((along >= low - near) & (along <= high + near)))
    if not outside.size:
        return None
    j = int(outside[0])
    return f"g·d = {along[j]:.6g}", f"the slopes to both sides are {low[j]:.6g} and {high[j]:.6g}"


def _longer(g: Array, slope: Callable[[Array], float], bend: int, near: float) -> tuple[str, str] | None:
    """Whether a subgradient is shorter than g: along −g a convex output falls by ‖g‖, along g a concave one rises."""
    length = float(np.linalg.norm(g))
    if bend == 0 or length <= near:  # bent both ways there is no such rule, and nothing is shorter than 0
        return None
    found = slope(-bend * g / length)
    if abs(found + bend * length) <= 10 * near:
        return None
    return f"‖g‖ = {length:.6g}", f"a shorter one is there: the slope along {'−' if bend > 0 else ''}g is {found:.6g}"
