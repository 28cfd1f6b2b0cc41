"""Rematerialisation: the outputs of f as one node, whose rules run f again; memory traded for time.

kept        x → ● → ● → ● → y          every value inside f
computed again   x ──── ○ ────→ y      x and y; f runs once more when a gradient comes
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinygrad_rnn.autodiff.backprop import backprop
from tinygrad_rnn.autodiff.forward import propagate_tangents
from tinygrad_rnn.autodiff.functions import P, Y, check_function, identity
from tinygrad_rnn.engine.context import CONTEXT, enable_grad
from tinygrad_rnn.engine.declare import primitive
from tinygrad_rnn.engine.node import Node
from tinygrad_rnn.engine.tensor import Array, Tensor, from_array
from tinygrad_rnn.engine.trees import flatten
from tinygrad_rnn.errors import GraphError
from tinygrad_rnn.ops.indexing import getitem
from tinygrad_rnn.ops.shape import astype, reshape
from tinygrad_rnn.ops.stacking import concatenate

__all__ = ["checkpoint"]


def checkpoint(f: Callable[P, Y]) -> Callable[P, Y]:
    """f, recorded as one node: its inside is forgotten after the forward pass and computed again in the backward.

    Memory for one run of f at a time, at the cost of a second forward. What f closes over gets its gradient too.
    f must compute the same again: a Dropout inside has to draw from a generator made inside.

    Raises:
        GraphError: in the backward, when f's second run gives other values than its first.

    >>> import tinygrad_rnn as tg
    >>> tg.grad(tg.checkpoint(lambda x: tg.tanh(x) ** 2))(0.5) == tg.grad(lambda x: tg.tanh(x) ** 2)(0.5)
    tensor(True)
    """

    check_function("checkpoint", f)

    def run(*xs: Any, **options: Any) -> Any:
        leaves, build = flatten(xs)
        moving = [k for k, x in enumerate(leaves) if isinstance(x, Tensor) and x.requires_grad]
        now = CONTEXT.get()
        if not now.recording or now.frozen is not None:  # a plan keeps what its backward needs anyway
            return f(*xs, **options)

        def again(inputs: Sequence[Tensor]) -> tuple[Tensor, list[Any], Any]:
            full = list(leaves)
            for k, x in zip(moving, inputs, strict=True):
                full[k] = x
            with enable_grad():
                ys, build_y = flatten(f(*build(full), **options))
                ends = [y for y in ys if isinstance(y, Tensor) and y.requires_grad]
                packed = concatenate([reshape(y, (-1,)) for y in ends]) if ends else from_array(np.zeros(0), None)
            return packed, ys, build_y

        start = _fresh(np.zeros(0)).node.number  # what is older than this came from outside
        inputs = [_fresh(leaves[k]._array) for k in moving]
        packed, ys, build_y = again(inputs)
        if not packed.requires_grad:
            return build_y(ys)
        outside = _closed_over(packed.node, {x.node for x in inputs}, start)
        parents = (*(leaves[k].node for k in moving), *outside)
        args = tuple(parent.value for parent in parents)
        static = {"again": again, "outside": outside}
        whole = from_array(packed._array, Node(rematerialized.op, parents, args, static, packed._array, now, True))
        return build_y(_unpacked(whole, ys))

    return run


def _fresh(array: Array) -> Tensor:
    x = from_array(array, None)
    x.requires_grad = True
    return x


def _closed_over(end: Node, inputs: set[Node], start: int) -> tuple[Node, ...]:
    """What requires grad behind `end`, was there before node number `start`, and is none of the run's inputs."""
    seen, stack_, outside = {end}, [end], []
    while stack_:
        node = stack_.pop()
        if node.op is None or node.number < start:
            if node not in inputs:
                outside.append(node)
            continue
        for parent in node.inputs:
            if parent is not None and parent.requires_grad and parent not in seen:
                seen.add(parent)
                stack_.append(parent)
    return tuple(sorted(outside, key=lambda node: node.number))


def _unpacked(whole: Tensor, ys: Sequence[Any]) -> list[Any]:
    parts, at = [], 0
    for y in ys:
        if isinstance(y, Tensor) and y.requires_grad:
            part = reshape(getitem(whole, index=slice(at, at + y.size)), y.shape)
            parts.append(part if part.dtype == y.dtype else astype(part, dtype=y.dtype))
            at += y.size
        else:
            parts.append(y)
    return parts


def _rerun(y: Any, xs: Sequence[Any], again: Any, outside: tuple[Node, ...]) -> tuple[list[Tensor], Tensor]:
    start = _fresh(np.zeros(0)).node.number
    inputs = [identity(x) if isinstance(x, Tensor) else _fresh(x) for x in xs[: len(xs) - len(outside)]]
    packed, _, _ = again(inputs)
    if not set(outside) <= set(_closed_over(packed.node, {x.node for x in inputs}, start)):
        raise GraphError(
            "checkpoint: the function closes over other values when it runs again",
            expected="the parameters that it used the first time",
            help="with functional_call, put the checkpoint around it: checkpoint(lambda w, x: functional_call(…))",
        )
    before = y._array if isinstance(y, Tensor) else y
    if not np.array_equal(packed._array, before, equal_nan=True):
        raise GraphError(
            "checkpoint: the function gave other values when it ran again",
            expected="the same computation both times",
            help="make its random numbers from a seed inside it, or pass them in",
        )
    return inputs, packed


@primitive
def rematerialized(*xs: Array, again: Any, outside: Any) -> Array:
    """y = f(xs), flattened and concatenated; its rules run f again."""
    packed, _, _ = again([_fresh(x) for x in xs[: len(xs) - len(outside)]])
    return np.asarray(packed._array)


def _checkpoint_vjp(gy: Any, y: Any, *xs: Any, needed: Sequence[bool], again: Any, outside: Any) -> list[Any]:
    inputs, packed = _rerun(y, xs, again, outside)
    nodes = [*(x.node for x in inputs), *outside]
    # stop: one value that f closes over may be made from another, and that step belongs to the outer graph
    found = backprop([packed.node], [gy], nodes, record=isinstance(gy, Tensor), stop=True)
    return [found.get(node) for node in nodes]


def _checkpoint_jvp(dxs: Sequence[Any], y: Any, *xs: Any, again: Any, outside: Any) -> Any:
    inputs, packed = _rerun(y, xs, again, outside)
    moving = {node: dx for node, dx in zip([*(x.node for x in inputs), *outside], dxs, strict=True) if dx is not None}
    record = any(isinstance(dx, Tensor) for dx in moving.values())
    return propagate_tangents([packed.node], list(moving), list(moving.values()), record=record)[packed.node]


rematerialized.vjp(xs=_checkpoint_vjp)
rematerialized.jvp(xs=_checkpoint_jvp)
