"""check_laws: what holds for every derivative, whatever the function: no oracle, no step size, no tolerance to tune.

algebra      linear, zero, adjoint             J is a linear map, and Jᵀ is its transpose
arrays       layout, float32, deterministic    the numbers decide, not how they lie in memory
ownership    inputs kept, memory, freed, …     ownership.py
kinks        ties                              ties.py
rows         batched(axis)                     batched.py
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from tinygrad_rnn.autodiff.forward import jvp
from tinygrad_rnn.engine.context import no_grad
from tinygrad_rnn.engine.tensor import Array, Tensor
from tinygrad_rnn.errors import GraphError
from tinygrad_rnn.nn import Module
from tinygrad_rnn.testing.case import Case, joined, parted
from tinygrad_rnn.testing.modules import as_function
from tinygrad_rnn.testing.ownership import freed, grad_twice, inputs_kept, memory, second_backward_refused
from tinygrad_rnn.testing.point import Point, difference, run
from tinygrad_rnn.testing.report import GradMismatch, GradReport, Mismatch
from tinygrad_rnn.testing.ties import ties

__all__ = ["DEFAULT", "LAWS", "check_laws"]

Law = Callable[[Point], Mismatch | None]
FLOAT32 = 1e-4  # of S: some 600 roundings
UNDERFLOW = 1e-37 / FLOAT32  # a difference of 1e-37 is none: smaller numbers lose their digits in float32


def linear(p: Point) -> Mismatch | None:
    """Jᵀ(αu + βw) = α·Jᵀu + β·Jᵀw"""
    w = p.another(1)
    a, b = 0.7, -1.3
    left = p.gradients([a * u + b * v for u, v in zip(p.us, w, strict=True)])
    right = [a * g + b * h for g, h in zip(p.gs, p.gradients(w), strict=True)]
    return difference(p.gradient_names, left, right, p.sizes, p.limit)


def zero(p: Point) -> Mismatch | None:
    """Jᵀ0 = 0"""
    got = p.gradients([np.zeros_like(u) for u in p.us])
    return difference(p.gradient_names, got, [np.zeros_like(g) for g in got])


def adjoint(p: Point) -> Mismatch | None:
    """⟨Jᵀu, dx⟩ = ⟨u, J·dx⟩"""
    dx = np.random.default_rng(p.seed).standard_normal(sum(x.size for x in p.xs))
    with no_grad():
        dy = joined([part._array for part in jvp(p.case, p.xs, parted(dx, p.xs))[1]])
    u, y, g = joined(p.us), joined(p.ys), joined(p.gs)
    size = float(np.abs(u) @ np.abs(dy) + np.abs(g) @ np.abs(dx) + np.abs(u) @ np.abs(y))
    return difference(["⟨Jᵀu, dx⟩"], [np.asarray(g @ dx)], [np.asarray(u @ dy)], [size], p.limit)


def deterministic(p: Point) -> Mismatch | None:
    """the same bits, run again"""
    ys, pull = run(p.case)
    return difference(p.output_names, ys, p.ys) or difference(p.gradient_names, pull(p.us), p.gs)


def layout(p: Point) -> Mismatch | None:
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


def float32(p: Point) -> Mismatch | None:
    """float32 in, float32 out and back, near the same code in float64

    Not a law for what asks for float64: by astype, or by an array of integers among its operands, as in NumPy.
    """
    narrow, wide = (_cast(p.case, dtype) for dtype in (np.float32, np.float64))
    us = [u.astype(np.float32) for u in p.us]
    ys, pull = run(narrow)
    gs = pull([u.astype(y.dtype) for u, y in zip(us, ys, strict=True)])
    ys64, pull = run(wide)
    gs64 = pull([u.astype(np.float64) for u in us])
    inside = 1e-2 * max(float(np.abs(x).max(initial=0)) for x in p.xs)  # what cancels in y was of the inputs' size
    sizes = [np.abs(y).sum() + inside for y in ys64]
    return difference(p.output_names, ys, [y.astype(np.float32) for y in ys64], sizes, FLOAT32) or difference(
        p.gradient_names, gs, [g.astype(np.float32) for g in gs64], [size + UNDERFLOW for size in p.sizes], FLOAT32
    )


def _cast(case: Case, dtype: Any) -> Case:
    """The case with every float array in it rounded to float32, in this dtype."""

    def cast(x: Any) -> Any:
        return np.asarray(x, np.float32).astype(dtype) if getattr(x, "dtype", np.dtype(bool)).kind == "f" else x

    leaves = (cast(x.data if isinstance(x, Tensor) else x) for x in case.leaves)
    return replace(case, leaves=tuple(leaves), xs=tuple(cast(x) for x in case.xs))


LAWS: dict[str, Law] = {
    law.__name__.replace("_", " "): law
    for law in (
        linear, zero, adjoint, deterministic, layout, float32,
        inputs_kept, memory, freed, grad_twice, second_backward_refused, ties,
    )
}  # fmt: skip
DEFAULT = tuple(name for name in LAWS if name != "ties")


def check_laws(
    fn: Callable[..., Any],
    *inputs: Any,
    wrt: int | tuple[int, ...] | None = None,
    laws: Iterable[str | Law] = DEFAULT,
    seed: int = 0,
    name: str | None = None,
) -> GradReport:
    """Check the laws of derivatives on fn at one point, in float64.

    Args:
        fn: takes Tensors, returns Tensors in any nest. A Module is checked by its parameters too.
        *inputs, wrt, seed, name: as for check_vjp.
        laws: names of LAWS, or laws of your own, such as batched(axis=0). "ties" is for points at a kink.
    Returns:
        The laws that were tried.
    Raises:
        GradMismatch: the first law that is broken. GraphError: there is no law of this name.

    >>> import tinygrad_rnn as tg
    >>> print(check_laws(tg.tanh, np.array([0.5, -1.0]), laws=["linear", "zero", "memory"]))
    tanh: laws that hold: linear, zero, memory
    """
    chosen = [_named(law) for law in ([laws] if isinstance(laws, str) else laws)]
    point = Point(_case(fn, inputs, wrt, name), seed)
    for law in chosen:
        found = law(point)
        if found is not None:
            again = f"check_laws({point.case.name}, …, laws=[{_name(law)!r}], seed={seed})"
            raise broken(point.case.name, law, found, again)
    return GradReport(point.case.name, laws=tuple(map(_name, chosen)))


def _case(fn: Any, inputs: tuple[Any, ...], wrt: Any, name: str | None) -> Case:
    if isinstance(fn, Module):
        fn, values = as_function(fn)
        inputs = (values, *inputs)
        wrt = wrt if wrt is None else tuple(k + 1 for k in ((wrt,) if isinstance(wrt, int) else wrt))
    case = Case.of(fn, inputs, wrt, name)
    return case.at([x.astype(np.float64) for x in case.xs])


def _named(law: str | Law) -> Law:
    if not isinstance(law, str):
        return law
    if law not in LAWS:
        raise GraphError(f"check_laws: there is no law {law!r}", expected=", ".join(LAWS))
    return LAWS[law]


def _name(law: Callable[..., Any]) -> str:
    return law.__name__.replace("_", " ")


def broken(name: str, law: Callable[..., Any], found: Mismatch, again: str) -> GradMismatch:
    """The error for what a law found: its name and its formula, then the facts."""
    formula = (law.__doc__ or "").strip().splitlines()
    what = f"law {_name(law)!r} is broken" + (f": {formula[0]}" if formula else "")
    return GradMismatch(GradReport(name, laws=(_name(law),), mismatch=replace(found, what=what, again=again)))
