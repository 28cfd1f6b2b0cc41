"""The graph with what flows through it: values forward, gradients back, and what each use passes on.

graph(loss, values=True, gradients=True)  →  Graph with a Summary at every node, a norm at every use
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.autodiff.backprop import backprop
from tinygrad_rnn.engine.context import no_grad
from tinygrad_rnn.engine.node import Leaf, Node, ancestors
from tinygrad_rnn.engine.snapshot import Graph, snapshot
from tinygrad_rnn.engine.summary import magnitude
from tinygrad_rnn.engine.tensor import Array, Tensor
from tinygrad_rnn.ops.shape import sum_to

__all__ = ["graph"]


def graph(*outputs: Tensor, values: bool = False, gradients: bool = False) -> Graph:
    """A read-only snapshot of everything `outputs` were computed from; the graph stays as it is.

    Args:
        outputs: Tensors that were recorded.
        values: keep of every node whether it is exactly zero, min, max, norm, and up to 64 numbers one by one.
        gradients: the same of ∂(sum of the outputs)/∂node, and for each use the norm of what flows back through it.
            After a backward that released the values only leaves still have a gradient: their `.grad`.
    Raises:
        GraphError: an output that was not recorded, or values that a backward has released.

    >>> import tinygrad_rnn as tg
    >>> a = tg.tensor(3.0, requires_grad=True, name="a")
    >>> node = tg.graph(a * a, values=True, gradients=True).nodes[0]
    >>> node.value.numbers, node.gradient.numbers
    ((3.0,), (6.0,))
    """
    if not gradients:
        return snapshot(outputs, values=values)
    snapshot(outputs)  # refuses what was not recorded
    ends = [output.node for output in outputs if output.requires_grad]
    nodes = ancestors(ends, grad_only=True)
    if any(node.args is None for node in nodes):
        return snapshot(outputs, values=values, gradients=_kept(nodes), cotangents={})
    arrived: dict[tuple[Node, int], float] = {}

    def observe(node: Node, k: int, gx: Any) -> None:
        parent = node.inputs[k]
        assert parent is not None
        arrived[node, k] = magnitude(sum_to(gx, parent.shape))

    with no_grad():
        ones = [np.ones(node.shape, node.dtype) for node in ends]
        found = backprop(ends, ones, nodes, observe=observe)
    return snapshot(outputs, values=values, gradients=found, cotangents=arrived)


def _kept(nodes: list[Node]) -> dict[Node, Array]:
    """The gradients that leaves hold."""
    owners = {node: node.owner() for node in nodes if isinstance(node, Leaf)}
    return {node: t.grad.data for node, t in owners.items() if t is not None and t.grad is not None}


def _graph_of(self: Tensor, *, values: bool = False, gradients: bool = False) -> Graph:
    """`tg.graph(self)`: the snapshot of everything that it was computed from."""
    return graph(self, values=values, gradients=gradients)


Tensor.graph = _graph_of  # type: ignore[method-assign]
