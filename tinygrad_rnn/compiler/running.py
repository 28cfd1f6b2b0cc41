"""A call by a plan: arrays in, Tensors out, whose one node has the plan's backward.

arguments, parameters → forward → y ── node ── gy → backward → gx
                                       └── with create_graph: f itself, once more, and its own backward
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinygrad_rnn.autodiff.backprop import backprop
from tinygrad_rnn.autodiff.forward import propagate_tangents
from tinygrad_rnn.autodiff.functions import identity
from tinygrad_rnn.autodiff.usable import check_usable
from tinygrad_rnn.compiler.plan import Plan
from tinygrad_rnn.compiler.recorded import Recorded
from tinygrad_rnn.compiler.replay import Replay
from tinygrad_rnn.compiler.trace import COMPUTED, Given, Trace
from tinygrad_rnn.engine.context import CONTEXT, enable_grad
from tinygrad_rnn.engine.node import Node
from tinygrad_rnn.engine.op import Op
from tinygrad_rnn.engine.tensor import Tensor, from_array
from tinygrad_rnn.engine.trees import flatten
from tinygrad_rnn.errors import GraphError
from tinygrad_rnn.ops.indexing import getitem
from tinygrad_rnn.ops.shape import astype, reshape
from tinygrad_rnn.ops.stacking import concatenate

__all__ = ["replayed"]


class Pending:
    """A call whose backward is still to come; the memory that it holds goes back to the plan with it."""

    __slots__ = ("again", "kept", "plan", "replay")

    def __init__(self, plan: Plan, replay: Replay, kept: Any, again: Any) -> None:
        self.plan, self.replay, self.kept, self.again = plan, replay, kept, again

    def __del__(self) -> None:
        self.kept = None
        self.plan.free.append(self.replay)


def replayed(f: Callable[..., Any], each: Recorded, leaves: list[Any], args: Any, kwargs: Any, recording: bool) -> Any:
    """What f gives for these arguments, by the plan of this recording."""
    plan, trace = each.plan, each.trace
    moving = recording and bool(plan.flowing)
    arrays = [_array(given, leaves, moving) for given in trace.given]
    states = [rng.bit_generator.state for rng in each.generators] if each.generators else []
    replay = plan.replay()
    try:
        outputs, kept = replay.forward(*arrays)
    except Exception:
        f(*args, **kwargs)  # what is wrong with the arguments is said best by f itself
        raise
    if not moving:
        plan.free.append(replay)
        return _returned(trace, leaves, [from_array(y, None) for y in outputs])
    again = _Again(f, args, kwargs, each, plan, states, arrays)
    pending = Pending(plan, replay, kept, again)
    return _returned(trace, leaves, _recorded_outputs(plan, trace, leaves, outputs, pending))


def _array(given: Given, leaves: list[Any], moving: bool) -> np.ndarray:
    if given.argument is not None:
        leaf = leaves[given.argument]
        return leaf._array if isinstance(leaf, Tensor) else leaf.copy() if moving else leaf
    if given.tensor is not None:
        return given.tensor._array
    if given.array is not None:
        return np.array(given.array, dtype=given.dtype)
    assert given.node is not None
    check_usable([given.node])
    assert given.node.value is not None
    return given.node.value


def _node(given: Given, leaves: list[Any]) -> Node:
    if given.argument is not None:
        node: Node = leaves[given.argument].node
        return node
    if given.tensor is not None:
        return given.tensor.node
    assert given.node is not None
    return given.node


def _recorded_outputs(
    plan: Plan, trace: Trace, leaves: list[Any], outputs: Sequence[np.ndarray], pending: Pending
) -> list[Tensor]:
    """The outputs as Tensors: one node for all those that gradients flow back from."""
    parents = tuple(_node(trace.given[k], leaves) for k in plan.reached)
    args = tuple(parent.value for parent in parents)
    now, static = CONTEXT.get(), {"call": pending}
    ys = [outputs[k] for k in plan.flowing]
    made = [from_array(y, None) for y in outputs]
    if len(ys) == 1:
        made[plan.flowing[0]] = from_array(ys[0], Node(COMPILED, parents, args, static, ys[0], now, True))
        return made
    whole = np.concatenate([y.ravel() for y in ys])
    packed, at = from_array(whole, Node(COMPILED, parents, args, static, whole, now, True)), 0
    for k, y in zip(plan.flowing, ys, strict=True):
        part = reshape(getitem(packed, index=slice(at, at + y.size)), y.shape)
        made[k] = part if part.dtype == y.dtype else astype(part, dtype=y.dtype)
        at += y.size
    return made


def _returned(trace: Trace, leaves: list[Any], made: list[Tensor]) -> Any:
    """What f returned the first time, with these Tensors in it."""
    values, parts = iter(zip(trace.passed, made, strict=True)), []
    for leaf in trace.returned:
        if leaf is not COMPUTED:
            parts.append(leaf.copy() if isinstance(leaf, np.ndarray) else leaf)
            continue
        source, tensor = next(values)
        if source is not None and source.argument is not None and isinstance(leaves[source.argument], Tensor):
            tensor = leaves[source.argument]
        elif source is not None and source.tensor is not None:
            tensor = source.tensor
        parts.append(tensor)
    return trace.build(parts)


class _Again:
    """f once more, as it is: what a derivative of the derivative is taken through."""

    def __init__(
        self, f: Any, args: Any, kwargs: Any, each: Recorded, plan: Plan, states: list[Any], arrays: list[np.ndarray]
    ) -> None:
        self.f, self.args, self.kwargs, self.guards = f, args, kwargs, each.guards
        self.trace, self.plan, self.generators, self.states = each.trace, plan, each.generators, states
        given = zip(each.trace.given, arrays, strict=True)
        self.live = [(source.array, array) for source, array in given if source.array is not None]

    def run(self, xs: Sequence[Any]) -> tuple[list[Node], Tensor]:
        """The nodes of what `xs` stand for in this run, and the packed outputs."""
        now = all(np.array_equal(array, was, equal_nan=was.dtype.kind == "f") for array, was in self.live)
        if not (now and self.guards.hold()):
            raise GraphError(
                "compile: what the function reads from outside has changed since it was called",
                expected="the same, for a derivative that is to be differentiated: the function runs again for it",
            )
        leaves, build = flatten((self.args, self.kwargs))
        nodes: list[Node] = []
        for k, x in zip(self.plan.reached, xs, strict=True):
            source = self.trace.given[k]
            if source.argument is not None:
                fresh = identity(x) if isinstance(x, Tensor) else _fresh(x)
                leaves[source.argument] = fresh
                nodes.append(fresh.node)
            else:
                nodes.append(_node(source, leaves))
        with enable_grad():
            args, kwargs = build(leaves)
            present = [rng.bit_generator.state for rng in self.generators]
            _set(self.generators, self.states)
            returned, _ = flatten(self.f(*args, **kwargs))
            _set(self.generators, present)
            ys = [y for y in returned if isinstance(y, Tensor)]
            ends = [ys[k] for k in self.plan.flowing]
            packed = ends[0] if len(ends) == 1 else concatenate([reshape(y, (-1,)) for y in ends])
        return nodes, packed


def _set(generators: list[Any], states: list[Any]) -> None:
    for rng, state in zip(generators, states, strict=True):
        rng.bit_generator.state = state


def _fresh(array: np.ndarray) -> Tensor:
    x = from_array(array, None)
    x.requires_grad = True
    return x


def compiled(*xs: np.ndarray, call: Pending) -> np.ndarray:
    """y = f(xs), by a plan."""
    return np.asarray(call.again.run(list(xs))[1]._array)


def _vjp(gy: Any, y: Any, *xs: Any, needed: Sequence[bool], call: Pending) -> list[Any]:
    if isinstance(gy, Tensor):
        nodes, packed = call.again.run(xs)
        found = backprop([packed.node], [gy], nodes, record=True, stop=True)
        return [found.get(node) for node in nodes]
    plan = call.plan
    if len(plan.flowing) == 1:
        parts = [gy]
    else:
        parts, at = [], 0
        for k in plan.flowing:
            size = int(np.prod(plan.shapes[k], dtype=int))
            parts.append(gy[at : at + size].reshape(plan.shapes[k]).astype(plan.dtypes[k], copy=False))
            at += size
    return list(call.replay.backward(*call.kept, *parts))


def _jvp(dxs: Sequence[Any], y: Any, *xs: Any, call: Pending) -> Any:
    nodes, packed = call.again.run(xs)
    moving = {node: dx for node, dx in zip(nodes, dxs, strict=True) if dx is not None}
    record = any(isinstance(dx, Tensor) for dx in moving.values())
    return propagate_tangents([packed.node], list(moving), list(moving.values()), record=record)[packed.node]


COMPILED = Op(compiled)
COMPILED.fresh = True
COMPILED.vjps = [_vjp]
COMPILED.jvps = [_jvp]
