"""Forward mode: tangents flow from the inputs along the recorded graph, oldest node first.

for each node:  dx of each argument  →  its rule  →  terms of dy, added up
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from tinygrad_rnn.autodiff.functions import Y, as_tensors, check_function, check_nested, has_captures, record_function
from tinygrad_rnn.autodiff.returned import Returned
from tinygrad_rnn.autodiff.usable import check_usable
from tinygrad_rnn.engine.context import CONTEXT, enable_grad, no_grad
from tinygrad_rnn.engine.node import Node, ancestors
from tinygrad_rnn.engine.tensor import Tensor, from_array
from tinygrad_rnn.engine.trees import flatten
from tinygrad_rnn.errors import GraphError, ShapeError
from tinygrad_rnn.ops.shape import astype

__all__ = ["jvp"]


def propagate_tangents(
    outputs: Sequence[Node], inputs: Sequence[Node], tangents: Sequence[Any], *, record: bool
) -> dict[Node, Any]:
    """The tangent of every node between `inputs` and `outputs` that one reaches."""
    moving: dict[Node, Any] = dict(zip(inputs, tangents, strict=True))
    floor = min((node.number for node in inputs), default=0)
    for node in reversed(ancestors(outputs, grad_only=True, floor=floor)):
        if node in moving or node.op is None or not any(parent in moving for parent in node.inputs):
            continue
        check_usable([node])
        args: Any = node.args
        y: Any = node.value
        if record:
            args = tuple(
                x if parent is None else from_array(x, parent) for x, parent in zip(args, node.inputs, strict=True)
            )
            y = from_array(y, node)
        dxs = [None if parent is None else moving.get(parent) for parent in node.inputs]
        rules: Any = node.op.jvps
        if node.op.variadic:
            terms = [(0, rules[0](dxs, y, *args, **node.static))]
        else:
            terms = [
                (k, rule(dx, y, *args, **node.static))
                for k, (rule, dx) in enumerate(zip(rules, dxs, strict=True))
                if rule is not None and dx is not None
            ]
        if not terms:
            continue
        fitted = [_term(dy, node, k, record) for k, dy in terms]
        moving[node] = sum(fitted[1:], fitted[0])
    return moving


def _term(dy: Any, node: Node, k: int, record: bool) -> Any:
    """What the rule of argument k says, in the shape and dtype of its node."""
    rule = Returned("jvp", node, k)
    dy = rule.array(dy, record)
    if dy.shape != node.shape:
        dy = rule.stretched(dy, node.shape)
    return dy if dy.dtype == node.dtype else rule.cast(dy, node.dtype)


def jvp(f: Callable[..., Y], xs: Sequence[Any], dxs: Sequence[Any], **options: Any) -> tuple[Y, Y]:
    """f(*xs) and the directional derivative dy = Σ (∂y/∂xᵢ) dxᵢ, in one pass.

    Args:
        f: takes and returns Tensors, nested in tuples, lists and dicts as you like.
        xs: the arguments, nested likewise.
        dxs: tangents, nested and shaped like `xs`.
        **options: handed on to f, and not differentiated.
    Returns:
        (y, dy), nested alike.
    Raises:
        GraphError, ShapeError: the tangents are not nested or shaped like the arguments.

    >>> import tinygrad_rnn as tg
    >>> tg.jvp(lambda a, b: a * b, (2.0, 3.0), (1.0, 0.0))[1]
    tensor(3.)
    """
    check_function("jvp", f)
    if not (isinstance(xs, tuple | list) and isinstance(dxs, tuple | list)):
        raise GraphError("jvp: the arguments and the tangents must each be a tuple", expected="jvp(f, (x,), (dx,))",
                         got=f"{type(xs).__name__} and {type(dxs).__name__}")  # fmt: skip
    directions = as_tensors(flatten(tuple(dxs))[0], "a tangent")
    arguments = as_tensors(flatten(tuple(xs))[0], "an argument")
    check_nested("jvp: the tangents are not nested like the arguments", tuple(dxs), tuple(xs))
    for x, dx in zip(arguments, directions, strict=True):
        if x.shape != dx.shape:
            raise ShapeError("jvp: a tangent is not shaped like its argument", expected=str(x.shape), got=str(dx.shape))
    inputs, y, _ = record_function(partial(f, **options), xs)
    ys, build = flatten(y)
    ends = [y for y in ys if isinstance(y, Tensor) and y.requires_grad]
    record = has_captures(ys, inputs) or any(dx.requires_grad for dx in directions)
    recorded = record or CONTEXT.get().frozen is not None
    with enable_grad() if recorded else no_grad():
        starts = [
            astype(dx, dtype=x.dtype) if recorded else dx._array.astype(x.dtype)
            for x, dx in zip(inputs, directions, strict=True)
        ]
        moved = propagate_tangents([end.node for end in ends], [x.node for x in inputs], starts, record=recorded)
    tangents = []
    for y in ys:
        dy = moved.get(y.node) if isinstance(y, Tensor) and y.requires_grad else None
        if dy is None:
            dy = np.zeros_like(y._array if isinstance(y, Tensor) else y)
        dy = dy if isinstance(dy, Tensor) else from_array(np.array(dy), None)
        tangents.append(dy if record or not recorded else dy.detach())
    values = ys if record else [y.detach() if isinstance(y, Tensor) else y for y in ys]
    return build(list(values)), build(tangents)
