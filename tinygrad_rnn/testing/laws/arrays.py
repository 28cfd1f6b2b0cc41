"""Laws of arrays: the numbers decide, neither how they lie in memory nor, but for its roundings, their dtype."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from tinygrad_rnn.engine.tensor import Array, Tensor
from tinygrad_rnn.testing.laws.linear_map import LinearMap, difference, run
from tinygrad_rnn.testing.oracles.case import Case
from tinygrad_rnn.testing.report.findings import Mismatch

FLOAT32 = 1e-4  # of S: some 600 roundings
UNDERFLOW = 1e-37 / FLOAT32  # a difference of 1e-37 is none: smaller numbers lose their digits in float32


def layout(p: LinearMap) -> Mismatch | None:
    """the same derivative, however the arrays lie in memory"""
    for name, lay in LAYOUTS.items():
        ys, pull = run(p.case, [lay(x) for x in p.xs])
        found = difference(p.output_names, ys, p.ys, [np.abs(y).sum() for y in p.ys], p.limit)
        found = found or difference(p.gradient_names, pull([lay(u) for u in p.us]), p.gs, p.sizes, p.limit)
        if found is not None:
            return replace(found, hint=f"the arrays came {name}")
    return None


def _every_second(x: Array) -> Array:
    return _placed(x, [2 * n for n in x.shape], slice(None, None, 2))


def _inside(x: Array) -> Array:
    return _placed(x, [n + 2 for n in x.shape], slice(1, -1))


def _placed(x: Array, shape: list[int], part: slice) -> Array:
    """x as this part of every axis of a larger array."""
    index: tuple[Any, ...] = (..., *[part] * x.ndim)
    view: Array = np.full(shape, 7, x.dtype)[index]
    view[...] = x
    return view


LAYOUTS: dict[str, Callable[[Array], Array]] = {
    "in Fortran's order": lambda x: np.array(x, order="F"),
    "back to front, with negative strides": lambda x: np.flip(np.flip(x).copy()),
    "as every second element of a larger array": _every_second,
    "as a slice of a larger array": _inside,
}


def float32(p: LinearMap) -> Mismatch | None:
    """float32 in, float32 out and back, near the same code in float64

    Not a law for what asks for float64: by astype, or by an array of integers among its operands, as in NumPy.
    """
    narrow, wide = (_cast(p.case, dtype) for dtype in (np.float32, np.float64))
    us = [u.astype(np.float32) for u in p.us]
    ys, pull = run(narrow)
    gs = pull([u.astype(y.dtype) for u, y in zip(us, ys, strict=True)])
    ys64, pull = run(wide)
    gs64 = pull([u.astype(np.float64) for u in us])
    largest = max(float(np.abs(x).max(initial=0)) for x in p.xs)
    inside = 1e-2 * max(largest, 1.0)  # what cancels in y was of the inputs' size, or of that of exp(x)
    back = UNDERFLOW + 1e-2 * max(float(np.abs(u).max(initial=0)) for u in us)
    sizes = [np.abs(y).sum() + inside for y in ys64]
    return difference(p.output_names, ys, [y.astype(np.float32) for y in ys64], sizes, FLOAT32) or difference(
        p.gradient_names, gs, [g.astype(np.float32) for g in gs64], [size + back for size in p.sizes], FLOAT32
    )


def float32_kept(p: LinearMap) -> Mismatch | None:
    """float32 in, float32 out"""
    ys, _ = run(_cast(p.case, np.float32))
    wide = [f"{name} is {y.dtype}" for name, y in zip(p.output_names, ys, strict=True) if y.dtype == np.float64]
    hint = "an array of float64 among what it computes with: give it the dtype of the parameters"
    return Mismatch("differs", ", ".join(wide), hint=hint) if wide else None


def _cast(case: Case, dtype: Any) -> Case:
    """The case with every float array in it rounded to float32, in this dtype."""

    def cast(x: Any) -> Any:
        floats = isinstance(x, np.ndarray | np.generic) and x.dtype.kind == "f"
        return np.asarray(x, np.float32).astype(dtype) if floats else x

    leaves = (cast(x.data if isinstance(x, Tensor) else x) for x in case.leaves)
    return replace(case, leaves=tuple(leaves), xs=tuple(cast(x) for x in case.xs))
