"""A module as a function of its parameters: what grad, jvp and hessian can differentiate by.

module(x)                              f_W(x)       W is the module's own
functional_call(module, {…: V}, x)     f_V(x)       V is yours, the module unchanged
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tinygrad_rnn.engine.tensor import Tensor
from tinygrad_rnn.errors import GraphError, ShapeError, check_type
from tinygrad_rnn.nn.module import Module

__all__ = ["functional_call"]


def functional_call(module: Module, parameters: Mapping[str, Any], *args: Any, **kwargs: Any) -> Any:
    """module(*args, **kwargs) with these values in place of its parameters; gradients flow to the values.

    Args:
        parameters: Tensors or arrays by the names of `named_parameters()`, or of `named_buffers()`, in any dtype; the
            others stay as they are.
            A parameter that stands in several places is replaced in all of them.
    Raises:
        GraphError: a name that the module does not have. ShapeError: a value of another shape.

    The module must not run in another thread meanwhile, and a `checkpoint` inside it would run again with its own
    parameters: put the checkpoint around the call.

    >>> import tinygrad_rnn as tg
    >>> layer = tg.nn.Linear(2, 1, bias=False)
    >>> tg.grad(lambda W: functional_call(layer, {"weight": W}, [[3.0, 4.0]]).sum())(tg.tensor([[1.0, 1.0]]))
    tensor([[3., 4.]])
    """
    with replaced(_pairs(module, parameters)):
        return module(*args, **kwargs)


def _pairs(module: Module, parameters: Mapping[str, Any]) -> list[tuple[Tensor, Tensor]]:
    """Each parameter or buffer that is to be replaced, with its value."""
    check_type("functional_call", "module", module, Module, "a Module")
    check_type("functional_call", "parameters", parameters, Mapping, "a mapping of names to values")
    own: dict[str, Tensor] = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    unknown = [name for name in parameters if name not in own]
    if unknown:
        raise GraphError(
            f"functional_call: {type(module).__name__} has no parameter {', '.join(map(repr, unknown))}",
            expected=", ".join(own) or "none: it has no parameters",
            got=", ".join(map(str, parameters)),
        )
    values = {name: x if isinstance(x, Tensor) else Tensor(x) for name, x in parameters.items()}
    faults = [f"{name} {x.shape}" for name, x in values.items() if x.shape != own[name].shape]
    if faults:
        raise ShapeError(
            f"functional_call: {len(faults)} of the values do not fit {type(module).__name__}",
            expected=", ".join(f"{name} {own[name].shape}" for name, x in values.items() if x.shape != own[name].shape),
            got=", ".join(faults),
        )
    return [(own[name], value) for name, value in values.items()]


@contextmanager
def replaced(pairs: list[tuple[Tensor, Tensor]]) -> Iterator[None]:
    """Give each parameter the array and the node of its value for the block.

    The Parameter object stays, so that whatever holds it, under any number of names, computes with the value.
    """
    before = [(parameter, parameter._array, parameter._node) for parameter, _ in pairs]
    try:
        for parameter, value in pairs:
            parameter._array, parameter._node = value._array, value._node
        yield
    finally:
        for parameter, array, node in before:
            parameter._array, parameter._node = array, node
