"""Adagrad: each number has a step size of its own, by how steep it has been."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_rnn.engine.tensor import Array
from tinygrad_rnn.optim.groups import Number
from tinygrad_rnn.optim.optimizer import Optimizer
from tinygrad_rnn.optim.vector import State

__all__ = ["Adagrad"]


class Adagrad(Optimizer):
    """p ← p − lr·g / (√s + ε), with s ← s + g².

    Args:
        eps: ε.
    Source: Duchi et al. 2011.
    """

    memory = ("s",)
    elementwise = True
    eps = Number(least=0)

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 0.01,
        eps: float = 1e-10,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr, weight_decay, maximize=maximize, eps=eps)

    def update(self, p: Array, g: Array, state: State) -> Array:
        s = state["s"] = state.get("s", 0) + g * g
        return self.lr * g / (np.sqrt(s) + self.eps)
