"""Where cotangents are added up: plainly, and the two fast ways that reverse mode may take to the same sums.

Cotangents   g₁, g₂, …  →  g₁ + g₂ + …              each in its node's shape and dtype
Shortcuts    `into`       a slice's cotangent is written into its place of one buffer, not padded with zeros first
             `together`   the uses of a weight wait for each other: one product over all their rows is several times
                          faster than as many small ones
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tinygrad_rnn.autodiff.returned import Returned
from tinygrad_rnn.engine.node import Node
from tinygrad_rnn.engine.op import Op
from tinygrad_rnn.engine.tensor import Array, Tensor
from tinygrad_rnn.errors import AnomalyError
from tinygrad_rnn.ops.arithmetic import add
from tinygrad_rnn.ops.shape import sum_to

_ndarray = np.ndarray
AT_ONCE = 32  # uses of a weight that are computed together: more would only hold their arrays longer


class Cotangents:
    """The cotangents that have arrived at each node so far, added up: the one accumulation site.

    The first to arrive is borrowed, the second makes a sum of our own, later ones are added to that in place: nothing
    is ever added into an array that was not allocated here. With `record` they are Tensors, and the sums are recorded.
    """

    __slots__ = ("owned", "record", "sums")

    def __init__(self, record: bool = False) -> None:
        self.record = record
        self.sums: dict[Node, Any] = {}
        self.owned: set[Node] = set()

    def add(self, node: Node, g: Any, by: Node | None = None, k: int = 0) -> None:
        """One more cotangent of `node`, summed back to its shape where it was broadcast, and cast to its dtype.

        Args:
            by, k: the rule of which op made it, and of which argument, for the message where it does not fit.
        """
        if type(g) is not _ndarray or self.record:
            g = Returned("vjp", by, k).array(g, self.record)
        if g.shape != node.shape:
            g = Returned("vjp", by, k).summed(g, node.shape)
        if g.dtype != node.dtype:
            g = Returned("vjp", by, k).cast(g, node.dtype)
        sums = self.sums
        if node not in sums:
            sums[node] = g
            if by is not None and by.op is not None and by.op.fresh:
                self.owned.add(node)
        elif self.record:
            sums[node] = add(sums[node], g)
        elif node in self.owned:
            np.add(sums[node], g, sums[node])
        else:
            sums[node] = np.asarray(sums[node] + g)
            self.owned.add(node)

    def pop(self, node: Node) -> Any:
        """The whole cotangent of `node`, None where nothing arrived."""
        return self.sums.pop(node, None)

    def own(self, node: Node, g: Any) -> Any:
        """The whole cotangent of `node`, as an array that nobody else has."""
        return g if self.record or node in self.owned else np.array(g)

    def shortcut(self, op: Op, k: int, node: Node, gy: Any, args: tuple[Any, ...], static: Mapping[str, Any]) -> bool:
        """Whether the cotangent of argument k, whose node this is, was dealt with in a faster way: here never."""
        return False


class Shortcuts(Cotangents):
    """The same sums, by an op's `into` and `together` where it has them."""

    __slots__ = ("waiting",)

    def __init__(self) -> None:
        super().__init__()
        self.waiting: dict[Node, tuple[Any, list[Any], list[Any]]] = {}

    def shortcut(self, op: Op, k: int, node: Node, gy: Any, args: tuple[Any, ...], static: Mapping[str, Any]) -> bool:
        if op.into is not None:
            op.into(self.buffer(node), gy, *args[1:], **static)
            return True
        if k in op.together and gy.ndim == len(node.shape) == np.ndim(args[0]) == 2:
            self.defer(node, op.together[k], gy, args)
            return True
        return False

    def buffer(self, node: Node) -> Array:
        """An array of our own, in C order, that holds the sum so far, to add to in place."""
        start: Any = self.sums.get(node)
        if node not in self.owned or not start.flags.c_contiguous:
            self.sums[node] = np.zeros(node.shape, node.dtype) if start is None else np.array(start, order="C")
            self.owned.add(node)
        return self.sums[node]

    def defer(self, node: Node, rule: Any, gy: Array, args: tuple[Array, ...]) -> None:
        """Keep a use of `node` until there are enough to compute together by `rule`."""
        kept = self.waiting.get(node)
        if kept is not None and kept[0] is not rule:
            self.flush(node)
            kept = None
        if kept is None:
            self.waiting[node] = kept = (rule, [], [])
        kept[1].append(gy)
        kept[2].append(args)
        if len(kept[1]) == AT_ONCE:
            self.flush(node)

    def flush(self, node: Node) -> None:
        """Compute what was deferred for `node`."""
        rule, gys, args = self.waiting.pop(node)
        self.add(node, rule(gys, args))

    def pop(self, node: Node) -> Any:
        if node in self.waiting:
            self.flush(node)
        return self.sums.pop(node, None)


def check_finite_gradient(gx: Any, node: Node, parent: Node) -> None:
    """Raise AnomalyError where `node` hands `parent` a cotangent that is not finite."""
    if gx.shape != parent.shape:
        gx = sum_to(gx, parent.shape)
    values = np.asarray(gx._array if isinstance(gx, Tensor) else gx).astype(parent.dtype, copy=False)
    if not np.isfinite(values).all():
        raise AnomalyError(
            f"{node.title}: the gradient it passes back is not finite",
            got=f"{np.count_nonzero(~np.isfinite(values))} of {values.size} values",
            where=", ".join(part for part in (str(node.context), getattr(node, "source", "")) if part),
        )
