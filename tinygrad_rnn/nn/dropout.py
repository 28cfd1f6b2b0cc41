"""Dropout: some values set to 0 while training, the rest scaled up to keep the mean."""

from __future__ import annotations

import numpy as np

from tinygrad_rnn.nn.init import Rng
from tinygrad_rnn.nn.module import Module
from tinygrad_rnn.tensor import Tensor


class Dropout(Module):
    """y = x·m/(1 − p), each m 0 with probability p, else 1; y = x after eval().

    Args:
        p: 0 ≤ p < 1.
        rng: a seed or Generator; the masks are drawn from it one after another.
    Source: Srivastava et al. 2014.
    """

    def __init__(self, p: float = 0.5, *, rng: Rng = None) -> None:
        if not 0 <= p < 1:
            raise ValueError(f"Dropout: p={p}: expected a probability, 0 ≤ p < 1")
        self.p = p
        self.rng = np.random.default_rng(rng)

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return x
        kept = self.rng.random(x.shape, dtype=np.float32) >= self.p
        return x * (kept / (1 - self.p)).astype(x.dtype)
