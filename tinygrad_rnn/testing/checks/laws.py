"""check_laws: what holds for every derivative, whatever the function, at the point that is given and around it.

algebra      linear, zero, adjoint, deterministic, aliasing …   J is a linear map, Jᵀ its transpose, run after run
arrays       layout, float32                                    the numbers decide, not how they lie in memory
ownership    inputs kept, memory, freed, …                      nothing is written to, shared or kept
edges        zeros, round numbers, wide ranges, one element     the slope there too, or between those to both sides
rows         rows, batched(axis)                                a batch is its rows
ties         ties                                               at a kink, the shortest subgradient: on request
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from tinygrad_rnn.errors import GraphError, check_seed, check_sequence
from tinygrad_rnn.nn import Module, functional_call
from tinygrad_rnn.testing.laws.algebra import adjoint, aliasing, deterministic, linear, side_by_side, stateless, zero
from tinygrad_rnn.testing.laws.arrays import float32, layout
from tinygrad_rnn.testing.laws.edges import one_element, round_numbers, wide_ranges, zeros
from tinygrad_rnn.testing.laws.linear_map import Law, LinearMap
from tinygrad_rnn.testing.laws.ownership import freed, grad_twice, inputs_kept, memory, second_backward_refused
from tinygrad_rnn.testing.laws.rows import rows
from tinygrad_rnn.testing.laws.ties import ties
from tinygrad_rnn.testing.oracles.case import Case, chosen
from tinygrad_rnn.testing.report.again import Again, rerun
from tinygrad_rnn.testing.report.findings import GradMismatch, GradReport, Mismatch

__all__ = ["DEFAULT", "LAWS", "check_laws"]


LAWS: dict[str, Law] = {
    law.__name__.replace("_", " "): law
    for law in (
        linear, zero, adjoint, deterministic, stateless, side_by_side, aliasing, layout, float32,
        inputs_kept, memory, freed, grad_twice, second_backward_refused,
        zeros, round_numbers, wide_ranges, one_element, rows, ties,
    )
}  # fmt: skip
ON_REQUEST = ("one element", "ties")
DEFAULT = tuple(name for name in LAWS if name not in ON_REQUEST)


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
    laws = [laws] if isinstance(laws, str) else laws
    check_sequence("check_laws", "the laws", laws)
    asked = [_named(law) for law in laws]
    point = LinearMap(case_of(fn, inputs, wrt, name), seed)
    asked = [law for law in asked if needs(law) <= point.modes]
    point.case.at([x.copy() for x in point.xs]).tensors()  # whatever fn writes to: there is a law for that
    for law in asked:
        found = law(point)
        if found is not None:
            options = {"wrt": wrt, "laws": [title_of(law) if law in LAWS.values() else law], "seed": seed, "name": name}
            options = {option: value for option, value in options.items() if value is not None}
            raise broken(point.case.name, law, found, partial(rerun, "check_laws", fn, *inputs, **options))
    return GradReport(point.case.name, laws=tuple(map(title_of, asked)))


BOTH = (adjoint,)
EITHER = (zeros, round_numbers, wide_ranges, one_element)


def needs(law: Law) -> frozenset[str]:
    """The modes without which a law asks nothing."""
    return frozenset(("vjp", "jvp") if law in BOTH else () if law in EITHER else ("vjp",))


def case_of(fn: Any, inputs: tuple[Any, ...], wrt: Any = None, name: str | None = None) -> Case:
    """fn, or a Module, as a function of its arrays of floats, in float64."""
    if isinstance(fn, Module):
        fn, values = as_function(fn)
        wrt = wrt if wrt is None else tuple(k + 1 for k in chosen(wrt, len(inputs)))
        inputs = (values, *inputs)
    case = Case.of(fn, inputs, wrt, name)
    return case.at([x.astype(np.float64) for x in case.xs])


def _named(law: str | Law) -> Law:
    if callable(law):
        return law
    if not isinstance(law, str) or law not in LAWS:
        raise GraphError(f"check_laws: there is no law {law!r:.60}", expected=", ".join(LAWS))
    return LAWS[law]


def title_of(law: Callable[..., Any]) -> str:
    """inputs kept, of the function inputs_kept."""
    return law.__name__.replace("_", " ")


def broken(name: str, law: Callable[..., Any], found: Mismatch, again: Callable[[], Again]) -> GradMismatch:
    """The error for what a law found: its name and its formula, then the facts."""
    formula = (law.__doc__ or "").strip().splitlines()
    what = f"law {title_of(law)!r} is broken" + (f": {formula[0]}" if formula else "")

    def report() -> GradReport:
        return GradReport(name, laws=(title_of(law),), mismatch=replace(found, what=what, **again()._asdict()))

    return GradMismatch(report)


def as_function(module: Module) -> tuple[Callable[..., Any], dict[str, Any]]:
    """The module as a function run(parameters, *inputs), and the values of its parameters by name."""

    def run(parameters: dict[str, Any], *inputs: Any, **options: Any) -> Any:
        return functional_call(module, parameters, *inputs, **options)

    own = inspect.signature(module.forward).parameters
    first = inspect.Parameter("parameters", inspect.Parameter.POSITIONAL_ONLY)
    run.__name__, run.module = type(module).__name__, module  # type: ignore[attr-defined]
    if first.name not in own:  # a report calls the arguments what forward calls them
        run.__signature__ = inspect.Signature([first, *own.values()])  # type: ignore[attr-defined]
    return run, {name: parameter.numpy() for name, parameter in module.named_parameters()}
