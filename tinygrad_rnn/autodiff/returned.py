"""What a rule returned: made to fit the value that it belongs to, or refused with the name of the rule.

reverse   gx → summed over what was broadcast → the argument's shape and dtype
forward   dy → broadcast                      → the output's shape and dtype
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from tinygrad_rnn.engine.arrays import REAL
from tinygrad_rnn.engine.node import Node
from tinygrad_rnn.engine.tensor import Tensor, from_array
from tinygrad_rnn.errors import DTypeError, GraphError, ShapeError
from tinygrad_rnn.ops.shape import astype, broadcast_to, sum_to


class Returned(NamedTuple):
    """By the rule of which mode, of which op (None: what the user passed in), and of which of its arguments."""

    mode: str
    node: Node | None
    argument: int

    def array(self, g: Any, record: bool) -> Any:
        """An array; with `record`, a Tensor."""
        if not isinstance(g, Tensor | np.ndarray | np.generic):
            raise GraphError(
                f"{self} does not return an array",
                expected="an array or a Tensor",
                got=f"{type(g).__name__} {g!r:.60}",
                where=self.where,
                help="is a return missing? Where nothing flows, None stands in the place of the rule",
            )
        if isinstance(g, Tensor):
            return g if record else g._array
        return from_array(np.asarray(g), None) if record else np.asarray(g)

    def summed(self, g: Any, shape: tuple[int, ...]) -> Any:
        """Σ over the axes that broadcasting from `shape` added or stretched."""
        y = sum_to(g, shape) if g.ndim >= len(shape) else g
        if y.shape != shape:
            raise self._misshapen("argument", shape, g)
        return y

    def stretched(self, dy: Any, shape: tuple[int, ...]) -> Any:
        """Broadcast to `shape`."""
        try:
            fits = np.broadcast_shapes(dy.shape, shape) == shape
        except ValueError:
            fits = False
        if not fits:
            raise self._misshapen("output", shape, dy)
        return broadcast_to(dy, shape=shape)

    def cast(self, g: Any, dtype: Any) -> Any:
        """In this dtype."""
        if g.dtype.kind not in REAL:
            raise DTypeError(f"{self} returns {g.dtype}", expected=str(dtype), where=self.where)
        return astype(g, dtype=dtype)

    def _misshapen(self, of: str, shape: tuple[int, ...], g: Any) -> ShapeError:
        return ShapeError(
            f"{self} does not return the {of}'s shape", expected=str(shape), got=str(g.shape), where=self.where
        )

    @property
    def where(self) -> str:
        """Scope and step of the op."""
        return "" if self.node is None else str(self.node.context)

    def __str__(self) -> str:
        if self.node is None or self.node.op is None:
            return "backward: the cotangent"
        op = self.node.op
        return f"{op.name}: the {self.mode} rule of its argument {op.params[min(self.argument, len(op.params) - 1)]}"
