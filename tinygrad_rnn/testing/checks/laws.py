"""check_laws: what holds for every derivative, whatever the function: no oracle, no step size, no tolerance to tune.

algebra      linear, zero, adjoint, deterministic    J is a linear map, and Jᵀ is its transpose
arrays       layout, float32                          the numbers decide, not how they lie in memory
ownership    inputs kept, memory, freed, …           nothing is written to, shared or kept
ties         ties                                     where there is no derivative, the shortest subgradient
rows         batched(axis)                            a batch is its rows
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from tinygrad_rnn.errors import GraphError, check_seed, check_sequence
from tinygrad_rnn.nn import Module
from tinygrad_rnn.testing.checks.modules import as_function
from tinygrad_rnn.testing.laws.algebra import adjoint, deterministic, linear, zero
from tinygrad_rnn.testing.laws.arrays import float32, layout
from tinygrad_rnn.testing.laws.linear_map import Law, LinearMap
from tinygrad_rnn.testing.laws.ownership import freed, grad_twice, inputs_kept, memory, second_backward_refused
from tinygrad_rnn.testing.laws.ties import ties
from tinygrad_rnn.testing.oracles.case import Case, chosen
from tinygrad_rnn.testing.report.again import Again, rerun
from tinygrad_rnn.testing.report.findings import GradMismatch, GradReport, Mismatch

__all__ = ["DEFAULT", "LAWS", "check_laws"]


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
    check_seed("check_laws", seed)
    check_sequence("check_laws", "the laws", laws)
    asked = [_named(law) for law in ([laws] if isinstance(laws, str) else laws)]
    point = LinearMap(_case(fn, inputs, wrt, name), seed)
    for law in asked:
        found = law(point)
        if found is not None:
            options = {"wrt": wrt, "laws": [_name(law) if law in LAWS.values() else law], "seed": seed, "name": name}
            options = {option: value for option, value in options.items() if value is not None}
            raise broken(point.case.name, law, found, partial(rerun, "check_laws", fn, *inputs, **options))
    return GradReport(point.case.name, laws=tuple(map(_name, asked)))


def _case(fn: Any, inputs: tuple[Any, ...], wrt: Any, name: str | None) -> Case:
    if isinstance(fn, Module):
        fn, values = as_function(fn)
        wrt = wrt if wrt is None else tuple(k + 1 for k in chosen(wrt, len(inputs)))
        inputs = (values, *inputs)
    case = Case.of(fn, inputs, wrt, name)
    return case.at([x.astype(np.float64) for x in case.xs])


def _named(law: str | Law) -> Law:
    if callable(law):
        return law
    if law not in LAWS:
        raise GraphError(f"check_laws: there is no law {law!r:.60}", expected=", ".join(LAWS))
    return LAWS[law]


def _name(law: Callable[..., Any]) -> str:
    return law.__name__.replace("_", " ")


def broken(name: str, law: Callable[..., Any], found: Mismatch, again: Callable[[], Again]) -> GradMismatch:
    """The error for what a law found: its name and its formula, then the facts."""
    formula = (law.__doc__ or "").strip().splitlines()
    what = f"law {_name(law)!r} is broken" + (f": {formula[0]}" if formula else "")

    def report() -> GradReport:
        return GradReport(name, laws=(_name(law),), mismatch=replace(found, what=what, **again()._asdict()))

    return GradMismatch(report)
