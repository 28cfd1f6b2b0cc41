"""NAdam: Adam with Nesterov's momentum."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_rnn.engine.tensor import Array
from tinygrad_rnn.optim.groups import Number, Pair
from tinygrad_rnn.optim.optimizer import Optimizer
from tinygrad_rnn.optim.vector import State

__all__ = ["NAdam"]


class NAdam(Optimizer):
    """p ← p − lr·m̄ / (√v̂ + ε): m, v and v̂ are Adam's, and m̄ looks a step ahead.

        m̄ = (1 − μₜ)/(1 − Πμ)·g + μₜ₊₁/(1 − μₜ₊₁·Πμ)·m, with Πμ = μ₁·μ₂ ⋯ μₜ and μₜ = β₁·(1 − ½·0.96^(ψ·t))

    Args:
        betas, eps: (β₁, β₂) and ε.
        momentum_decay: ψ, by which μ rises towards β₁.
    Source: Dozat 2016, "Incorporating Nesterov momentum into Adam".
    """

    memory = ("t", "mu", "m", "v")
    scalars = ("t", "mu")
    elementwise = True
    betas = Pair(least=0, below=1)
    eps = Number(least=0)
    momentum_decay = Number(least=0)

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum_decay: float = 4e-3,
        *,
        maximize: bool = False,
    ) -> None:
        options = {"betas": betas, "eps": eps, "momentum_decay": momentum_decay}
        super().__init__(params, lr, weight_decay, maximize=maximize, **options)

    def update(self, p: Array, g: Array, state: State) -> Array:
        b1, b2 = self.betas
        t = state["t"] = np.asarray(state.get("t", 0) + 1)
        now, ahead = (b1 * (1 - 0.5 * 0.96 ** (self.momentum_decay * k)) for k in (int(t), int(t) + 1))
        state["mu"] = np.asarray(float(state.get("mu", 1)) * now)
        mu = float(state["mu"])
        m = state["m"] = b1 * state.get("m", 0) + (1 - b1) * g
        v = state["v"] = b2 * state.get("v", 0) + (1 - b2) * (g * g)
        looked = ((1 - now) / (1 - mu)) * g + (ahead / (1 - ahead * mu)) * m
        return self.lr * looked / (np.sqrt(v) / math.sqrt(1 - b2 ** int(t)) + self.eps)
