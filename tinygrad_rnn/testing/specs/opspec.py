"""OpSpec: all there is to know to test an op of one's own, and the table of those that were registered.

name, fn        what it is               inputs      a Hypothesis strategy for its arguments
reference       the same in NumPy        kinks       where it has no derivative
errors          what it must refuse
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygrad_rnn.engine.apply import as_array
from tinygrad_rnn.engine.tensor import Array, Tensor
from tinygrad_rnn.engine.trees import flatten
from tinygrad_rnn.testing.checks.complete import check_call
from tinygrad_rnn.testing.checks.refusals import check_errors
from tinygrad_rnn.testing.oracles.case import Case, joined
from tinygrad_rnn.testing.report.counts import count, reject
from tinygrad_rnn.testing.report.findings import GradMismatch, GradReport, Kink, Mismatch

__all__ = ["OpSpec", "register"]

REGISTERED: dict[str, OpSpec] = {}
NEAR = 1e-2  # a kink nearer than this spoils the differences


@dataclass(frozen=True)
class OpSpec:
    """An op with what it is to be tested on.

    Attributes:
        name: what to call it.
        fn: takes Tensors (or arrays, and then gives arrays).
        inputs: a strategy for its arguments: tuples, or single arrays.
        reference: a function of arrays that gives the same values, in NumPy.
        kinks: where fn has no derivative: numbers that no argument may be near, or a function of the arguments that
            gives the distance to the nearest.
        errors: cases for check_errors: (arguments, error) or (arguments, error, pattern).
    """

    name: str
    fn: Callable[..., Any]
    inputs: Any
    reference: Callable[..., Any] | None = None
    kinks: Callable[..., Any] | Sequence[float] | None = None
    errors: Sequence[Any] = ()

    def check(self, *arguments: Any) -> list[GradReport]:
        """Every check at one point: its values, both modes to the second order, the laws.

        Raises:
            GradMismatch: the first that does not hold. Kink: too near to one.
        """
        if self.distance(*arguments) < NEAR:
            count(points=1)
            reject(self.name, [Kink(f"nearer than {NEAR} to a kink")])
        self.check_value(*arguments)
        return check_call(self.fn, *arguments, name=self.name)

    def run(self) -> None:
        """Every check at every point that Hypothesis draws from `inputs`, then what must be refused."""
        from tinygrad_rnn.testing.strategies import for_each  # Hypothesis is needed only here

        for_each(self.inputs, lambda given: self.check(*(given if isinstance(given, tuple) else (given,))))
        check_errors(self.fn, self.errors)

    def check_value(self, *arguments: Any) -> None:
        """Raise GradMismatch unless fn gives the values, shapes and dtypes of `reference`, to a few roundings."""
        if self.reference is None:
            return
        got = [as_array(y) for y in flatten(self.fn(*arguments))[0]]
        plain = flatten(arguments)
        expected = [np.asarray(y) for y in flatten(self.reference(*plain[1]([_plain(x) for x in plain[0]])))[0]]
        for y, exact in zip(got, expected, strict=True):
            size = np.abs(exact).max(initial=0) if exact.dtype.kind == "f" else 0
            if (
                y.shape != exact.shape
                or y.dtype != exact.dtype
                or not np.allclose(y, exact, rtol=1e-13, atol=1e-14 * size, equal_nan=True)
            ):
                words = Mismatch(
                    "the values are not the reference's", analytic=f"{y!r:.200}", numeric=f"{exact!r:.200}"
                )
                raise GradMismatch(GradReport(self.name, "reference", mismatch=words))

    def distance(self, *arguments: Any) -> float:
        """How far the arguments are from the nearest kink; infinite where none was declared."""
        if self.kinks is None:
            return float("inf")
        if callable(self.kinks):
            found = np.asarray(self.kinks(*arguments), dtype=float)
        else:
            x = joined(Case.of(self.fn, arguments).xs)
            found = np.abs(np.subtract.outer(x, np.asarray(list(self.kinks), dtype=float)))
        return float(found.min(initial=np.inf))


def _plain(x: Any) -> Array | Any:
    return x.data if isinstance(x, Tensor) else x


def register(spec: OpSpec) -> OpSpec:
    """Add an op to the table: a test with an argument `op_spec` runs once for each, and `programs()` may use it.

    Raises:
        ValueError: another spec has this name.

    >>> from tinygrad_rnn.ops import tanh
    >>> spec = OpSpec("double tanh", lambda x: 2 * tanh(x), inputs=None, reference=lambda x: 2 * np.tanh(x))
    >>> [report.passed for report in spec.check(np.array([0.5, -1.0]))]
    [True, True, True]
    """
    if REGISTERED.setdefault(spec.name, spec) is not spec:
        raise ValueError(f"register: there is a spec of the name {spec.name!r} already")
    return spec
