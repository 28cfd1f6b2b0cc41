"""What was recorded: nodes, and the scope and time step each was made in.

    scope("encoder"), step(3)  →  Mode(scope=("encoder",), step=3)  ←  every Node made inside
    Tensor → Node → inputs: Node, Node, …       creation order is a topological order
    graph(loss) → Graph                         a read-only snapshot: plain data, JSON out and in

A node owns the array it stands for and never the Tensor, so nothing here forms a cycle.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import asdict, dataclass, field
from functools import cached_property, wraps
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tinygrad_rnn.errors import GraphError

if TYPE_CHECKING:
    from tinygrad_rnn.primitive import Op
    from tinygrad_rnn.tensor import Tensor

ROLES = ("parameter", "input", "initial_state", "hidden_state", "cell_state", "gate", "output", "target", "loss")


class Mode(NamedTuple):
    """How ops run at this moment in this thread or task: one value, swapped whole and shared by the nodes."""

    recording: bool = True
    anomaly: bool = False
    scope: tuple[str, ...] = ()
    step: int | None = None
    steps: int | None = None

    def __str__(self) -> str:
        """
        >>> print(Mode(scope=("encoder", "lstm"), step=3, steps=20))
        encoder/lstm, step 3 of 20
        """
        of = "" if self.steps is None else f" of {self.steps}"
        time = "" if self.step is None else f"step {self.step}{of}"
        return ", ".join(part for part in ("/".join(self.scope), time) if part)


MODE: ContextVar[Mode] = ContextVar("tinygrad_rnn.mode", default=Mode())  # noqa: B039  (a tuple: safe to share)


class mode:  # noqa: N801  (a context manager, named as a function)
    """Run the block, or the function it decorates, in the present mode with these fields changed."""

    __slots__ = ("changes", "tokens")

    def __init__(self, **changes: Any) -> None:
        self.changes = changes
        self.tokens: Any = None  # one for each time it is entered, the latest first

    def __enter__(self) -> None:
        self.tokens = MODE.set(MODE.get()._replace(**self.changes)), self.tokens

    def __exit__(self, *error: object) -> None:
        token, self.tokens = self.tokens
        MODE.reset(token)

    def __call__(self, f: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(f)
        def changed(*args: Any, **kwargs: Any) -> Any:
            with mode(**self.changes):
                return f(*args, **kwargs)

        return changed


def scope(name: str) -> mode:
    """Ops in the block belong to the part of the model called `name`; scopes nest.

    >>> with scope("encoder"), scope("lstm"):
    ...     print(MODE.get())
    encoder/lstm
    """
    return mode(scope=(*MODE.get().scope, name))


def step(t: int, of: int | None = None) -> mode:
    """Ops in the block belong to time step `t`, counted from 1; 0 is where the initial state stands.

    >>> with step(3, of=20):
    ...     print(MODE.get())
    step 3 of 20
    """
    if t < 0:
        raise GraphError(f"step: {t} is before the initial state", expected="t = 0 for the initial state, then 1, 2, …")
    return mode(step=t, steps=of)


def no_grad() -> mode:
    """Ops in the block are computed and not recorded: results do not require grad."""
    return mode(recording=False)


def enable_grad() -> mode:
    """Ops in the block are recorded again, inside a `no_grad()`."""
    return mode(recording=True)


def detect_anomaly() -> mode:
    """The first value in the block that is not finite, forward or backward, raises AnomalyError.

    The message names the op, its scope and time step, and the line of your code that called it. Slow: for debugging.
    """
    return mode(anomaly=True)


_numbers = count()


class Node:
    """One recorded value: an op's output with what it was made from, or a leaf (op None) that was given.

    Attributes:
        number: creation number; every input's is smaller.
        op, inputs, args, static: the op, the nodes of its arguments (None for a Python scalar), the arguments'
            arrays, and its keyword arguments. `args` becomes None when a backward pass releases the node.
        value: the output array, or None once released.
        mode: scope and step at creation.
    """

    __slots__ = ("args", "dtype", "inputs", "label", "mode", "number", "op", "released", "requires_grad", "shape",
                 "source", "static", "value")  # fmt: skip
    released: str
    source: str

    def __init__(
        self,
        op: Op | None,
        inputs: tuple[Node | None, ...],
        args: tuple[Any, ...] | None,
        static: Mapping[str, Any],
        value: np.ndarray,
        mode: Mode,
        requires_grad: bool,
    ) -> None:
        self.number = next(_numbers)
        self.op = op
        self.inputs = inputs
        self.args = args
        self.static = static
        self.value: np.ndarray | None = value
        self.shape = value.shape
        self.dtype = value.dtype
        self.mode = mode
        self.requires_grad = requires_grad
        self.label: tuple[str | None, str | None] | None = None

    @property
    def title(self) -> str:
        """What to call it in a message: its name, else its op."""
        name = self.label[1] if self.label else None
        return name or (self.op.name if self.op else "leaf")


class Leaf(Node):
    """A value that no op made: a parameter, an input, an initial state, a constant.

    `owner` finds the Tensor it stands for, to hand it the gradient; `version` counts that Tensor's assignments, and
    `stale` is the version that replaced this one, if any did.
    """

    __slots__ = ("owner", "stale", "version")

    def __init__(
        self, value: np.ndarray, mode: Mode, requires_grad: bool, version: int, owner: Callable[[], Any]
    ) -> None:
        super().__init__(None, (), (), {}, value, mode, requires_grad)
        self.owner = owner
        self.version = version
        self.stale: int | None = None


def label(tensor: Tensor, role: str | None, name: str | None = None) -> Tensor:
    """Say what a value is, for messages and pictures; the value itself is returned unchanged.

    Args:
        tensor: whose value it is.
        role: "parameter", "input", "initial_state", "hidden_state", "cell_state", "gate", "output", "target", "loss".
        name: what a person calls it: "h", "W_hh", "i".
    """
    if role is not None and role not in ROLES:
        raise GraphError(f"label: there is no role {role!r}", expected=", ".join(ROLES))
    if MODE.get().recording and hasattr(tensor, "node"):  # what an op gave for arrays has none
        tensor.node.label = (role, name)
    return tensor


def ancestors(
    outputs: Sequence[Node], grad_only: bool = False, floor: int = -1, ends: Sequence[Node] = ()
) -> list[Node]:
    """Every node that `outputs` were made from, newest first: a reachability walk with its own stack, and one sort.

    Args:
        outputs: where the walk starts; they come along.
        grad_only: only those that require grad.
        floor: none with a smaller number.
        ends: not what these were made from.
    """
    seen = {*outputs, *ends}
    stack = list(outputs)
    while stack:
        for parent in stack.pop().inputs:
            if (
                parent is not None
                and parent not in seen
                and (parent.requires_grad or not grad_only)
                and parent.number >= floor
            ):
                seen.add(parent)
                stack.append(parent)
    return sorted(seen, key=lambda node: -node.number)


@dataclass(frozen=True)
class GraphNode:
    """One node of a snapshot.

    Attributes:
        inputs: (node id, argument position) pairs: `a * a` has two.
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
                scope=node.mode.scope,
                step=node.mode.step,
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
