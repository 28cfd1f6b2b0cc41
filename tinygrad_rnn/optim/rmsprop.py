"""RMSProp: Adagrad that forgets, so that a step size can grow again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_rnn.engine.tensor import Array
from tinygrad_rnn.optim.groups import Flag, Number
from tinygrad_rnn.optim.optimizer import Optimizer
from tinygrad_rnn.optim.vector import State

__all__ = ["RMSProp"]


class RMSProp(Optimizer):
    """p ← p − lr·g / (√s + ε), with s ← α·s + (1 − α)·g².

    Args:
        alpha, eps: α and ε.
        momentum: μ: p ← p − lr·b, with b ← μ·b + g / (√s + ε).
        centered: s less the square of the average of g, a ← α·a + (1 − α)·g: the variance of g.
    Source: Tieleman & Hinton 2012; with both, Graves 2013, arXiv:1308.0850.
    """

    elementwise = True
    alpha = Number(least=0, below=1)
    eps = Number(least=0)
    momentum = Number(least=0)
    centered = Flag()

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 0.01,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        options = {"alpha": alpha, "eps": eps, "momentum": momentum, "centered": centered}
        super().__init__(params, lr, weight_decay, maximize=maximize, **options)

    @property
    def memory(self) -> tuple[str, ...]:
        return ("s", *["a"] * self.centered, *["b"] * (self.momentum > 0))

    def update(self, p: Array, g: Array, state: State) -> Array:
        s = state["s"] = self.alpha * state.get("s", 0) + (1 - self.alpha) * (g * g)
        if self.centered:
            a = state["a"] = self.alpha * state.get("a", 0) + (1 - self.alpha) * g
            s = s - a * a
        step = g / (np.sqrt(s) + self.eps)
        if self.momentum:
            step = state["b"] = self.momentum * state.get("b", 0) + step
        return self.lr * step
