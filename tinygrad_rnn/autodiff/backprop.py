"""The one loop of reverse mode: cotangents flow from outputs back to everything they were made from.

order: the ancestors, newest first (their numbers are a topological order)
for each node:  gy  →  rule of each argument  →  gx  →  added up at that argument's node

On arrays the loop is NumPy; with `record` it runs on Tensors and is recorded itself. How cotangents are added up, and
which of them are computed together, is next door: accumulate.py.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

from tinygrad_rnn.autodiff.accumulate import Cotangents, Shortcuts, check_finite_gradient
from tinygrad_rnn.autodiff.hooked import hooked
from tinygrad_rnn.autodiff.returned import Returned
from tinygrad_rnn.autodiff.usable import check_usable
from tinygrad_rnn.engine.context import CONTEXT
from tinygrad_rnn.engine.node import Node, ancestors
from tinygrad_rnn.engine.tensor import from_array
from tinygrad_rnn.errors import GraphError, caller

__all__ = ["backprop"]

Observer = Callable[[Node, int, Any], None]


def backprop(
    outputs: Sequence[Node],
    cotangents: Sequence[Any],
    wrt: Sequence[Node] | None = None,
    *,
    release: bool = False,
    record: bool = False,
    stop: bool = False,
    own: bool = False,
    shortcuts: bool = True,
    observe: Observer | None = None,
    cut: Collection[tuple[Node, int]] = (),
) -> dict[Node, Any]:
    """The cotangent of every node in `wrt`, of every leaf that requires grad when None; nodes not reached are absent.

    Args:
        outputs: where to start.
        cotangents: one per output: arrays, or Tensors with `record`.
        wrt: the nodes to find the cotangents of.
        release: drop each node's arrays once it has been passed.
        record: run the rules on Tensors, so that what comes back can be differentiated.
        stop: pass nothing on beyond a node of `wrt`.
        own: what comes back is no array that anybody else has; otherwise it may be read, not kept.
        shortcuts: use the fast ways of accumulate.py where they apply; the values are the same without.
        observe: called with (node, argument position, gx) for what flows back through each use.
        cut: uses (node, argument position) through which nothing flows back, as if `detach()` stood there.
    """
    floor = -1 if wrt is None else min((node.number for node in wrt), default=0)
    order = ancestors(outputs, grad_only=True, floor=floor, ends=wrt if stop and wrt is not None else ())
    wanted = None if wrt is None else set(wrt)
    needed = None if wanted is None else _leading_to(wanted, order)
    check_usable(order)
    released = f"backward at {caller()}" if release else ""
    anomaly = CONTEXT.get().anomaly
    arrived = Shortcuts() if shortcuts and not (record or anomaly or observe) else Cotangents(record)
    found: dict[Node, Any] = {}

    for node, g in zip(outputs, cotangents, strict=True):
        arrived.add(node, g)
    for node in order:
        gy = arrived.pop(node)  # whole: every use of the value is newer and was passed before
        if gy is None:
            continue
        if node.hooks:
            gy = hooked(node, gy, node.hooks, record)
        if (node.op is None) if wanted is None else (node in wanted):
            found[node] = arrived.own(node, gy) if own else gy
            if stop:
                continue
        if node.op is not None:
            _pass_back(node, gy, arrived, needed, anomaly, observe, cut)
            if release:
                node.release(released)
    return found


def _pass_back(
    node: Node,
    gy: Any,
    arrived: Cotangents,
    needed: set[Node] | None,
    anomaly: bool,
    observe: Observer | None,
    cut: Collection[tuple[Node, int]],
) -> None:
    """Hand each input of a node its cotangent: gx = rule(gy, y, *args)."""
    op: Any = node.op
    args: Any = node.args
    y: Any = node.value
    if arrived.record:
        args = tuple(x if p is None else from_array(x, p) for x, p in zip(args, node.inputs, strict=True))
        y = from_array(y, node)
    rules = _joint(op.vjps[0], gy, y, args, node, needed) if op.variadic else op.vjps
    for k, parent in enumerate(node.inputs):
        rule = rules[k]
        if parent is None or rule is None or not parent.requires_grad or (needed is not None and parent not in needed):
            continue
        if cut and (node, k) in cut:
            continue
        if (op.into or op.together) and arrived.shortcut(op, k, parent, gy, args, node.static):
            continue
        gx = rule(gy, y, *args, **node.static)
        arrived.add(parent, gx, node, k)
        if anomaly:
            check_finite_gradient(gx, node, parent)
        if observe is not None:
            observe(node, k, gx)


def _joint(rule: Any, gy: Any, y: Any, args: tuple[Any, ...], node: Node, needed: set[Node] | None) -> list[Any]:
    """A variadic op's one rule, run once, as a rule per argument that hands out its part."""
    wanted = [p is not None and p.requires_grad and (needed is None or p in needed) for p in node.inputs]
    parts = rule(gy, y, *args, needed=wanted, **node.static)
    if not isinstance(parts, list | tuple) or len(parts) != len(wanted):
        raise GraphError(
            f"{Returned('vjp', node, 0)} does not return a list of one cotangent for each argument",
            expected=f"{len(wanted)} arrays, None where nothing flows",
            got=f"{type(parts).__name__}{f' of {len(parts)}' if isinstance(parts, list | tuple) else ''}",
            where=str(node.context),
        )
    return [None if part is None else lambda *_, part=part, **__: part for part in parts]


def _leading_to(wanted: set[Node], order: list[Node]) -> set[Node]:
    """The nodes of `order` that depend on one of `wanted`."""
    reached = set(wanted)
    for node in reversed(order):
        if node not in reached and any(parent in reached for parent in node.inputs):
            reached.add(node)
    return reached
