"""Activations: ops as modules, to stand among others.

    Sequential(Linear(3, 4), Tanh(), Linear(4, 2))    =    Sequential(Linear(3, 4), tg.tanh, Linear(4, 2))

A class here is an op: `class Tanh(Activation, op=tanh)` takes the op's options and checks them, and says the op's
formula.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import Signature, getdoc, signature
from typing import Any, ClassVar

import numpy as np

from tinygrad_rnn import ops
from tinygrad_rnn.engine.tensor import Operand, Tensor
from tinygrad_rnn.errors import OptionError, unknown_option
from tinygrad_rnn.nn.module import Module, incoming

__all__ = [
    "ELU",
    "GELU",
    "Activation",
    "Function",
    "LeakyReLU",
    "LogSigmoid",
    "LogSoftmax",
    "ReLU",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
]


class Function(Module):
    """y = f(x), a plain function as a module; `Sequential` makes one of each function that it is given.

    Args:
        f: takes what the module is called with.

    >>> import tinygrad_rnn as tg
    >>> Function(tg.tanh)(tg.tensor([0.0]))
    tensor([0.])
    """

    def __init__(self, f: Callable[..., Any]) -> None:
        if not callable(f):
            raise OptionError(f"Function: f={f!r:.60} is not a function", got=type(f).__name__)
        self.f = f

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.f(*args, **kwargs)

    def _argument(self, name: str) -> Any:
        return getattr(self.f, "__name__", type(self.f).__name__)


class Activation(Module):
    """y = op(x), on every element or along an axis: the base of ReLU, Tanh, Softmax, …

    One of your own, of any op of one array: `class Sine(nn.Activation, op=tg.sin): ...`

    Args:
        options: the op's.
    """

    op: ClassVar[Callable[..., Any]]
    options: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, op: Callable[..., Any] | None = None, **options: Any) -> None:
        super().__init_subclass__(**options)
        if op is None:
            return
        _, *parameters = signature(op).parameters.values()
        cls.op, cls.options = staticmethod(op), tuple(p.name for p in parameters)
        cls.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
        if "__doc__" not in vars(cls) or cls.__doc__ is None:
            cls.__doc__ = (getdoc(op) or "").split("\n\n")[0]

    def __init__(self, *args: Any, **options: Any) -> None:
        for name in options:
            if name not in self.options:
                raise unknown_option(type(self).__name__, name, self.options)
        try:
            given = signature(type(self)).bind(*args, **options)
        except TypeError as error:
            expected = ", ".join(self.options) or "no option"
            raise OptionError(f"{type(self).__name__}: {error}", expected=expected) from None
        given.apply_defaults()
        type(self).op(np.zeros((1,) * 32), **given.arguments)  # an option that the op refuses is refused here
        vars(self).update(given.arguments)

    def forward(self, x: Operand) -> Tensor:
        y: Tensor = type(self).op(incoming(x, None), **{name: getattr(self, name) for name in self.options})
        return y


class ReLU(Activation, op=ops.relu): ...


class Tanh(Activation, op=ops.tanh): ...


class Sigmoid(Activation, op=ops.sigmoid): ...


class LogSigmoid(Activation, op=ops.log_sigmoid): ...


class Softplus(Activation, op=ops.softplus): ...


class Softmax(Activation, op=ops.softmax): ...


class LogSoftmax(Activation, op=ops.log_softmax): ...


class GELU(Activation, op=ops.gelu): ...


class SiLU(Activation, op=ops.silu): ...


class ELU(Activation, op=ops.elu): ...


class LeakyReLU(Activation, op=ops.leaky_relu): ...
