"""The law of rows: what is done to a batch is done to each of its rows.

f(batch)[b] = f(row b)      gradient of row b = that of the row alone      shared weights: the sum over the rows
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tinygrad_rnn.engine.tensor import Array, Tensor
from tinygrad_rnn.errors import ShapeError
from tinygrad_rnn.testing.laws.linear_map import LinearMap, difference, run
from tinygrad_rnn.testing.oracles.case import Case
from tinygrad_rnn.testing.report.findings import Mismatch


def batched(axis: int = 0, shared: Sequence[str] = ("parameters",)) -> Callable[[LinearMap], Mismatch | None]:
    """A law for check_laws: fn on the batch is fn on each row alone, values and gradients.

    Args:
        axis: where the batch stands in every array that goes in or comes out.
        shared: the arguments that all rows use: their gradient is the sum over the rows. A Module's parameters are.

    >>> import tinygrad_rnn as tg
    >>> from tinygrad_rnn.testing import check_laws
    >>> print(check_laws(tg.softmax, np.eye(2, 3), laws=[batched()]))
    softmax: laws that hold: batched
    """

    def law(p: LinearMap) -> Mismatch | None:
        common = [name.split("[")[0] in shared for name in p.case.names]
        rows = [_row(p, axis, b, common) for b in range(_size(p, axis, common))]
        ys = [np.concatenate(parts, axis) for parts in zip(*(ys for ys, _ in rows), strict=True)]
        gradients = zip(*(gs for _, gs in rows), strict=True)
        gs = [sum(parts) if c else np.concatenate(parts, axis) for parts, c in zip(gradients, common, strict=True)]
        return difference(p.output_names, p.ys, ys, [np.abs(y).sum() for y in p.ys], p.limit) or difference(
            p.gradient_names, p.gs, gs, p.sizes, p.limit
        )

    law.__name__ = "batched"
    law.__doc__ = f"the batch along axis {axis} is its rows, each alone"
    return law


def _size(p: LinearMap, axis: int, common: Sequence[bool]) -> int:
    """B, which every batched array must have."""
    arrays = [x for x, c in zip(p.xs, common, strict=True) if not c] + list(p.ys)
    sizes = {x.shape[axis] if x.ndim > axis else None for x in arrays}
    if len(sizes) != 1 or None in sizes or 0 in sizes:
        raise ShapeError(
            f"batched: the arrays of {p.case.name} have no common batch axis {axis}",
            expected="the same B ≥ 1 in every array in and out, except the shared ones",
            got=", ".join(str(x.shape) for x in arrays),
        )
    return int(sizes.pop() or 0)


def _row(p: LinearMap, axis: int, b: int, common: Sequence[bool]) -> tuple[list[Array], list[Array]]:
    """Outputs and gradients of row b, run as a batch of one."""
    size = p.ys[0].shape[axis]
    xs = [x if c else np.take(x, [b], axis) for x, c in zip(p.xs, common, strict=True)]
    ys, pull = run(_others_cut(p.case, axis, b, size), xs)
    return ys, pull([np.take(u, [b], axis) for u in p.us])


def _others_cut(case: Case, axis: int, b: int, size: int) -> Case:
    """Row b of the arrays that are not differentiated: indices, masks."""

    def cut(x: Any) -> Any:
        x = x.data if isinstance(x, Tensor) else x
        return np.take(x, [b], axis) if isinstance(x, np.ndarray) and x.shape[axis : axis + 1] == (size,) else x

    return replace(case, leaves=tuple(x if k in case.moving else cut(x) for k, x in enumerate(case.leaves)))
