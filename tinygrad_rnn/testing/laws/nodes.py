"""The ops that one run recorded, each as a case of its own, at the values it had."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.autodiff.functions import record_function
from tinygrad_rnn.engine.node import Node, ancestors
from tinygrad_rnn.testing.oracles.case import Case

__all__ = ["local", "recorded_ops"]


def recorded_ops(case: Case) -> list[Node]:
    """What carries a gradient in a run of the case at its own xs, oldest first."""
    _, ys, _ = record_function(case, case.xs)
    nodes = ancestors([y.node for y in ys if y.requires_grad], grad_only=True)
    return [node for node in reversed(nodes) if node.op is not None]


def local(node: Node) -> Case:
    """A recorded op as a case of its own: the same arguments, moved where a gradient goes."""
    op: Any = node.op
    args: Any = node.args
    moving = [k for k, parent in enumerate(node.inputs) if parent is not None and parent.requires_grad]
    names = [f"{op.params[0]}[{k}]" if op.variadic else op.params[k] for k in moving]

    def fn(*xs: Any) -> Any:
        return op.public(*xs, **node.static)

    return Case(op.name, fn, tuple(args), tuple, tuple(moving), tuple(names), tuple(np.array(args[k]) for k in moving))
