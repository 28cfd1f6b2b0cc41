"""Adam and AdamW: momentum and a step size for each number, both corrected for starting at 0."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_rnn.engine.tensor import Array
from tinygrad_rnn.optim.groups import Flag, Number, Pair
from tinygrad_rnn.optim.optimizer import Optimizer
from tinygrad_rnn.optim.vector import State

__all__ = ["Adam", "AdamW"]


class Adam(Optimizer):
    """p ← p − lr·m̂ / (√v̂ + ε), with m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g².

        m̂ = m/(1 − β₁ᵗ), v̂ = v/(1 − β₂ᵗ), t = 1, 2, …

    Args:
        betas, eps: (β₁, β₂) and ε.
        amsgrad: the largest v so far in place of v: a step size that never grows. Source: Reddi et al. 2018,
            arXiv:1904.09237.
    Source: Kingma & Ba 2015, arXiv:1412.6980.
    """

    elementwise = True
    betas = Pair(least=0, below=1)
    eps = Number(least=0)
    amsgrad = Flag()

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr, weight_decay, maximize=maximize, betas=betas, eps=eps, amsgrad=amsgrad)

    @property
    def memory(self) -> tuple[str, ...]:
        return ("t", "m", "v", "vmax") if self.amsgrad else ("t", "m", "v")

    def update(self, p: Array, g: Array, state: State) -> Array:
        b1, b2 = self.betas
        t = state["t"] = np.asarray(state.get("t", 0) + 1)
        m = state["m"] = b1 * state.get("m", 0) + (1 - b1) * g
        v = state["v"] = b2 * state.get("v", 0) + (1 - b2) * (g * g)
        if self.amsgrad:
            v = state["vmax"] = np.maximum(state.get("vmax", 0), v)
        return (self.lr / (1 - b1 ** int(t))) * m / (np.sqrt(v) / math.sqrt(1 - b2 ** int(t)) + self.eps)


class AdamW(Adam):
    """Adam, and p ← p − lr·λ·p beside it: a decay that does not depend on the scale of the gradient.

    Source: Loshchilov & Hutter 2019, arXiv:1711.05101.
    """

    elementwise = True

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize)

    def decayed(self, p: Array, g: Array) -> Array:
        return g

    def update(self, p: Array, g: Array, state: State) -> Array:
        shrink = self.lr * self.weight_decay
        return shrink * p + super().update(p, g, state)
