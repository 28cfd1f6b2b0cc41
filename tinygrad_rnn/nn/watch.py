"""One call of a module whose backward hooks wait: the gradients of all that went in, and of all that came out.

args ─→ one vector ─→ args ─→ forward ─→ result ─→ one vector ─→ result        a vector's gradient is whole at once
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinygrad_rnn.autodiff.functions import identity
from tinygrad_rnn.engine.tensor import Tensor, label
from tinygrad_rnn.engine.trees import flatten
from tinygrad_rnn.errors import OptionError
from tinygrad_rnn.ops import astype, concatenate, reshape

__all__ = ["Watch"]

Gradients = tuple[Tensor | None, ...]


class Watch:
    """One call of a module whose backward hooks wait for the gradients."""

    def __init__(self, module: Any, hooks: Sequence[Callable[..., Any]]) -> None:
        self.module, self.hooks = module, hooks
        self.waiting = False  # whether an input's gradient is to come: then the hooks are called with it
        self.came_out: Gradients = ()
        self.inputs = 0

    def entering(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments, watched."""
        leaves, build = flatten(args)
        self.inputs = len(leaves)
        self.waiting = any(map(_moves, leaves))
        passed: tuple[Any, ...] = build(watched(leaves, self._went_in))
        return passed

    def leaving(self, result: Any) -> Any:
        """The result, watched."""
        leaves, build = flatten(result)
        return build(watched(leaves, self._came_out))

    def _came_out(self, grads: Gradients) -> Gradients:
        self.came_out = grads
        if not self.waiting:
            self._went_in((None,) * self.inputs)
        return grads

    def _went_in(self, grads: Gradients) -> Gradients:
        for hook in self.hooks:
            answer = hook(self.module, grads, self.came_out)
            if answer is not None:
                grads = self._checked(answer if isinstance(answer, tuple) else (answer,), grads)
        return grads

    def _checked(self, answer: Gradients, grads: Gradients) -> Gradients:
        if len(answer) != len(grads):
            raise OptionError(
                f"register_full_backward_hook: the hook on {type(self.module).__name__} does not return the gradients",
                expected=f"a tuple of {len(grads)}, one for each input, or None to leave them as they are",
                got=f"{len(answer)}",
            )
        return answer


def watched(leaves: list[Any], arrived: Callable[[Gradients], Gradients]) -> list[Any]:
    """The same leaves; when their gradients are known, `arrived` is called once with all of them and may replace them.

    To be known at one moment they pass through one node: the leaves as one vector, of which each is a part.
    """
    moving = [k for k, leaf in enumerate(leaves) if _moves(leaf)]
    if not moving:
        return leaves
    tensors = [leaves[k] for k in moving]
    ends = np.cumsum([x.size for x in tensors])
    whole = identity(tensors[0]) if len(tensors) == 1 else concatenate([reshape(x, -1) for x in tensors])

    def hook(g: Tensor) -> Tensor:
        grads: list[Tensor | None] = [None] * len(leaves)
        for k, x, part in zip(moving, shapes, _parts(g, ends), strict=True):
            grads[k] = reshape(part, x)
        answer = arrived(tuple(grads))
        if all(a is b for a, b in zip(answer, grads, strict=True)):
            return g
        return _joined(answer, moving, shapes, g)

    shapes = [x.shape for x in tensors]
    whole.register_hook(hook)
    parts = [whole] if len(tensors) == 1 else _parts(whole, ends)
    passed = list(leaves)
    for k, x, part in zip(moving, tensors, parts, strict=True):
        part = part if len(tensors) == 1 else astype(reshape(part, x.shape), x.dtype)
        passed[k] = label(part, x.role, x.name) if x.role or x.name else part
    return passed


def _moves(leaf: Any) -> bool:
    return isinstance(leaf, Tensor) and leaf.requires_grad


def _parts(vector: Tensor, ends: Any) -> list[Tensor]:
    """The pieces of a vector that end there; of one leaf alone, the leaf."""
    if len(ends) == 1:
        return [vector]
    return [vector[a:b] for a, b in zip([0, *ends[:-1].tolist()], ends.tolist(), strict=True)]


def _joined(answer: Gradients, moving: list[int], shapes: list[tuple[int, ...]], g: Tensor) -> Tensor:
    """The gradients as they passed through the one node; None is 0."""
    parts = []
    for k, shape in zip(moving, shapes, strict=True):
        given = answer[k]
        part = given if isinstance(given, Tensor) else Tensor(np.zeros(shape, g.dtype) if given is None else given)
        if part.shape != shape:
            raise OptionError(
                "register_full_backward_hook: a gradient that the hook returns has another shape than its input",
                expected=f"shape {shape}", got=f"shape {part.shape}",
            )  # fmt: skip
        parts.append(part)
    return parts[0] if len(parts) == 1 else concatenate([reshape(part, -1) for part in parts])
