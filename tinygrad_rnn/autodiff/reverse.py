"""Reverse mode: backward(), and the functions of functions built on the same loop (backprop.py).

backward       gradients into `.grad` of the leaves        vjp              f's output and its pullback
value_and_grad, grad   ∂f/∂x, again and again
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from threading import Lock
from typing import Any, Literal, overload

import numpy as np

from tinygrad_rnn.autodiff.backprop import backprop
from tinygrad_rnn.autodiff.functions import (
    OfTensor,
    Y,
    bind_argnums,
    check_function,
    check_nested,
    has_captures,
    identity,
    record_function,
)
from tinygrad_rnn.engine.arrays import as_plain
from tinygrad_rnn.engine.context import CONTEXT, enable_grad, no_grad
from tinygrad_rnn.engine.guard import recorded
from tinygrad_rnn.engine.node import Leaf
from tinygrad_rnn.engine.tensor import Array, Tensor, define, from_array
from tinygrad_rnn.engine.trees import flatten
from tinygrad_rnn.errors import DTypeError, GraphError, ShapeError, is_number

__all__ = ["grad", "value_and_grad", "vjp"]


def _start(output: Tensor, gradient: Any) -> Array:
    """The cotangent a backward pass starts from."""
    if gradient is None:
        if output.size != 1:
            raise GraphError(
                f"backward: the output has {output.size} elements and no gradient was given",
                expected="a scalar, as a loss is, or a gradient of the output's shape",
                got=f"shape {output.shape}",
                help="sum() or mean() it, or pass backward(gradient)",
            )
        return np.ones(output.shape, output.dtype)
    array = gradient._array if isinstance(gradient, Tensor) else np.array(as_plain(gradient, "backward"))
    if array.shape != output.shape:
        raise ShapeError("backward: the gradient has another shape than the output", expected=str(output.shape),
                         got=str(array.shape))  # fmt: skip
    if not np.can_cast(array.dtype, output.dtype, "same_kind"):
        raise DTypeError(f"backward: the gradient is {array.dtype}", expected=str(output.dtype))
    return array.astype(output.dtype, copy=False)


def backward(output: Tensor, gradient: Any = None, *, retain_graph: bool = False, create_graph: bool = False) -> None:
    """Add ∂output/∂leaf to `.grad` of every leaf that requires grad.

    Args:
        output: what to differentiate; `output.backward()` in use.
        gradient: the cotangent to start from; needed unless `output` has one element, where it is 1.
        retain_graph: keep the arrays, so that another backward can follow.
        create_graph: record the backward pass itself, so that the gradients can be differentiated.
    Raises:
        GraphError: the output was not recorded, an earlier backward released the graph, a value in it was assigned
            after it was used, or `output` is not a scalar and `gradient` is missing.
    """
    end = recorded("backward", "the output", output)
    start: Any = _start(output, gradient)
    if create_graph:
        start = gradient if isinstance(gradient, Tensor) else from_array(start, None)
    with enable_grad() if create_graph else no_grad():
        found = backprop([end], [start], release=not (retain_graph or create_graph), record=create_graph, own=True)
        for leaf, g in found.items():
            owner = leaf.owner() if isinstance(leaf, Leaf) else None
            if owner is not None:
                with ACCUMULATING:
                    _accumulate(owner, g, create_graph)


ACCUMULATING = Lock()  # of two threads that add to one gradient, neither may miss what the other wrote


def _accumulate(owner: Tensor, g: Any, record: bool) -> None:
    owner._taken("backward")
    if record:  # identity: an assign to one gradient must not reach another
        owner._grad = identity(g) if owner._grad is None else owner._grad + g
    else:
        owner._grad = from_array(g if owner._grad is None else np.asarray(owner._grad._array + g), None)


define("backward", backward)


def _backprop_tensors(ys: Sequence[Any], gys: Sequence[Any], xs: Sequence[Tensor], record: bool) -> list[Tensor]:
    """∂⟨gys, ys⟩/∂xs, zeros where nothing flows."""
    reached = [(y, g) for y, g in zip(ys, gys, strict=True) if isinstance(y, Tensor) and y.requires_grad]
    recorded = record or CONTEXT.get().frozen is not None
    with enable_grad() if recorded else no_grad():
        starts = [g if recorded else g._array for _, g in reached]
        found = backprop([y.node for y, _ in reached], starts, [x.node for x in xs], record=recorded)
    zeros = (np.zeros(x.shape, x.dtype) for x in xs)
    gs = [found.get(x.node, zero) for x, zero in zip(xs, zeros, strict=True)]
    made = [identity(g) if isinstance(g, Tensor) else from_array(np.array(g), None) for g in gs]
    return made if record or not recorded else [g.detach() for g in made]


def vjp(f: Callable[..., Y], *xs: Any, **options: Any) -> tuple[Y, Callable[[Any], tuple[Any, ...]]]:
    """f(*xs) and its pullback, gy ↦ (gx₁, gx₂, …) with gxᵢ = (∂y/∂xᵢ)ᵀ gy.

    Args:
        f: takes and returns Tensors, nested in tuples, lists and dicts as you like.
        *xs: its arguments.
        **options: handed on to f, and not differentiated.
    Returns:
        (y, pullback). The pullback takes a cotangent nested like y, and may be called again.
    Raises:
        ShapeError, GraphError: the cotangent is not shaped or nested like y.

    >>> import tinygrad_rnn as tg
    >>> y, pullback = tg.vjp(lambda a, b: a * b, 2.0, 3.0)
    >>> pullback(1.0)
    (tensor(3.), tensor(2.))
    """
    check_function("vjp", f)
    inputs, y, build = record_function(partial(f, **options), xs)
    ys, rebuild = flatten(y)
    record = has_captures(ys, inputs)

    def pullback(gy: Any) -> tuple[Any, ...]:
        gs, _ = flatten(gy)
        check_nested("vjp: the cotangent is not nested like the output", gy, y)
        starts = [
            g if isinstance(g, Tensor) and g.shape == y.shape else from_array(_start(y, g), None)
            for y, g in zip(ys, gs, strict=True)
            if isinstance(y, Tensor)
        ]
        made = [y for y in ys if isinstance(y, Tensor)]
        gxs = _backprop_tensors(made, starts, inputs, record or any(g.requires_grad for g in starts))
        result: tuple[Any, ...] = build(list(gxs))
        return result

    return rebuild([y if record else y.detach() if isinstance(y, Tensor) else y for y in ys]), pullback


@overload
def value_and_grad(f: OfTensor, argnums: Literal[0] = 0) -> Callable[..., tuple[Tensor, Tensor]]: ...
@overload
def value_and_grad(f: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Any: ...
def value_and_grad(f: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., tuple[Tensor, Any]]:
    """A function that returns (f(*xs), ∂f/∂xs[argnums]) for a scalar f, in one forward and one backward.

    Args:
        f: returns a Tensor of one element.
        argnums: which arguments; a tuple gives a tuple of gradients. Each is nested like its argument.
    Raises:
        GraphError: f does not return one scalar. DTypeError: an argument is not float.
    """

    check_function("grad", f)

    def both(*xs: Any, **options: Any) -> tuple[Tensor, Any]:
        of_chosen, chosen = bind_argnums(partial(f, **options), xs, argnums)
        reads: list[str] = []
        inputs, returned, build = record_function(of_chosen, chosen, reads)
        y = _scalar(returned, reads)
        record = has_captures([y], inputs)
        gs = _backprop_tensors([y], [from_array(np.ones(y.shape, y.dtype), None)], inputs, record)
        nested = build(list(gs))
        return (y if record else y.detach()), nested[0] if isinstance(argnums, int) else nested

    return both


def _scalar(y: Any, reads: list[str]) -> Tensor:
    """What a function returned, as a Tensor of one element: a number too, if it was not read off what is recorded."""
    if is_number(y) or (isinstance(y, np.ndarray | np.generic) and np.size(y) == 1):
        if not reads:
            return Tensor(y)  # a constant: its gradient is 0
        raise GraphError(
            "grad: the function returns a number, and no gradient passes to it",
            expected="a Tensor of one element",
            got=f"{type(y).__name__} {y!r:.60}",
            where=reads[-1],
            help="return the Tensor: item(), numpy() and tolist() give its values alone",
        )
    if not isinstance(y, Tensor) or y.size != 1:
        raise GraphError(
            "grad: the function does not return a scalar",
            expected="one Tensor of one element",
            got=f"shape {y.shape}" if isinstance(y, Tensor) else type(y).__name__,
            help="jacobian() takes functions of any shape",
        )
    return y


@overload
def grad(f: OfTensor, argnums: Literal[0] = 0) -> Callable[..., Tensor]: ...
@overload
def grad(f: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Any: ...
def grad(f: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """A function that returns ∂f/∂xs[argnums] of a scalar f; apply it again for higher orders.

    >>> import tinygrad_rnn as tg
    >>> tg.grad(tg.grad(lambda x: x**3))(2.0)
    tensor(12.)
    """
    both = value_and_grad(f, argnums)
    return lambda *xs, **options: both(*xs, **options)[1]
