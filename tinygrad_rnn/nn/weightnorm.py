"""Weight normalisation: how long a weight's rows are, and where they point, learnt apart."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.engine.tensor import Tensor
from tinygrad_rnn.errors import OptionError, check_number, check_type
from tinygrad_rnn.nn.functional import replaced
from tinygrad_rnn.nn.module import Module, Parameter
from tinygrad_rnn.ops import norm

__all__ = ["WeightNorm"]


class WeightNorm(Module):
    """A module that computes with W = g · v/‖v‖ in place of one of its parameters; g and v are learnt.

    It is called as the module is, and gives what the module gives. `{name}_g` and `{name}_v` are parameters, as in
    torch.nn.utils.weight_norm; W is none any more, and the module is called through this one alone.

    Args:
        module: that has the parameter, as an attribute of its own.
        name: of the parameter: "weight", "weight_hh_l0".
        axis: ‖v‖ is taken over all the others: a length for each row; None for one length of the whole.
    Raises:
        OptionError: the module has no such parameter, or the parameter no such axis.
    Source: Salimans & Kingma 2016, arXiv:1602.07868.

    >>> from tinygrad_rnn import nn
    >>> layer = WeightNorm(nn.Linear(3, 2, rng=0))
    >>> [(name, p.shape) for name, p in layer.named_parameters()]
    [('weight_g', (2, 1)), ('weight_v', (2, 3)), ('module.bias', (2,))]
    >>> np.allclose(layer([[1.0, 2.0, 3.0]]).data, nn.Linear(3, 2, rng=0)([[1.0, 2.0, 3.0]]).data)
    True
    """

    def __init__(self, module: Module, name: str = "weight", axis: int | None = 0) -> None:
        check_type("WeightNorm", "module", module, Module, "a Module")
        check_type("WeightNorm", "name", name, str, "a text")
        own = dict(module._own_parameters())
        if name not in own:
            raise OptionError(f"WeightNorm: {type(module).__name__} has no parameter {name!r:.60} of its own",
                              expected=", ".join(own) or "a module that has some")  # fmt: skip
        weight = own[name]
        if axis is not None:
            check_number("WeightNorm", "axis", axis, whole=True, least=-weight.ndim, below=weight.ndim)
        self.name, self.axis = name, axis
        self.others = tuple(k for k in range(weight.ndim) if axis is None or k != axis % weight.ndim)
        length = np.sqrt(np.sum(np.square(weight.data), axis=self.others, keepdims=True))
        setattr(self, f"{name}_g", Parameter(length if axis is not None else length.reshape(())))
        setattr(self, f"{name}_v", Parameter(weight))
        self.module = module
        self.computed = Tensor(weight, name=name)  # what the module has in place of the parameter
        setattr(module, name, self.computed)

    def normalised(self) -> Tensor:
        """W = g · v/‖v‖."""
        g, v = getattr(self, f"{self.name}_g"), getattr(self, f"{self.name}_v")
        w: Tensor = g * (v / norm(v, axis=self.others, keepdims=True))
        return w

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        with replaced([(self.computed, self.normalised())]):
            return self.module(*args, **kwargs)
