"""Laws of rows: what is done to a batch is done to each of its rows.

f(batch)[b] = f(row b)      gradient of row b = that of the row alone      shared weights: the sum over the rows

batched    on request, along a given axis: values and gradients
rows       unasked: where the values of rows are those of the rows alone, the gradients are too
a_batch    for a module: along its first axis or its second its rows are alone, in values and gradients
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from tinygrad_rnn.engine.tensor import Array
from tinygrad_rnn.errors import ShapeError
from tinygrad_rnn.testing.laws.linear_map import LinearMap, difference, quiet, rest_changed, run
from tinygrad_rnn.testing.laws.nodes import recorded_ops
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


def rows(p: LinearMap) -> Mismatch | None:
    """where the values of a batch are those of its rows alone, so are the gradients"""
    return next(filter(None, (_gradients(p, batch) for batch in _batches(p) if batch.meets is None)), None)


def a_batch(p: LinearMap) -> Mismatch | None:
    """the batch is its rows, each alone"""
    batches = list(_batches(p, (0, 1)))
    alone = [batch for batch in batches if batch.meets is None]
    if alone:
        return next(filter(None, (_gradients(p, batch) for batch in alone)), None)
    met = next((batch for batch in batches if batch.axis == 0 and batch.cut and batch.matrices), None)
    if met is None or met.meets is None or any(node.context.step is not None for node in recorded_ops(p.case)):
        return None  # along the first axis may stand the steps of a recurrence
    return replace(
        met.meets, hint="rows that are to meet: check_module(…, batched=None); along another axis: batched=1"
    )


NEARBY = 1e-2  # rows that are equal, or 0, show less than their neighbours


@dataclass(frozen=True)
class Batch:
    """A batch along an axis, and its first and its last row, each run alone.

    Attributes:
        point: the whole, near the point that was given.
        alone: by number, the outputs and the pullback of a row.
        meets: where the values of a row alone are not its values in the batch.
    """

    axis: int
    point: LinearMap
    cut: tuple[int, ...]
    alone: dict[int, tuple[list[Array], Callable[[Sequence[Array]], list[Array]]]]

    @property
    def matrices(self) -> bool:
        """Whether a row has rows of its own: those of a matrix may be steps, tokens, samples of one distribution."""
        return all(self.point.xs[k].ndim > 2 for k in self.cut)

    @cached_property
    def meets(self) -> Mismatch | None:
        p = self.point
        for b, (ys, _) in self.alone.items():
            whole = [np.take(y, [b], self.axis) for y in p.ys]
            names = [f"row {b} of {name}" for name in p.output_names]
            found = difference(names, whole, ys, [np.abs(y).sum() for y in p.ys], p.limit)
            if found is not None:
                return found
        return None


def _batches(p: LinearMap, axes: Sequence[int] = (0,)) -> list[Batch]:
    """Along each of these axes along which the function takes a row alone, and gives a row."""
    rng = np.random.default_rng(p.seed)
    near = p.moved(lambda x: x + NEARBY * np.maximum(np.abs(x), 1) * rng.standard_normal(x.shape))
    return [batch for axis in axes if (batch := _batch(LinearMap(near, p.seed), axis)) is not None]


def _batch(p: LinearMap, axis: int) -> Batch | None:
    try:
        with quiet():
            (B,) = {y.shape[axis] for y in p.ys}
            cut = tuple(k for k in p.inputs if p.xs[k].shape[axis : axis + 1] == (B,))
            alone = {b: _alone(p, axis, b, B, cut) for b in (0, B - 1)}
    except Exception:  # whatever it says of one row, or of these numbers
        return None
    rows = [one.shape for ys, _ in alone.values() for one in ys]
    expected = [(*y.shape[:axis], 1, *y.shape[axis + 1 :]) for y in p.ys]
    fits = B > 1 and rows == expected * 2 and all(np.isfinite(y).all() for y in p.ys)
    return Batch(axis, p, cut, alone) if fits else None


def _alone(p: LinearMap, axis: int, b: int, B: int, cut: Sequence[int]) -> Any:
    def row(x: Array) -> Array:
        return np.take(x, [b], axis) if x.shape[axis : axis + 1] == (B,) else x

    return run(rest_changed(p.case, row), [row(x) if k in cut else x.copy() for k, x in enumerate(p.xs)])


def _gradients(p: LinearMap, batch: Batch) -> Mismatch | None:
    """Of a row by itself: the others get nothing, it gets what it gets alone, and so do the shared arrays."""
    point, axis = batch.point, batch.axis
    for b, (_, pull) in batch.alone.items():
        us = [np.take(u, [b], axis) for u in point.us]
        only = [np.zeros_like(u) for u in point.us]
        for whole, part in zip(only, us, strict=True):
            np.moveaxis(whole, axis, 0)[b] = np.moveaxis(part, axis, 0)[0]
        expected = [np.zeros_like(x) for x in point.xs]
        for k, g in enumerate(pull(us)):
            where = np.moveaxis(expected[k], axis, 0)[b : b + 1] if k in batch.cut else expected[k]
            where[...] = np.moveaxis(g, axis, 0) if k in batch.cut else g
        found = difference(point.gradient_names, point.gradients(only), expected, point.sizes, point.limit)
        if found is not None:
            return replace(found, hint=f"the cotangent of row {b} alone, along axis {axis}")
    return None


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

    def cut(x: Array) -> Array:
        return np.take(x, [b], axis) if x.shape[axis : axis + 1] == (size,) else x

    ys, pull = run(rest_changed(p.case, cut), xs)
    return ys, pull([np.take(u, [b], axis) for u in p.us])
