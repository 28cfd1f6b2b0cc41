"""A snapshot of what was recorded: plain data, JSON out and in.

    graph(loss) → Graph ─┬─ nodes: GraphNode, …       op, role, scope with classes, passage and step, uses, cuts, reads
                         └─ passages: GraphPassage    the runs through time, and which goes on from which

It holds nothing of the engine: what pictures are made from can be sent, stored and read back.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache, cached_property
from hashlib import sha256
from typing import Any

import numpy as np

from tinygrad_rnn.engine.conform import checked
from tinygrad_rnn.engine.context import Passage
from tinygrad_rnn.engine.guard import recorded
from tinygrad_rnn.engine.node import Leaf, Node, ancestors
from tinygrad_rnn.engine.op import Rule
from tinygrad_rnn.engine.summary import Summary
from tinygrad_rnn.engine.tensor import ROLES, Array, Tensor
from tinygrad_rnn.errors import GraphError

__all__ = ["Graph", "GraphCut", "GraphNode", "GraphPassage", "GraphTerm"]

FORMAT, VERSION = "tinygrad_rnn.graph", 2
Positions = int | range | tuple[int, ...]
Place = tuple[tuple[str, ...], tuple[str | None, ...], int | None]  # scope, classes, passage


@dataclass(frozen=True)
class GraphCut:
    """What a value was before `detach()` cut it from its graph."""

    title: str
    passage: int | None
    step: int | None


@dataclass(frozen=True)
class GraphPassage:
    """One run of something through time.

    Attributes:
        number: by which nodes refer to it; they count from 1 in the order in which the passages began.
        scope, classes: the part of the model that it was opened in, and the classes of those parts.
        start: the step before its first: 0, or the last step of the passage that it goes on from.
        after: (passage, step) in which its first state was made, None where it starts anew; the passage is None where
            nothing of it is in this graph, or where the steps were the program's own.
        reverse: whether it runs from the last step to the first.
    """

    number: int
    scope: tuple[str, ...]
    classes: tuple[str | None, ...]
    start: int = 0
    after: tuple[int | None, int] | None = None
    reverse: bool = False


@dataclass(frozen=True)
class GraphTerm:
    """What one use adds to the gradient ∇ of the value that it uses.

    Attributes:
        norm: ‖term‖.
        along: the part of it along the whole, ⟨term, ∇⟩ / ‖∇‖, negative where it goes against it; these add up to ‖∇‖,
            which the norms do not.
        sum: the terms that have arrived so far, this one included, in short; after the last one it is ∇.
    """

    norm: float
    along: float
    sum: Summary


@dataclass(frozen=True)
class GraphNode:
    """One node of a snapshot.

    Attributes:
        scope, classes: the path of modules, and the class of each; None for a scope opened by hand.
        passage, step: in which run through time, and at which of its steps; 0 is where its first state stands.
        inputs: (node id, argument position) pairs: `a * a` has two.
        symbol: the sign that a formula uses for the op, the op's name where there is none.
        cut: what a detached value was cut from.
        read: which elements an op such as `x[-1]` took, for each axis: one position, a range, or several; axes that
            are not named are whole. None for other ops, and where it is not known.
        value: its numbers in short, where they were asked for, and those of first states and inputs.
        gradient: ∂(sum of the outputs)/∂node in short, where it was asked for and the node has one.
        cotangents: for each of `inputs` the norm of what flowed back through this use, None where nothing did;
            empty where it was not asked for.
        terms: for each of `inputs` what this use adds to its gradient, None where nothing flowed back; empty where
            it was not asked for. They arrive from the newest node to the oldest, in a node from its first argument on.
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
    symbol: str | None = None
    classes: tuple[str | None, ...] = ()
    passage: int | None = None
    cut: GraphCut | None = None
    read: tuple[Positions, ...] | None = None
    value: Summary | None = None
    gradient: Summary | None = None
    cotangents: tuple[float | None, ...] = ()
    terms: tuple[GraphTerm | None, ...] = ()


