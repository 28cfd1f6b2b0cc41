"""The graph with what flows through it: values forward, gradients back, and what each use passes on.

graph(loss, values=True, gradients=True)  →  Graph with a Summary at every node, a norm at every use
                                                   terms=True: and what each use adds to which sum
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from tinygrad_rnn.autodiff.backprop import backprop
from tinygrad_rnn.engine.context import no_grad
from tinygrad_rnn.engine.node import Leaf, Node, ancestors
from tinygrad_rnn.engine.snapshot import Graph, GraphTerm, snapshot
from tinygrad_rnn.engine.summary import Summary, magnitude
from tinygrad_rnn.engine.tensor import Array, Tensor, define
from tinygrad_rnn.errors import GraphError
from tinygrad_rnn.ops.shape import sum_to

__all__ = ["graph"]


Use = tuple[Node, int]  # a node, and which of its arguments


def graph(
    *outputs: Tensor,
    values: bool = False,
    gradients: bool = False,
    terms: bool = False,
    cut: Collection[tuple[int, int]] = (),
) -> Graph:
    """A read-only snapshot of everything `outputs` were computed from; the graph stays as it is.

    Args:
        outputs: Tensors that were recorded.
        values: keep of every node whether it is exactly zero, min, max, norm, and up to 64 numbers one by one.
        gradients: the same of ∂(sum of the outputs)/∂node, and for each use the norm of what flows back through it.
            After a backward that released the values only leaves still have a gradient: their `.grad`.
        terms: gradients, and for each use what it adds to the gradient of the value that it uses.
        cut: uses (node id, argument position) through which no gradient goes back, as if `detach()` stood there.
    Raises:
        GraphError: an output that was not recorded, values that a backward has released, or a cut of a use that there
            is not.

    >>> import tinygrad_rnn as tg
    >>> a = tg.tensor(3.0, requires_grad=True, name="a")
    >>> node = tg.graph(a * a, values=True, gradients=True).nodes[0]
    >>> node.value.numbers, node.gradient.numbers
    ((3.0,), (6.0,))
    >>> tg.graph(a * a, gradients=True, cut=[(1, 0)]).nodes[0].gradient.numbers
    (3.0,)
    """
    if not (gradients or terms or cut):
        return snapshot(outputs, values=values)
    snapshot(outputs)  # refuses what was not recorded
    ends = [output.node for output in outputs if output.requires_grad]
    nodes = ancestors(ends, grad_only=True)
    if any(node.args is None for node in nodes) and not (terms or cut):
        return snapshot(outputs, values=values, gradients=_kept(nodes), cotangents={})
    without = _uses(outputs, cut)
    norms: dict[Use, float] = {}

    def note_norm(node: Node, k: int, gx: Any) -> None:
        norms[node, k] = magnitude(_as_argument(node, k, gx))

    with no_grad():
        ones = [np.ones(node.shape, node.dtype) for node in ends]
        found = backprop(ends, ones, nodes, observe=note_norm, cut=without)
        added = Terms(found, dict(zip(ends, ones, strict=True))) if terms else None
        if added is not None:  # a second time, since how far a term goes along the sum shows when the sum is there
            backprop(ends, ones, nodes, observe=added.note, cut=without)
    return snapshot(outputs, values=values, gradients=found, cotangents=norms, terms=added.found if added else None)


class Terms:
    """What each use adds to which gradient, noted as it arrives.

    Args:
        whole: the gradient of every node.
        sums: what is there before anything arrives: 1 at each output.
    """

    def __init__(self, whole: dict[Node, Array], sums: dict[Node, Array]) -> None:
        self.found: dict[Use, GraphTerm] = {}
        self.directions = {node: _direction(g) for node, g in whole.items()}
        self.sums = sums

    def note(self, node: Node, k: int, gx: Any) -> None:
        g = _as_argument(node, k, gx)
        parent: Any = node.inputs[k]
        self.sums[parent] = np.asarray(self.sums[parent] + g) if parent in self.sums else g
        along = float(np.vdot(self.directions[parent], g.astype(np.float64)))
        self.found[node, k] = GraphTerm(magnitude(g), along, Summary.of(self.sums[parent]))


def _direction(g: Array) -> Array:
    """g / ‖g‖, zeros for zeros."""
    size = magnitude(g)
    return g.astype(np.float64) / (size or 1.0)


def _as_argument(node: Node, k: int, gx: Any) -> Array:
    """What flows back to an argument in its shape and dtype, as it is added up."""
    parent: Any = node.inputs[k]
    return np.asarray(sum_to(gx, parent.shape)).astype(parent.dtype, copy=False)


def _uses(outputs: Collection[Tensor], cut: Collection[tuple[int, int]]) -> set[Use]:
    """The uses that a Graph of the outputs names by ids."""
    order = ancestors([output.node for output in outputs])[::-1] if cut else []
    known = {(id, k): (node, k) for id, node in enumerate(order) for k, p in enumerate(node.inputs) if p is not None}
    for use in cut:
        if use not in known:
            raise GraphError(
                f"graph: cut={use!r:.60} is not a use of this graph",
                expected="pairs (node id, argument position), as Graph.uses(node) lists them",
            )
    return {known[use] for use in cut}


def _kept(nodes: list[Node]) -> dict[Node, Array]:
    """The gradients that leaves hold."""
    owners = {node: node.owner() for node in nodes if isinstance(node, Leaf)}
    return {node: t.grad.data for node, t in owners.items() if t is not None and t.grad is not None}


def _graph_of(
    self: Tensor,
    *,
    values: bool = False,
    gradients: bool = False,
    terms: bool = False,
    cut: Collection[tuple[int, int]] = (),
) -> Graph:
    """`tg.graph(self)`: the snapshot of everything that it was computed from."""
    return graph(self, values=values, gradients=gradients, terms=terms, cut=cut)


define("graph", _graph_of)
