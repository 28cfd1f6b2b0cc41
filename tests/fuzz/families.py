"""Right functions that are hard to difference, by what makes them so, each at random points.

family(rng)  →  a function, and arrays to check it at
"""

from collections.abc import Callable
from typing import Any

import numpy as np

import tinygrad_rnn as tg

Drawn = tuple[Callable[..., Any], tuple[np.ndarray, ...]]


def normal(rng: np.random.Generator) -> np.ndarray:
    return rng.standard_normal([(3,), (2, 2), ()][rng.integers(3)]) * 10.0 ** rng.integers(-1, 2)


def at(*places: float) -> Callable[[np.random.Generator], np.ndarray]:
    """Points of which half lie on these places, or 10⁻¹ to 10⁻⁸ beside them."""

    def draw(rng: np.random.Generator) -> np.ndarray:
        off = 10.0 ** rng.uniform(-8, -1, 3) * rng.choice([-1, 0, 1], 3)
        return np.where(rng.random(3) < 0.5, rng.choice(places, 3) + off, 2 * rng.standard_normal(3))

    return draw


def small(rng: np.random.Generator) -> np.ndarray:
    """Positive, from 1 down to 10⁻⁸."""
    return 10.0 ** rng.uniform(-8, 0, 3)


def away(rng: np.random.Generator) -> np.ndarray:
    return rng.uniform(0.5, 2, 3)


def smooth_l1(x: Any, beta: float = 1.0) -> Any:
    return tg.where(abs(x) < beta, 0.5 * x * x / beta, abs(x) - 0.5 * beta)


def net(x: Any) -> Any:
    """A perceptron of rectified units."""
    rng = np.random.default_rng(0)
    for n in (8, 8, 1):
        x = tg.relu(rng.standard_normal((n, x.shape[0])) @ x + rng.standard_normal(n))
    return x


def inverse(x: Any) -> Any:
    """Of [[1, 1], [1, 1 + x]], whose determinant is x."""
    return tg.stack([(1 + x) / x, -1 / x, -1 / x, 1 / x])


def narrow(x: Any) -> Any:
    return tg.astype(x, np.float32)


