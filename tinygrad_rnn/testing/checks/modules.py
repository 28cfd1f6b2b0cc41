"""check_module: a module's derivative by its inputs and by every one of its parameters.

module(x)  →  run({"weight": W, "bias": b}, x)  →  check_vjp, check_jvp
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Unpack

from tinygrad_rnn.errors import check_type
from tinygrad_rnn.nn import Module, functional_call
from tinygrad_rnn.testing.checks.derivatives import check_jvp, check_vjp
from tinygrad_rnn.testing.oracles.limits import Tolerances
from tinygrad_rnn.testing.report.findings import GradReport

__all__ = ["check_module"]


def check_module(
    module: Module,
    *inputs: Any,
    order: int = 1,
    oracle: str = "auto",
    kinks: str = "skip",
    reference: Callable[..., Any] | None = None,
    seed: int = 0,
    **tolerances: Unpack[Tolerances],
) -> GradReport:
    """Check ∂module(x; W)/∂x and ∂module(x; W)/∂W, in reverse and in forward mode, against differences.

    Args:
        module: one with float32 parameters is differenced in float64, and its float32 gradient compared with that.
        *inputs: what it is called with; the arguments that follow are those of check_vjp.
        reference: reference(parameters, *inputs), of plain arrays, the parameters by name.
    Raises:
        GradMismatch: a derivative is wrong. Kink: there is none at this point. GraphError: run again, the module
            gives other values, as with a Dropout while training.

    >>> from tinygrad_rnn import nn
    >>> print(check_module(nn.Linear(2, 1, rng=0), [[0.5, -1.0]]))
    Linear: 6 slopes agree with complex step to 0.0e+00
    """
    check_type("check_module", "module", module, Module, "a Module")
    run, values = as_function(module)
    options: dict[str, Any] = {
        "order": order,
        "oracle": oracle,
        "kinks": kinks,
        "seed": seed,
        "name": type(module).__name__,
        **tolerances,
    }
    reverse = check_vjp(run, values, *inputs, reference=reference, **options)
    forward = check_jvp(run, values, *inputs, **options)
    return replace(
        reverse,
        directions=reverse.directions + forward.directions,
        kinks=reverse.kinks + forward.kinks,
        worst=max(reverse.worst, forward.worst),
    )


def as_function(module: Module) -> tuple[Callable[..., Any], dict[str, Any]]:
    """The module as a function run(parameters, *inputs), and the values of its parameters by name."""

    def run(parameters: dict[str, Any], *inputs: Any, **options: Any) -> Any:
        return functional_call(module, parameters, *inputs, **options)

    own = inspect.signature(module.forward).parameters
    first = inspect.Parameter("parameters", inspect.Parameter.POSITIONAL_ONLY)
    run.__name__, run.module = type(module).__name__, module  # type: ignore[attr-defined]
    if first.name not in own:  # a report calls the arguments what forward calls them
        run.__signature__ = inspect.Signature([first, *own.values()])  # type: ignore[attr-defined]
    return run, module.state_dict()
