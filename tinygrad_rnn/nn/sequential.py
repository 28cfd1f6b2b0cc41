"""Sequential: modules one after another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tinygrad_rnn.errors import OptionError
from tinygrad_rnn.nn.activations import Function
from tinygrad_rnn.nn.containers import ModuleList
from tinygrad_rnn.nn.module import Module

__all__ = ["Sequential"]


class Sequential(ModuleList):
    """y = fₙ(… f₂(f₁(x))): each module's result is the next one's input.

    Args:
        modules: in order, modules or plain functions; the parameters of the k-th are named "k.…". What a recurrent
            layer returns, (output, h_n), is not one array: ManyToMany and ManyToOne put a head on such a layer.

    >>> import tinygrad_rnn as tg
    >>> net = Sequential(tg.nn.Linear(3, 8, rng=0), tg.tanh, tg.nn.Linear(8, 2, rng=1))
    >>> net([[1.0, 2.0, 3.0]]).shape
    (1, 2)
    >>> [name for name, _ in net.named_parameters()]
    ['0.weight', '0.bias', '2.weight', '2.bias']
    """

    def __init__(self, *modules: Module | Callable[..., Any]) -> None:
        super().__init__([self._part(module) for module in modules])

    def _part(self, value: Any) -> Module:
        if isinstance(value, Module):
            return value
        if not callable(value) or isinstance(value, type):
            raise OptionError(
                f"{type(self).__name__}: a part is not a module", expected="a Module, or a function of one Tensor",
                got=f"{value!r:.60}", help=f"{value.__name__}()" if isinstance(value, type) else "",
            )  # fmt: skip
        return Function(value)

    def _name_parts(self) -> None:
        for k, module in enumerate(self._modules):
            module._named(str(k))

    def forward(self, x: Any) -> Any:
        for module in self:
            x = module(x)
        return x
