"""The one guard before anything is asked of a value's history: was it recorded?"""

from __future__ import annotations

from typing import Any

from tinygrad_rnn.engine.node import Node
from tinygrad_rnn.engine.tensor import Tensor
from tinygrad_rnn.errors import GraphError


def recorded(owner: str, what: str, value: Any) -> Node:
    """The node of `value`. Raises GraphError where it has none that gradients pass through.

    Args:
        owner: the function that was called: "labelled", "gradient_flow".
        what: which of its arguments this is: "the output", "state 3".
    """
    if not isinstance(value, Tensor) or not value.requires_grad:
        raise GraphError(
            f"{owner}: {what} was not recorded",
            expected="a Tensor that was computed from one that requires grad, outside no_grad()",
            got=f"{value!r:.80}",
            help="make the parameters with tensor(…, requires_grad=True); detach() and no_grad() cut a value off",
        )
    return value.node


def recorded_scalar(owner: str, what: str, value: Any) -> Node:
    """The node of a recorded `value` of one element, as a loss is. Raises GraphError for any other."""
    node = recorded(owner, what, value)
    if value.size != 1:
        raise GraphError(
            f"{owner}: {what} is not a scalar",
            expected="a Tensor of one element",
            got=f"shape {value.shape}",
            help="take its sum() or its mean()",
        )
    return node
