"""Node: one recorded value, and what it was made from.

    Tensor → Node → inputs: Node, Node, …       creation order is a topological order

A node owns the array it stands for and never the Tensor, so nothing here forms a cycle.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import count
from types import EllipsisType, NoneType
from typing import Any, NamedTuple

import numpy as np

from tinygrad_rnn.engine.context import Context, Passage
from tinygrad_rnn.engine.hooks import Hooks
from tinygrad_rnn.engine.op import Op

_numbers = count()
_NOTHING: Mapping[str, Any] = {}
_PLAIN = frozenset({int, bool, slice, NoneType, EllipsisType})


class Node:
    """One recorded value: an op's output with what it was made from, or a leaf (op None) that was given.

    Attributes:
        number: creation number; every input's is smaller.
        op, inputs, args, static: the op, the nodes of its arguments (None for a Python scalar), the arguments'
            arrays, and its keyword arguments. `args` becomes None when a backward pass releases the node.
        value: the output array, or None once released.
        context: scope and step at creation.
        hooks: what is called with its cotangent; None where nothing ever was.
    """

    __slots__ = ("args", "context", "dtype", "hooks", "inputs", "label", "number", "op", "released", "requires_grad",
                 "shape", "source", "static", "value")  # fmt: skip
    released: str
    source: str

    def __init__(
        self,
        op: Op | None,
        inputs: tuple[Node | None, ...],
        args: tuple[Any, ...] | None,
        static: Mapping[str, Any],
        value: np.ndarray,
        context: Context,
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
        self.context = context
        self.requires_grad = requires_grad
        self.label: tuple[str | None, str | None] | None = None
        self.hooks: Hooks | None = None

    def release(self, by: str) -> None:
        """Drop the arrays, which a backward pass needs once; what was made from what stays."""
        self.args = self.value = None
        if self.static and not (self.op and self.op.reads and _are_plain(self.static)):
            self.static = {}  # except of a plain index: which element was read can still be told
        self.released = by

    @property
    def title(self) -> str:
        """What to call it in a message: its name, else its op."""
        name = self.label[1] if self.label else None
        return name or (self.op.name if self.op else "leaf")


class Cut(NamedTuple):
    """What a value was before `detach()` cut it from its graph: its title, and where it was made."""

    title: str
    passage: Passage | None
    step: int | None


class Leaf(Node):
    """A value that no op made: a parameter, an input, an initial state, a constant.

    Attributes:
        owner: finds the Tensor it stands for, to hand it the gradient.
        version: counts that Tensor's assignments.
        stale: the version that replaced this one, if any did.
        cut: what it was cut from, if it was.
    """

    __slots__ = ("cut", "owner", "stale", "version")

    def __init__(
        self, value: np.ndarray, context: Context, requires_grad: bool, version: int, owner: Callable[[], Any]
    ) -> None:
        self.number = next(_numbers)  # written out, since each array that meets a Tensor makes one
        self.op = None
        self.inputs = self.args = ()
        self.static = _NOTHING
        self.value = value
        self.shape = value.shape
        self.dtype = value.dtype
        self.context = context
        self.requires_grad = requires_grad
        self.label = self.hooks = None
        self.owner = owner
        self.version = version
        self.stale: int | None = None
        self.cut: Cut | None = None


def _are_plain(static: Mapping[str, Any]) -> bool:
    """Whether they hold on to nothing: numbers, slices, tuples of them."""
    for value in static.values():
        if not _PLAIN.issuperset(map(type, value) if type(value) is tuple else (type(value),)):
            return False
    return True


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
