"""LinearMap: a case with a cotangent and the gradient it pulls back; what the laws start from.

x ─ f → y          us  ─ Jᵀ →  gs
difference(…)      the element in which two lists of arrays differ most, as a Mismatch
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from tinygrad_rnn.autodiff.reverse import vjp
from tinygrad_rnn.engine.context import enable_grad, no_grad
from tinygrad_rnn.engine.tensor import Array, Tensor, from_array
from tinygrad_rnn.testing.oracles.case import Case, modes, parted
from tinygrad_rnn.testing.oracles.compare import cotangent
from tinygrad_rnn.testing.report.findings import Mismatch

Arrays = Sequence[Array]
ROUNDINGS = 5000  # of the outputs' dtype, 1e-12 in float64: sums of as many terms, in another order
TINY = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True)
class LinearMap:
    """A case at its own x, in float64, with a random cotangent."""

    case: Case
    seed: int

    @property
    def xs(self) -> tuple[Array, ...]:
        return self.case.xs

    @cached_property
    def _run(self) -> tuple[list[Array], list[Array], list[Array]]:
        ys, pullback = run(self.case)
        us = parted(cotangent(sum(y.size for y in ys), self.seed), ys)
        return ys, us, pullback(us)

    @property
    def ys(self) -> list[Array]:
        return self._run[0]

    @property
    def us(self) -> list[Array]:
        return self._run[1]

    @property
    def gs(self) -> list[Array]:
        return self._run[2]

    @property
    def modes(self) -> frozenset[str]:
        """In which modes it is differentiated: both, unless the function says otherwise."""
        return modes(self.case.fn)

    @property
    def inputs(self) -> list[int]:
        """Which of its arrays are inputs, and not the parameters of a module."""
        return [k for k, name in enumerate(self.case.names) if not name.startswith("parameters[")]

    def moved(self, change: Callable[[Array], Array], which: Sequence[int] | None = None, others: bool = False) -> Case:
        """The case with its inputs changed.

        Args:
            which: these of them; all when None.
            others: the arrays that are not differentiated too: indices, masks.
        """
        chosen = self.inputs if which is None else which
        case = self.case.at([change(x) if k in chosen else x for k, x in enumerate(self.xs)])
        return rest_changed(case, change) if others else case

    @property
    def gradient_names(self) -> list[str]:
        return [f"the gradient of {name}" for name in self.case.names]

    @property
    def output_names(self) -> list[str]:
        return [f"y{k}" for k in range(len(self.ys))] if len(self.ys) > 1 else ["y"]

    @property
    def limit(self) -> float:
        """How far two ways of computing the same may differ, relative to the size of the terms."""
        return ROUNDINGS * max(float(np.finfo(y.dtype).eps) for y in self.ys)

    @cached_property
    def sizes(self) -> list[float]:
        """S for each gradient: its own terms, and those of ⟨u, y⟩, whose rounding it carries where they cancel."""
        total = sum(float(np.abs(u * y).sum()) for u, y in zip(self.us, self.ys, strict=True))
        return [
            float(np.abs(g).sum()) + total / max(float(np.abs(x).max(initial=0)), TINY**0.5)
            for g, x in zip(self.gs, self.xs, strict=True)
        ]

    def another(self, seed: int) -> list[Array]:
        """One more random cotangent."""
        return parted(cotangent(sum(y.size for y in self.ys), self.seed + seed), self.ys)

    def gradients(self, us: Arrays) -> list[Array]:
        """Jᵀu, by a run of its own."""
        return run(self.case)[1](us)

    def recorded(self) -> tuple[list[Tensor], Tensor | None]:
        """Fresh leaves and ⟨u, y⟩ recorded on them; None where no output depends on a leaf."""
        leaves = [Tensor(x, requires_grad=True) for x in self.xs]
        with enable_grad():
            terms = [(y * u).sum() for y, u in zip(self.case(*leaves), self.us, strict=True) if y.requires_grad]
            return leaves, sum(terms[1:], terms[0]) if terms else None


Law = Callable[[LinearMap], Mismatch | None]


@contextmanager
def quiet() -> Iterator[None]:
    """NumPy need not warn of what lies outside of a domain."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def rest_changed(case: Case, change: Callable[[Array], Array]) -> Case:
    """The case with the arrays changed that are not differentiated: indices, masks."""

    def changed(x: Any) -> Any:
        x = x.data if isinstance(x, Tensor) else x
        return change(x) if isinstance(x, np.ndarray) else x

    return replace(case, leaves=tuple(x if k in case.moving else changed(x) for k, x in enumerate(case.leaves)))


def run(case: Case, xs: Arrays | None = None) -> tuple[list[Array], Callable[[Arrays], list[Array]]]:
    """The outputs and the pullback, array to array.

    Args:
        xs: where, taken as they lie in memory; copies of the case's own when None, so that none is written to.
    """
    xs = [x.copy() for x in case.xs] if xs is None else xs
    with no_grad(), np.errstate(all="ignore"):  # no_grad: what the function closes over is held
        ys, pullback = vjp(case, *(from_array(x, None) for x in xs))

    def pull(us: Arrays) -> list[Array]:
        with no_grad(), np.errstate(all="ignore"):
            return [g._array for g in pullback([from_array(u, None) for u in us])]

    return [y._array for y in ys], pull


def difference(
    names: Sequence[str], got: Arrays, expected: Arrays, sizes: Sequence[Any] | None = None, limit: float = 0.0
) -> Mismatch | None:
    """Where `got` is farthest from `expected`, None when |got − expected| ≤ limit·size everywhere.

    Args:
        sizes: S for each array; exact equality when None. NaN equals NaN. Numbers that are not normal have lost digits.

    >>> print(difference(["g"], [np.array([1.0, 5.0])], [np.array([1.0, 2.0])]))
    differs
      argument  g[1], of shape (2,)
      analytic  5
      numeric   2
      ratio     2.5
      rows      1 of 2 elements differ
    """
    for name, a, b, size in zip(names, got, expected, sizes or [0.0] * len(names), strict=True):
        if a.shape != b.shape or a.dtype != b.dtype:
            return Mismatch("differs", name, f"{a.shape} {a.dtype}", f"{b.shape} {b.dtype}")
        with np.errstate(all="ignore"):
            error = np.abs(a - b)
            wrong = ~((error <= limit * size + bool(limit) * TINY) | (a == b) | (np.isnan(a) & np.isnan(b)))
        if wrong.any():
            return _worst(name, a, b, np.where(wrong, np.nan_to_num(error, nan=np.inf), -1.0))
    return None


def _worst(name: str, got: Array, expected: Array, error: Array) -> Mismatch:
    at = np.unravel_index(int(np.argmax(error)), error.shape)
    index = f"[{', '.join(map(str, at))}]" if at else ""
    rows = f"{np.count_nonzero(error >= 0)} of {error.size} elements differ"
    ratio = f"{got[at] / expected[at]:.6g}" if expected[at] else ""
    place = f"{name}{index}, of shape {got.shape}"
    return Mismatch("differs", place, f"{got[at]:.12g}", f"{expected[at]:.12g}", ratio, rows if error.size > 1 else "")


def altered(before: Arrays, after: Arrays) -> int | None:
    """Which array is not what it was, to the bit."""
    changed = (k for k, (a, b) in enumerate(zip(before, after, strict=True)) if not same(a, b))
    return next(changed, None)


def same(a: Array, b: Array) -> bool:
    """Equal to the bit, NaN and −0 too."""
    return a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes()
