"""Adadelta: RMSProp whose steps are as long as the steps before were, in units of the parameter."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_rnn.engine.tensor import Array
from tinygrad_rnn.optim.groups import Number
from tinygrad_rnn.optim.optimizer import Optimizer
from tinygrad_rnn.optim.vector import State

__all__ = ["Adadelta"]


class Adadelta(Optimizer):
    """p ← p − lr·Δ, with Δ = g·√(d + ε) / √(s + ε), s ← ρ·s + (1 − ρ)·g², and then d ← ρ·d + (1 − ρ)·Δ².

    Args:
        rho, eps: ρ, and ε, from which the first steps grow.
    Source: Zeiler 2012, arXiv:1212.5701.
    """

    memory = ("s", "d")
    elementwise = True
    rho = Number(least=0, most=1)
    eps = Number(least=0)

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr, weight_decay, maximize=maximize, rho=rho, eps=eps)

    def update(self, p: Array, g: Array, state: State) -> Array:
        d = state.get("d", 0 * g)
        s = state["s"] = self.rho * state.get("s", 0) + (1 - self.rho) * (g * g)
        step = np.sqrt(d + self.eps) / np.sqrt(s + self.eps) * g
        state["d"] = self.rho * d + (1 - self.rho) * (step * step)
        return self.lr * step
