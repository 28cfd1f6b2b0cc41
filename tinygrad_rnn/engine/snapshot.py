"""A snapshot of what was recorded: plain data, JSON out and in.

graph(loss) → Graph → nodes: GraphNode, GraphNode, …       what pictures are made from
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property

import numpy as np

from tinygrad_rnn.engine.node import Node, ancestors
from tinygrad_rnn.engine.tensor import Tensor
from tinygrad_rnn.errors import GraphError

__all__ = ["Graph", "GraphNode", "graph"]


@dataclass(frozen=True)
class GraphNode:
    """One node of a snapshot.

    Attributes:
        inputs: (node id, argument position) pairs: `a * a` has two.
        symbol: the sign that a formula uses for the op, the op's name where there is none.
        gradient: ‖∂(sum of the outputs)/∂node‖₂ where it was asked for and the node has one, else None.
    """

    id: int
    op: str | None
    role: str | None
    name: str | None
    scope: tuple[str, ...]
    step: int | None
    shape: tuple[int, ...]
    dtype: str
    requires_grad: bool
    inputs: tuple[tuple[int, int], ...]
    gradient: float | None = None
    symbol: str | None = None


@dataclass(frozen=True)
class Graph:
    """A read-only snapshot of a recorded graph; ids count from 0 in creation order.

    >>> import tinygrad_rnn as tg
    >>> a = tg.tensor(3.0, requires_grad=True, name="a")
    >>> g = tg.graph(a * a)
    >>> [(node.op, node.inputs) for node in g.nodes]
    [(None, ()), ('multiply', ((0, 0), (0, 1)))]
    >>> g.uses(g.nodes[0])
    ((1, 0), (1, 1))
    >>> tg.Graph.from_json(g.to_json()) == g
    True
    """

    nodes: tuple[GraphNode, ...]
    outputs: tuple[int, ...] = field(default=())

    @cached_property
    def _uses(self) -> Mapping[int, tuple[tuple[int, int], ...]]:
        uses: dict[int, list[tuple[int, int]]] = {node.id: [] for node in self.nodes}
        for node in self.nodes:
            for source, position in node.inputs:
                uses[source].append((node.id, position))
        return {id: tuple(found) for id, found in uses.items()}

    def uses(self, node: GraphNode | int) -> tuple[tuple[int, int], ...]:
        """Where a value goes: (node id, argument position), one pair per use."""
        return self._uses[node if isinstance(node, int) else node.id]

    @property
    def parameters(self) -> tuple[GraphNode, ...]:
        """The leaves that learn: those labelled a parameter, or that require grad with no other role."""
        leaves = (node for node in self.nodes if node.op is None)
        return tuple(n for n in leaves if n.role == "parameter" or (n.role is None and n.requires_grad))

    def to_json(self, indent: int | None = None) -> str:
        """The snapshot as text: {"format": "tinygrad_rnn.graph", "version": 1, "nodes": […], "outputs": […]}."""
        nodes = [asdict(node) for node in self.nodes]
        document = {"format": "tinygrad_rnn.graph", "version": 1, "nodes": nodes, "outputs": self.outputs}
        return json.dumps(document, indent=indent, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Graph:
        """The snapshot that `to_json` wrote. Raises GraphError for anything else."""
        try:
            document = json.loads(text)
            if document["format"] != "tinygrad_rnn.graph" or document["version"] != 1:
                raise ValueError(f"format {document['format']!r}, version {document['version']!r}")
            nodes = tuple(
                GraphNode(
                    **{
                        **row,
                        "scope": tuple(row["scope"]),
                        "shape": tuple(row["shape"]),
                        "inputs": tuple((source, position) for source, position in row["inputs"]),
                    }
                )
                for row in document["nodes"]
            )
            outputs = tuple(document["outputs"])
            ordered = all(n.id == i and all(0 <= source < i for source, _ in n.inputs) for i, n in enumerate(nodes))
            if not ordered or not all(0 <= id < len(nodes) for id in outputs):
                raise ValueError("node ids do not count from 0 in creation order")
            return cls(nodes, outputs)
        except (ValueError, KeyError, TypeError) as error:
            raise GraphError(
                "Graph.from_json: the text is not a graph of this version",
                expected="what Graph.to_json() wrote, version 1",
                got=f"{type(error).__name__}: {error}",
            ) from None


def snapshot(outputs: Sequence[Tensor], gradients: Mapping[Node, np.ndarray] | None = None) -> Graph:
    """The Graph behind `outputs`, each node with the norm of its entry in `gradients`, where it has one."""
    ends = []
    for k, output in enumerate(outputs):
        if not getattr(output, "requires_grad", False):
            raise GraphError(
                f"graph: output {k} was not recorded",
                expected="Tensors computed from something that requires grad, outside no_grad()",
                got=type(output).__name__,
                help="make a parameter with tensor(…, requires_grad=True)",
            )
        ends.append(output.node)
    nodes = ancestors(ends)[::-1]
    ids = {node: i for i, node in enumerate(nodes)}
    gradients = gradients or {}
    rows = []
    for node in nodes:
        role, name = node.label or (None, None)
        g = gradients.get(node)
        rows.append(
            GraphNode(
                id=ids[node],
                op=node.op.name if node.op else None,
                role=role,
                name=name,
                scope=node.context.scope,
                step=node.context.step,
                symbol=node.op.symbol if node.op else None,
                shape=node.shape,
                dtype=str(node.dtype),
                requires_grad=node.requires_grad,
                inputs=tuple((ids[p], k) for k, p in enumerate(node.inputs) if p is not None),
                gradient=None if g is None else float(np.linalg.norm(np.ravel(g).astype(np.float64))),
            )
        )
    return Graph(tuple(rows), tuple(ids[node] for node in ends))


def graph(*outputs: Tensor) -> Graph:
    """A read-only snapshot of everything `outputs` were computed from.

    The structure outlives a backward pass; the values are not part of it.

    Raises:
        GraphError: an output that was not recorded.
    """
    return snapshot(outputs)
