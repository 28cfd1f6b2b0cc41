"""check_module: a module's derivative by its inputs and by every one of its parameters, and what a module is held to.

module(x)  →  run({"weight": W, "bias": b}, x)  →  check_vjp, check_jvp, the laws
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Unpack

import numpy as np

from tinygrad_rnn.errors import OptionError, check_number, check_option, check_seed, check_type
from tinygrad_rnn.nn import Module
from tinygrad_rnn.testing.checks.derivatives import check_jvp, check_vjp
from tinygrad_rnn.testing.checks.laws import LAWS, as_function, broken, case_of, title_of
from tinygrad_rnn.testing.laws.algebra import stateless
from tinygrad_rnn.testing.laws.arrays import float32_kept
from tinygrad_rnn.testing.laws.linear_map import Law, LinearMap
from tinygrad_rnn.testing.laws.rows import a_batch
from tinygrad_rnn.testing.laws.rows import batched as rows_along
from tinygrad_rnn.testing.laws.usage import parameters_used
from tinygrad_rnn.testing.oracles.limits import Limits, Tolerances
from tinygrad_rnn.testing.report.again import Again, rerun
from tinygrad_rnn.testing.report.findings import GradReport

__all__ = ["check_module"]


OF_MODULES = (
    "deterministic", "side by side", "inputs kept", "aliasing", "zeros", "round numbers", "wide ranges", "one element",
)  # fmt: skip


def check_module(
    module: Module,
    *inputs: Any,
    order: int = 1,
    oracle: str = "auto",
    kinks: str = "skip",
    batched: int | str | None = "auto",
    unused: Sequence[str] = (),
    reference: Callable[..., Any] | None = None,
    seed: int = 0,
    **tolerances: Unpack[Tolerances],
) -> GradReport:
    """Check ∂module(x; W)/∂x and ∂module(x; W)/∂W, in reverse and in forward mode, against differences; then the laws.

    Args:
        module: one with float32 parameters is differenced in float64, and its float32 gradient compared with that.
        *inputs: what it is called with; order, oracle, kinks, seed and the tolerances are those of check_vjp.
        batched: the axis of inputs and outputs along which each row is to be what it is alone. "auto" is the first or
            the second of inputs of three axes and more; rows of a matrix may be steps or tokens, and are held to it
            where their values say so, or with batched=0. None: rows may meet, as in batch normalisation.
        unused: names of parameters on which no output has to depend.
        reference: reference(parameters, *inputs), of plain arrays, the parameters by name.
    Raises:
        GradMismatch: a derivative is wrong, or a law is broken. Kink: there is none at this point. GraphError: run
            again, the module gives other values, as with a Dropout while training.

    >>> from tinygrad_rnn import nn
    >>> check_module(nn.Linear(2, 1, rng=0), [[0.5, -1.0], [2.0, 0.25]]).laws
    ('stateless', 'deterministic', 'side by side', 'inputs kept', 'aliasing', 'zeros', 'round numbers', 'wide ranges',
     'one element', 'parameters used', 'float32 kept', 'a batch')
    """
    check_type("check_module", "module", module, Module, "a Module")
    check_seed("check_module", seed)
    Limits.of("check_module", tolerances)
    asked = _laws(module, batched, unused)
    run, values = as_function(module)
    options: dict[str, Any] = {
        "order": order,
        "oracle": oracle,
        "kinks": kinks,
        "seed": seed,
        "name": type(module).__name__,
        **tolerances,
    }
    point = LinearMap(case_of(module, inputs), seed)
    usual = {"batched": "auto", "unused": (), "reference": None}
    given = {"batched": batched, "unused": unused, "reference": reference}
    given = {name: value for name, value in given.items() if value is not usual[name]}
    again = partial(rerun, "check_module", module, *inputs, **given, seed=seed, **tolerances)
    _hold(point, [stateless], again)  # differences of what remembers its calls look like kinks
    reverse = check_vjp(run, values, *inputs, reference=reference, **options)
    forward = check_jvp(run, values, *inputs, **options)
    _hold(point, asked, again)
    return replace(
        reverse,
        directions=reverse.directions + forward.directions,
        kinks=reverse.kinks + forward.kinks,
        worst=max(reverse.worst, forward.worst),
        laws=tuple(map(title_of, [stateless, *asked])),
    )


def _hold(point: LinearMap, laws: Sequence[Law], again: Callable[[], Again]) -> None:
    for law in laws:
        found = law(point)
        if found is not None:
            raise broken(point.case.name, law, found, again)


def _laws(module: Module, axis: int | str | None, unused: Sequence[str]) -> list[Law]:
    """What a module is held to."""
    laws = [*(LAWS[name] for name in OF_MODULES), parameters_used(known_parameters("check_module", module, unused))]
    laws += [float32_kept] if all(p.dtype == np.float32 for p in module.parameters()) else []
    if axis is None:
        return laws
    if isinstance(axis, str):
        check_option("check_module", "batched", axis, ("auto",))
        return [*laws, a_batch]
    check_number("check_module", "batched", axis, whole=True, least=0)
    return [*laws, rows_along(axis)]


def known_parameters(owner: str, module: Module, names: Sequence[str]) -> Sequence[str]:
    """The names, once it is sure that the module has parameters of these names.

    Raises:
        OptionError: it does not.
    """
    check_type(owner, "unused", names, list | tuple | set, "a list or a tuple of names")
    own = [name for name, _ in module.named_parameters()]
    if not {*map(type, names)} <= {str} or not {*names} <= {*own}:
        raise OptionError(f"{owner}: unused={names!r:.60} does not name parameters of {type(module).__name__}",
                          expected=f"some of {', '.join(own)}", help="unused=('name',)")  # fmt: skip
    return names