@dataclass(frozen=True)
class Graph:
    """A read-only snapshot of a recorded graph; ids count from 0 in creation order.

    >>> import tinygrad_rnn as tg
    >>> a = tg.tensor(3.0, requires_grad=True, name="a")
    >>> g = tg.graph(a * a)
    >>> g
    Graph(2 nodes, 2 uses, 1 parameter)
    >>> [(node.op, node.inputs) for node in g.nodes]
    [(None, ()), ('multiply', ((0, 0), (0, 1)))]
    >>> g.uses(g.nodes[0])
    ((1, 0), (1, 1))
    >>> tg.Graph.from_json(g.to_json()) == g  # as long as no value is NaN, which equals nothing
    True
    """

    nodes: tuple[GraphNode, ...]
    outputs: tuple[int, ...] = ()
    passages: tuple[GraphPassage, ...] = ()

    def __repr__(self) -> str:
        counts = {
            "node": len(self.nodes),
            "use": sum(len(node.inputs) for node in self.nodes),
            "parameter": len(self.parameters),
            "passage": len(self.passages),
        }
        return f"Graph({', '.join(_counted(n, what) for what, n in counts.items() if n)})"

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
        """The snapshot as text: {"format": …, "version": 2, "nodes": […], "outputs": […], "passages": […], "sha256": …}

        `sha256` is of all the rest, so that damage is noticed. A text that is edited by hand is read without it.
        """
        document = _to_plain({"format": FORMAT, "version": VERSION, **asdict(self)})
        whole = {**document, "sha256": _digest(document)}
        return json.dumps(whole, indent=indent, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Graph:
        """The snapshot that `to_json` wrote, in this version or in version 1. Raises GraphError for anything else."""
        try:
            document = json.loads(text)
            if not isinstance(document, dict):
                raise ValueError("it is not a JSON object")
            written = document.pop("sha256", None)
            if document["format"] != FORMAT or document["version"] not in (1, VERSION):
                raise ValueError(f"format {document['format']!r}, version {document['version']!r}")
            if unknown := document.keys() - {"format", "version", "nodes", "outputs", "passages"}:
                raise ValueError(f"an entry {min(unknown)!r}")
            if written is not None and written != _digest(document):
                raise ValueError("it was changed after it was written; an edited graph is read without its sha256")
            nodes = tuple(_node(row) for row in document["nodes"])
            outputs = tuple(document["outputs"])
            passages = tuple(GraphPassage(**_with_tuples(row)) for row in document.get("passages", ()))
            ordered = all(n.id == i and all(0 <= source < i for source, _ in n.inputs) for i, n in enumerate(nodes))
            if not ordered or not all(0 <= id < len(nodes) for id in outputs):
                raise ValueError("node ids do not count from 0 in creation order")
            graph = cls(nodes, outputs, passages)
            if written is None:
                _check(graph)
            return graph
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            raise GraphError(
                "Graph.from_json: the text is not a graph of this version",
                expected="what Graph.to_json() wrote, version 1 or 2",
                got=f"{type(error).__name__}: {error}",
            ) from None


def _counted(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


# taking one


def snapshot(
    outputs: Sequence[Any],
    *,
    values: bool = False,
    gradients: Mapping[Node, Array] | None = None,
    cotangents: Mapping[tuple[Node, int], float] | None = None,
    terms: Mapping[tuple[Node, int], GraphTerm] | None = None,
) -> Graph:
    """The Graph behind `outputs`.

    Args:
        values: keep every node's value in short.
        gradients: ∂(sum of the outputs)/∂node, of the nodes that have one.
        cotangents: the norm of what flowed back through a use, by (node, argument position).
        terms: what a use added to a gradient, by the same.
    """
    ends = [
        x.node if isinstance(x, Tensor) and not x.is_leaf else recorded("graph", f"output {k}", x)
        for k, x in enumerate(outputs)
    ]
    nodes = ancestors(ends)[::-1]
    ids = {node: i for i, node in enumerate(nodes)}
    passages = _passages(nodes)
    places: dict[int, Place] = {}  # nodes share their contexts: each is described once
    rows = _leaves_placed([_recorded(node, ids, passages, places) for node in nodes])
    if values:
        rows = [replace(row, value=_value(node)) for row, node in zip(rows, nodes, strict=True)]
    else:  # whether a first state, or an input, is zero is a part of what was done, and shown by every picture
        for k, node in enumerate(nodes):
            given = rows[k].role == "initial_state" or (rows[k].role == "input" and rows[k].op is None)
            if given and node.value is not None:
                rows[k] = replace(rows[k], value=Summary.of(node.value))
    if gradients is not None:
        found, arrived = gradients, cotangents or {}
        rows = [_with_gradient(row, node, found, arrived) for row, node in zip(rows, nodes, strict=True)]
    if terms is not None:
        rows = [replace(row, terms=_by_use(node, terms)) for row, node in zip(rows, nodes, strict=True)]
    return Graph(tuple(rows), tuple(ids[node] for node in ends), _described(passages))


def _recorded(
    node: Node, ids: Mapping[Node, int], passages: Mapping[int, tuple[int, Passage]], places: dict[int, Place]
) -> GraphNode:
    """What was recorded of a node, without its numbers."""
    context, op = node.context, node.op
    place = places.get(id(context))
    if place is None:
        kinds = tuple(part.kind for part in context.scope)
        place = places[id(context)] = context.path, kinds, _number(context.passage, passages)
    scope, classes, passage = place
    role, name = node.label or (None, None)
    return GraphNode(
        ids[node],
        op.name if op else None,
        role,
        name,
        scope,
        context.step,
        node.shape,
        _dtype_name(node.dtype),
        node.requires_grad,
        tuple((ids[p], k) for k, p in enumerate(node.inputs) if p is not None),
        op.symbol if op else None,
        classes,
        passage,
        _cut(node, passages) if op is None else None,
        None if op is None or op.reads is None else _read(node, op.reads),
    )


def _leaves_placed(rows: list[GraphNode]) -> list[GraphNode]:
    """A leaf stands where it was first used, which may have been in another graph: then where this one uses it."""
    users: dict[int, list[GraphNode]] = {row.id: [] for row in rows if row.op is None and row.step is not None}
    for row in rows:
        for source, _ in row.inputs:
            if source in users:
                users[source].append(row)
    for id, using in users.items():
        row = rows[id]
        passages, steps = {user.passage for user in using}, {(user.passage, user.step) for user in using}
        if row.cut or (row.passage in passages if row.step == 0 else (row.passage, row.step) in steps):
            continue
        passage = passages.pop() if len(passages) == 1 else None
        step = row.step if row.step == 0 else steps.pop()[1] if len(steps) == 1 else None
        rows[id] = replace(row, passage=passage, step=step)
    return rows


def _with_gradient(
    row: GraphNode, node: Node, gradients: Mapping[Node, Array], cotangents: Mapping[tuple[Node, int], float]
) -> GraphNode:
    """The row with what flowed back to the node, and through each of its uses of others."""
    gradient = Summary.of(gradients[node]) if node in gradients else None
    return replace(row, gradient=gradient, cotangents=_by_use(node, cotangents))


def _by_use(node: Node, known: Mapping[tuple[Node, int], Any]) -> tuple[Any, ...]:
    """What is known of each use that a node makes of others."""
    return tuple(known.get((node, k)) for k, p in enumerate(node.inputs) if p is not None)


@cache
def _dtype_name(dtype: np.dtype[Any]) -> str:
    return str(dtype)  # NumPy puts it together anew each time


def _passages(nodes: Sequence[Node]) -> dict[int, tuple[int, Passage]]:
    """Every passage that something was made in, or cut from, numbered from 1 in the order in which they began."""
    cuts = (node.cut for node in nodes if isinstance(node, Leaf) and node.cut is not None)
    told = [*(node.context.passage for node in nodes if node.op), *(cut.passage for cut in cuts)]
    found = {passage.number: passage for passage in told if passage is not None}
    return {number: (k, found[number]) for k, number in enumerate(sorted(found), 1)}


def _number(passage: Passage | None, passages: Mapping[int, tuple[int, Passage]]) -> int | None:
    known = None if passage is None else passages.get(passage.number)
    return known[0] if known else None


def _described(passages: Mapping[int, tuple[int, Passage]]) -> tuple[GraphPassage, ...]:
    def described(k: int, p: Passage) -> GraphPassage:
        known = passages.get(p.after[0]) if p.after and p.after[0] is not None else None
        after = (known[0] if known else None, p.after[1]) if p.after else None
        names, kinds = tuple(part.name for part in p.scope), tuple(part.kind for part in p.scope)
        return GraphPassage(k, names, kinds, p.start, after, p.reverse)

    return tuple(described(k, passage) for k, passage in passages.values())


def _cut(node: Node, passages: Mapping[int, tuple[int, Passage]]) -> GraphCut | None:
    cut = node.cut if isinstance(node, Leaf) else None
    return cut and GraphCut(cut.title, _number(cut.passage, passages), cut.step)


def _read(node: Node, reads: Rule) -> tuple[Positions, ...] | None:
    """What the op says that it took, as far as its arguments are still there."""
    source = node.inputs[0]
    known = node.args is not None or (len(node.inputs) == 1 and node.op and len(node.static) == len(node.op.static))
    if source is None or not known:
        return None
    found: tuple[Positions, ...] | None = reads(source.shape, *(node.args or ())[1:], **node.static)
    return found


def _value(node: Node) -> Summary:
    if node.value is None:
        raise GraphError(
            f"graph: the value of {node.title} was released by {node.released}",
            where=str(node.context),
            help="take the graph with its values before backward(), or call backward(retain_graph=True)",
        )
    return Summary.of(node.value)


# as JSON, which has no ranges and no NaN


def _digest(document: Mapping[str, Any]) -> str:
    return sha256(json.dumps(document).encode()).hexdigest()


def _to_plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_to_plain(item) for item in value]
    if isinstance(value, range):
        return {"start": value.start, "stop": value.stop, "step": value.step}
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _with_tuples(value: Any) -> Any:
    """The lists of a document as tuples, its ranges as ranges."""
    if isinstance(value, dict):
        if value.keys() == {"start", "stop", "step"}:
            return range(value["start"], value["stop"], value["step"])
        return {key: _with_tuples(item) for key, item in value.items()}
    return tuple(map(_with_tuples, value)) if isinstance(value, list) else value


def _node(row: Mapping[str, Any]) -> GraphNode:
    fields = _with_tuples(row)
    if isinstance(fields.get("gradient"), int | float):  # version 1 knew the norm alone
        fields["gradient"] = {"zero": fields["gradient"] == 0, "norm": fields["gradient"]}
    for name in ("value", "gradient"):
        fields[name] = fields.get(name) and _summary(fields[name])
    fields["cut"] = fields.get("cut") and GraphCut(**fields["cut"])
    fields["cotangents"] = tuple(map(_number_of, fields.get("cotangents", ())))
    fields["terms"] = tuple(term and _term(term) for term in fields.get("terms", ()))
    return GraphNode(**fields)


def _check(graph: Graph) -> None:
    """Raise where a graph that nobody vouches for holds what no recording makes."""
    for passage in graph.passages:
        checked(passage)
    passages = {None, *(passage.number for passage in graph.passages)}
    for node in graph.nodes:
        checked(node)
        if min(node.shape, default=0) < 0 or (node.step or 0) < 0 or node.passage not in passages:
            raise ValueError(f"node {node.id} has shape {node.shape}, step {node.step}, passage {node.passage}")
        if node.role not in (None, *ROLES):
            raise ValueError(f"node {node.id} has the role {node.role!r:.60}")


def _summary(row: Mapping[str, Any]) -> Summary:
    numbers = row.get("numbers")
    ends = {name: _number_of(row.get(name)) for name in ("norm", "min", "max")}
    return Summary(zero=row["zero"], numbers=numbers and tuple(map(_number_of, numbers)), **ends)


def _term(row: Mapping[str, Any]) -> GraphTerm:
    return GraphTerm(_number_of(row["norm"]), _number_of(row["along"]), _summary(row["sum"]))


def _number_of(value: Any) -> Any:
    return float(value) if isinstance(value, str) else value
