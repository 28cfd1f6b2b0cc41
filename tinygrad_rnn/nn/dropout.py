"""Dropout: some values set to 0 while training, the rest scaled up to keep the mean."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.engine.context import CONTEXT
from tinygrad_rnn.engine.node import Node
from tinygrad_rnn.engine.op import Op
from tinygrad_rnn.engine.tensor import Array, Operand, Tensor, from_array
from tinygrad_rnn.errors import DTypeError, check_probability
from tinygrad_rnn.nn.init import Rng
from tinygrad_rnn.nn.module import Module, incoming
from tinygrad_rnn.nn.options import generator

__all__ = ["Dropout"]


class Dropout(Module):
    """y = x·m/(1 − p), each m 0 with probability p, else 1; y = x after eval().

    Args:
        p: 0 ≤ p < 1; at 1 nothing would be left.
        rng: a seed or Generator; the masks are drawn from it one after another.
    Raises:
        DTypeError: x that is not of floats.
    Source: Srivastava et al. 2014.
    """

    def __init__(self, p: float = 0.5, *, rng: Rng = None) -> None:
        self.p = p
        self.rng = generator("Dropout", rng)

    @property
    def p(self) -> float:
        """The probability of dropping a value; it may be set."""
        return self._p

    @p.setter
    def p(self, p: float) -> None:
        check_probability("Dropout", "p", p, below_one=True)
        self._p = p

    def forward(self, x: Operand) -> Tensor:
        x = incoming(x, None)
        if x.dtype.kind != "f":  # of integers, 1/(1 − p) would be one too
            raise DTypeError(f"Dropout: x is {x.dtype}", expected="floats", where=str(CONTEXT.get()))
        return x * self.mask(x.shape, x.dtype) if self.active else x

    @property
    def active(self) -> bool:
        """Whether it drops anything now."""
        return self.training and self._p > 0

    def mask(self, shape: tuple[int, ...], dtype: Any) -> Any:
        """m/(1 − p), drawn anew: multiply several values by one mask to drop the same places of each."""
        options = {"p": self.p, "shape": shape, "dtype": np.dtype(dtype), "rng": self.rng}
        values, now = draw(**options), CONTEXT.get()
        if now.frozen is None:
            return values
        return from_array(values, Node(DRAW, (), (), options, values, now, False))  # other values each time it runs


def draw(*, p: float, shape: tuple[int, ...], dtype: Any, rng: np.random.Generator) -> Array:
    """m/(1 − p), each m 0 with probability p, else 1."""
    return ((rng.random(shape, dtype=np.float32) >= p) / (1 - p)).astype(dtype)


DRAW = Op(draw, differentiable=False)