FAMILIES: dict[str, list[tuple[Callable[..., Any], Callable[[np.random.Generator], np.ndarray]]]] = {
    "smooth": [
        (tg.tanh, normal), (tg.sin, normal), (lambda x: tg.exp(-x * x), normal), (lambda x: x**3 - x, normal),
        (lambda x: tg.softplus(x) * tg.sigmoid(x), normal), (lambda x: tg.logsumexp(tg.reshape(x, (-1,))), normal),
        (lambda x: tg.softmax(tg.reshape(x, (-1,))), normal), (lambda x: tg.sqrt(1 + x * x), normal),
        (lambda x: (tg.sum(x), {"more": [x / (1 + x * x)]}), normal), (lambda x: tg.log1p(x * x), normal),
    ],
    "C1": [
        (smooth_l1, at(-1, 1)), (lambda x: smooth_l1(x, 0.1), at(-0.1, 0.1)), (lambda x: x * abs(x) / 2, at(0)),
        (lambda x: 100 * x * abs(x), at(0)), (lambda x: tg.relu(x) ** 2, at(0)),
        (lambda x: tg.where(x > 0, x, tg.exp(tg.where(x > 0, 0, x)) - 1), at(0)),  # ELU
        (lambda x: tg.sum(smooth_l1(x)) * x, at(-1, 1)), (lambda x: tg.tanh(x) + tg.relu(x - 1) ** 2, at(1)),
        (lambda x: tg.where(x > 0, tg.log1p(abs(x)), x - 0.5 * x * x), at(0)),
        (lambda x: tg.where(abs(x) < 1, 0.25 * (1 + x) ** 2, tg.relu(x)), at(-1, 1)),  # a hinge, rounded off
    ],
    "kinked": [
        (tg.relu, at(0)), (abs, at(0)), (lambda x: tg.maximum(x, 0.1 * x), at(0)),
        (lambda x: tg.clip(x, -1, 1), at(-1, 1)),
        (tg.max, at(0)), (net, at(0)), (lambda x: abs(tg.sin(3 * x)), at(0)), (lambda x: tg.sort(x) * x, at(0)),
        (lambda x: 1e-3 * tg.relu(x) + x, at(0)), (lambda x: tg.minimum(x * x, 1), at(-1, 1)), (tg.sign, at(0)),
    ],
    "stiff": [
        (lambda x: tg.sin(1000 * x), normal), (lambda x: tg.cos(300 * x) * x, normal), (tg.log, small),
        (lambda x: tg.log(abs(x)), small), (lambda x: tg.exp(50 * x), away), (lambda x: tg.tanh(1000 * x), at(0)),
        (lambda x: x**20, away), (lambda x: 1 / (x * x + 1e-6), at(0)), (lambda x: abs(tg.sin(1000 * x) + 2), normal),
        (lambda x: x * tg.log(x), small), (lambda x: tg.sigmoid(500 * x) + abs(x - 30), at(0)),
    ],
    "cancelling": [
        (lambda x: (1e8 + x) - 1e8, normal), (lambda x: 1e8 * (x - tg.sin(x)), small),
        (lambda x: (1 - tg.cos(x)) / x**2, small),
        (lambda x: tg.mean(x * x) - tg.mean(x) ** 2, lambda rng: 1e5 + normal(rng)),
        (lambda x: (1e4 + x) ** 2 - 1e8 - 2e4 * x, normal), (lambda x: tg.log(tg.exp(x + 30) + 1) - 30, normal),
        (lambda x: (1e6 + abs(x)) ** 2 - 1e12, normal), (lambda x: 1e10 * x - 1e10 * (x - 1e-9 * x), normal),
        (lambda x: tg.sqrt(x * x + 1e12) - 1e6, normal), (lambda x: tg.exp(x) - 1 - x, small),
        (lambda x: tg.sum(tg.concatenate([x + 1e10, x * x - 1e10])), away),
    ],
    "near-singular": [
        (lambda x: 1 / x, small), (lambda x: 1 / abs(x), small), (inverse, small), (tg.sqrt, small),
        (lambda x: x**-3, small), (lambda x: x / tg.sqrt(tg.sum(x * x)), small), (lambda x: tg.log1p(x - 1), small),
        (lambda x: 1 / (1 - tg.exp(-x)), small), (lambda x: tg.sqrt(abs(x)), small), (tg.norm, at(0)),
        (lambda x: x ** 1.5, small), (lambda x: tg.sin(1 / x), lambda rng: 10.0 ** rng.uniform(-2, 0, 3)),
    ],
    "mixed precision": [
        (narrow, normal), (lambda x: tg.tanh(narrow(x)) * 2, normal),
        (lambda x: tg.astype(tg.sin(narrow(x)), np.float64) * x, normal),
        (lambda x: (narrow(x), x * x), normal), (lambda x: tg.sum(tg.exp(-narrow(x) ** 2)) * x, normal),
        (lambda x: smooth_l1(narrow(x)), at(-1, 1)), (lambda x: tg.relu(narrow(x)), at(0)),
        (lambda x: tg.sigmoid(narrow(x) * 10) + x, normal), (lambda x: narrow(x) @ narrow(x), away),
        (lambda x: narrow(tg.log(x)), away), (lambda x: 1e3 + narrow(x) ** 3, normal),
    ],
}  # fmt: skip


def drawn(family: str, rng: np.random.Generator) -> Drawn:
    """A function of the family and where to check it; float32 takes those of others, whose points are not extreme."""
    if family == "float32":
        fn, (x,) = drawn(["smooth", "C1", "kinked"][rng.integers(3)], rng)
        return fn, (x.astype(np.float32),)
    if family == "float32 beside float64":
        x, w = away(rng).astype(np.float32), normal(rng).reshape(-1)[:1]
        return [lambda x, w: tg.tanh(x) * w, lambda x, w: tg.exp(w) + x * x][rng.integers(2)], (x, w)
    functions = FAMILIES[family]
    fn, place = functions[rng.integers(len(functions))]
    return fn, (place(rng),)


NAMES = (*FAMILIES, "float32", "float32 beside float64")
