"""The one loop of reverse mode: cotangents flow from outputs back to everything they were made from.

    order: the ancestors, newest first (their numbers are a topological order)
    for each node:  gy  →  rule of each argument  →  gx  →  summed up at that argument's node

On arrays the loop is NumPy; with `record` it runs on Tensors and is recorded itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_rnn.errors import AnomalyError, GraphError
from tinygrad_rnn.graph import MODE, Leaf, Node, ancestors
from tinygrad_rnn.messages import caller
from tinygrad_rnn.ops.arithmetic import add
from tinygrad_rnn.ops.shape import astype, sum_to
from tinygrad_rnn.tensor import Array, Tensor, wrap


def pull(
    outputs: Sequence[Node],
    cotangents: Sequence[Any],
    wrt: Sequence[Node] | None = None,
    *,
    release: bool = False,
    record: bool = False,
    stop: bool = False,
) -> dict[Node, Any]:
    """The cotangent of every node in `wrt`, of every leaf that requires grad when None; nodes not reached are absent.

    Args:
        outputs: where to start.
        cotangents: one per output: arrays, or Tensors with `record`.
        wrt: the nodes to find the cotangents of.
        release: drop each node's arrays once it has been passed.
        record: run the rules on Tensors, so that what comes back can be differentiated.
        stop: pass nothing on beyond a node of `wrt`.
    """
    floor = -1 if wrt is None else min((node.number for node in wrt), default=0)
    order = ancestors(outputs, grad_only=True, floor=floor, ends=wrt if stop and wrt is not None else ())
    wanted = None if wrt is None else set(wrt)
    needed = None if wanted is None else _leading_to(wanted, order)
    check_usable(order)
    released = f"backward at {caller()}" if release else ""
    anomaly = MODE.get().anomaly

    found: dict[Node, Any] = {}
    arrived = Arrived(record)
    for node, g in zip(outputs, cotangents, strict=True):
        arrived.add(node, g)

    for node in order:
        gy = arrived.take(node)
        if gy is None:
            continue
        if (node.op is None) if wanted is None else (node in wanted):
            found[node] = gy
            if stop:
                continue
        if node.op is not None:
            _pass_back(node, gy, arrived, needed, anomaly)
        if release and node.op is not None:
            node.args = node.value = None
            node.static = {}
            node.released = released
    return found


def _pass_back(node: Node, gy: Any, arrived: Arrived, needed: set[Node] | None, anomaly: bool) -> None:
    """Hand each input of a node its cotangent."""
    op: Any = node.op
    args: Any = node.args
    y: Any = node.value
    record = arrived.record
    if record:
        args = tuple(x if parent is None else wrap(x, parent) for x, parent in zip(args, node.inputs, strict=True))
        y = wrap(y, node)
    rules = _joint(op.vjps[0], gy, y, args, node, needed) if op.variadic else op.vjps
    plain = not record and not anomaly  # where the two shortcuts below may be taken
    for k, parent in enumerate(node.inputs):
        rule = rules[k]
        if parent is None or rule is None or not parent.requires_grad or (needed is not None and parent not in needed):
            continue
        if plain and op.into is not None:
            op.into(arrived.buffer(parent), gy, *args[1:], **node.static)
            continue
        if plain and k in op.together and gy.ndim == len(parent.shape) == np.ndim(args[0]) == 2:
            arrived.postpone(parent, op.together[k], gy, args)
            continue
        gx = rule(gy, y, *args, **node.static)
        if gx.shape != parent.shape:
            gx = sum_to(gx, parent.shape)
        if gx.dtype != parent.dtype:
            gx = astype(gx, dtype=parent.dtype)
        if anomaly:
            _check_finite(gx, node)
        arrived.add(parent, gx)


class Arrived:
    """The cotangents that have arrived at each node so far, added up: the one accumulation site.

    The first to arrive is borrowed, the second makes a sum of our own, later ones are added to that in place: nothing
    is ever added into an array that was not allocated here. Uses of a weight in products wait for each other, up to
    32 of them: one product over all their rows is several times faster than as many small ones.
    """

    __slots__ = ("owned", "record", "slots", "waiting")

    def __init__(self, record: bool) -> None:
        self.record = record
        self.slots: dict[Node, Any] = {}
        self.owned: set[Node] = set()
        self.waiting: dict[Node, tuple[Any, list[Any], list[Any]]] = {}

    def add(self, node: Node, g: Any) -> None:
        """One more cotangent of `node`."""
        slots = self.slots
        if node not in slots:
            slots[node] = g
        elif self.record:
            slots[node] = add(slots[node], g)
        elif node in self.owned:
            np.add(slots[node], g, slots[node])
        else:
            slots[node] = np.asarray(slots[node] + g)
            self.owned.add(node)

    def buffer(self, node: Node) -> Array:
        """An array of our own, in C order, that holds the sum so far, to add to in place."""
        start: Any = self.slots.get(node)
        if node not in self.owned or not start.flags.c_contiguous:
            self.slots[node] = np.zeros(node.shape, node.dtype) if start is None else np.array(start, order="C")
            self.owned.add(node)
        return self.slots[node]

    def postpone(self, node: Node, rule: Any, gy: Array, args: tuple[Array, ...]) -> None:
        """Keep a use of `node` until there are enough to compute together by `rule`."""
        held = self.waiting.get(node)
        if held is not None and held[0] is not rule:
            self.settle(node)
            held = None
        if held is None:
            self.waiting[node] = held = (rule, [], [])
        held[1].append(gy)
        held[2].append(args)
        if len(held[1]) == 32:
            self.settle(node)

    def settle(self, node: Node) -> None:
        """Compute what was postponed for `node`."""
        rule, gys, args = self.waiting.pop(node)
        g = rule(gys, args)
        self.add(node, g if g.dtype == node.dtype else g.astype(node.dtype))

    def take(self, node: Node) -> Any:
        """The whole cotangent of `node`, None where nothing arrived."""
        if node in self.waiting:
            self.settle(node)
        return self.slots.pop(node, None)


def _joint(rule: Any, gy: Any, y: Any, args: tuple[Any, ...], node: Node, needed: set[Node] | None) -> list[Any]:
    """A variadic op's one rule, run once, as a rule per argument that hands out its part."""
    wanted = [p is not None and p.requires_grad and (needed is None or p in needed) for p in node.inputs]
    parts = rule(gy, y, *args, needed=wanted, **node.static)
    return [None if part is None else lambda *_, part=part, **__: part for part in parts]


