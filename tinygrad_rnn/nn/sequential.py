"""Sequential: modules one after another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tinygrad_rnn.errors import OptionError
from tinygrad_rnn.nn.module import Module

__all__ = ["Sequential"]


class Sequential(Module):
    """y = fₙ(… f₂(f₁(x))): each module's result is the next one's input.

    Args:
        modules: in order; the parameters of the k-th are named "k.…". What a recurrent layer returns, (output, h_n),
            is not one array: ManyToMany and ManyToOne put a head on such a layer.

    >>> from tinygrad_rnn import nn
    >>> net = Sequential(nn.Linear(3, 8, rng=0), nn.LayerNorm(8), nn.Linear(8, 2, rng=1))
    >>> net([[1.0, 2.0, 3.0]]).shape
    (1, 2)
    >>> [name for name, _ in net.named_parameters()]
    ['0.weight', '0.bias', '1.weight', '1.bias', '2.weight', '2.bias']
    """

    def __init__(self, *modules: Module) -> None:
        for k, module in enumerate(modules):
            if not isinstance(module, Module):
                raise OptionError(
                    f"Sequential: argument {k} is not a module", expected="a Module", got=f"{type(module).__name__}"
                )
            setattr(self, str(k), module)

    def forward(self, x: Any) -> Any:
        for module in self:
            x = module(x)
        return x

    def __iter__(self) -> Iterator[Module]:
        return (module for _, module in self.named_children())

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __getitem__(self, k: int) -> Module:
        return list(self)[k]
