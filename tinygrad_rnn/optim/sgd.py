"""SGD: a step against the gradient, or against its average over time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tinygrad_rnn.engine.tensor import Array
from tinygrad_rnn.errors import OptionError
from tinygrad_rnn.optim.groups import Flag, Number
from tinygrad_rnn.optim.optimizer import Optimizer
from tinygrad_rnn.optim.vector import State

__all__ = ["SGD"]


class SGD(Optimizer):
    """p ← p − lr·v, with v ← μ·v + g; v = g when μ = 0.

    Args:
        momentum: μ.
        nesterov: step along g + μ·v, the gradient a step ahead.
    Source: Sutskever et al. 2013.

    >>> from tinygrad_rnn import tensor
    >>> p = tensor([1.0], requires_grad=True)
    >>> (p * p).sum().backward()
    >>> SGD([p], lr=0.25).step()
    >>> p
    tensor([0.5], requires_grad=True)
    >>> SGD([p], lr=0.25, momentum=0.9)
    SGD(lr=0.25, weight_decay=0.0, momentum=0.9) of 1 parameter
    """

    elementwise = True
    momentum = Number(least=0)
    nesterov = Flag()

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr, weight_decay, maximize=maximize, momentum=momentum, nesterov=nesterov)

    @classmethod
    def check(cls, options: Mapping[str, Any]) -> None:
        if options["nesterov"] and options["momentum"] == 0:
            raise OptionError(f"{cls.__name__}: nesterov=True with momentum=0", expected="a momentum above 0")

    @property
    def memory(self) -> tuple[str, ...]:
        return ("v",) if self.momentum else ()

    def update(self, p: Array, g: Array, state: State) -> Array:
        if not self.momentum:
            return self.lr * g
        v = state["v"] = self.momentum * state["v"] + g if "v" in state else g.copy()
        return self.lr * (g + self.momentum * v if self.nesterov else v)