def _leading_to(wanted: set[Node], order: list[Node]) -> set[Node]:
    """The nodes of `order` that depend on one of `wanted`."""
    reached = set(wanted)
    for node in reversed(order):
        if node not in reached and any(parent in reached for parent in node.inputs):
            reached.add(node)
    return reached


def check_usable(order: Sequence[Node]) -> None:
    """Raise GraphError for a node that was released, or that used a value which has been assigned since."""
    for node in order:
        if node.args is None:
            raise GraphError(
                f"{node.title}: the graph was released",
                expected="one backward per graph",
                got=f"released by {node.released}",
                where=str(node.mode),
                help="backward(retain_graph=True) keeps it; between chunks of a sequence: is a detach() of the "
                "carried state missing?",
            )
        for k, parent in enumerate(node.inputs):
            if isinstance(parent, Leaf) and parent.stale is not None and node.op is not None:
                names = node.op.params
                owner = parent.owner()
                raise GraphError(
                    f"{node.op.name}: its argument {names[min(k, len(names) - 1)]}"
                    f"{f' ({parent.title})' if parent.label else ''} was assigned after it was used",
                    expected=f"version {parent.version}, as when the op ran",
                    got=f"version {parent.stale if owner is None else owner._version}",
                    where=str(node.mode),
                    help="call backward before assign, or compute the loss again",
                )


def _check_finite(gx: Any, node: Node) -> None:
    values = gx._array if isinstance(gx, Tensor) else np.asarray(gx)
    if not np.isfinite(values).all():
        raise AnomalyError(
            f"{node.title}: the gradient it passes back is not finite",
            got=f"{np.count_nonzero(~np.isfinite(values))} of {values.size} values",
            where=", ".join(part for part in (str(node.mode), getattr(node, "source", "")) if part),
        )
