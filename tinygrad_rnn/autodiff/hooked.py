"""Hooks on a Tensor: what is called with its gradient, and may replace it.

… → h → …      backward:   … ← hook(gh) ← gh ← …        gh is whole: every use of h has been passed
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_rnn.engine.context import CONTEXT
from tinygrad_rnn.engine.hooks import Handle, Hooks, check_hook
from tinygrad_rnn.engine.node import Node
from tinygrad_rnn.engine.tensor import Tensor, define, from_array
from tinygrad_rnn.errors import CompileError, GraphError, ShapeError, caller
from tinygrad_rnn.ops.shape import astype

__all__ = ["hooked"]


def hooked(node: Node, gy: Any, hooks: Hooks, record: bool) -> Any:
    """The cotangent of a node as its hooks leave it."""
    for hook in list(hooks.values()):
        answer = hook(gy if record else from_array(np.array(gy), None))
        if answer is None:
            continue
        given = answer if isinstance(answer, Tensor) else Tensor(answer)
        if given.shape != node.shape:
            raise ShapeError(
                "register_hook: the hook does not return a gradient of the Tensor that it is on",
                expected=f"shape {node.shape}, or None to leave the gradient as it is",
                got=f"shape {given.shape}",
                where=str(node.context),
            )
        gy = astype(given, node.dtype) if record else np.array(given._array, node.dtype)
    return gy


def _register_hook(self: Tensor, hook: Callable[[Tensor], Any]) -> Handle:
    """Call `hook(gradient)` whenever the gradient of this Tensor is known; a Tensor that it returns replaces it.

    It is called once in a backward pass, when all that flows back to the Tensor has been added up, and before it flows
    on; of a leaf, before it is added to `.grad`. It is called wherever a gradient passes: by `backward`, by `grad` and
    its like, and by pictures and ledgers of gradients.

    Args:
        hook: takes a Tensor, returns one of the same shape, or None to leave the gradient as it is.
    Returns:
        A handle: its `remove()` takes the hook back.
    Raises:
        GraphError: the Tensor does not require grad. CompileError: inside a function that is compiled, whose plan has
            no place where the hook could be called; hooks on its arguments and on parameters are called.

    >>> import tinygrad_rnn as tg
    >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> handle = x.register_hook(lambda g: 10 * g)
    >>> (x * x).sum().backward()
    >>> x.grad
    tensor([20., 40.])
    >>> handle.remove()
    """
    check_hook("register_hook", hook)
    if not self.requires_grad:
        raise GraphError(
            "register_hook: the Tensor does not require grad, so no gradient will reach it",
            got=f"{self!r:.80}",
            help="tensor(…, requires_grad=True), or register it outside no_grad()",
        )
    if CONTEXT.get().frozen is not None:
        raise CompileError(
            "compile: a hook on a gradient is registered inside the function, and its plan would never call it",
            where=caller(),
            help='register it on an argument or a parameter, or tg.compile(f, fallback="eager")',
        )
    node = self.node
    if node.hooks is None:
        node.hooks = Hooks()
    return Handle(node.hooks, hook)


define("register_hook", _register_hook)
