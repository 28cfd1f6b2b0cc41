"""check_recurrent: what backpropagation through time has to satisfy, whatever the cell.

layer, x, h0  →  a Recurrence in float64  →  slopes (derivatives.py), then each law (laws/through_time.py, padding.py)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Unpack

import numpy as np

from tinygrad_rnn.engine.tensor import Tensor
from tinygrad_rnn.errors import TinygradError, check_flags, check_seed, check_type
from tinygrad_rnn.nn import Module
from tinygrad_rnn.testing.checks.derivatives import check_jvp, check_vjp
from tinygrad_rnn.testing.checks.laws import LAWS, broken, title_of
from tinygrad_rnn.testing.checks.modules import known_parameters
from tinygrad_rnn.testing.laws.algebra import stateless
from tinygrad_rnn.testing.laws.arrays import float32_kept
from tinygrad_rnn.testing.laws.linear_map import LinearMap
from tinygrad_rnn.testing.laws.recurrence import Recurrence, mapped
from tinygrad_rnn.testing.laws.through_time import (
    BATCHED,
    ONE_WAY,
    PADDED,
    STARTED,
    Law,
    of_nothing,
    of_whole,
    parameters_used,
)
from tinygrad_rnn.testing.oracles.limits import Limits, Tolerances
from tinygrad_rnn.testing.report.again import rerun
from tinygrad_rnn.testing.report.findings import GradReport, Mismatch

__all__ = ["check_recurrent"]


OF_SEQUENCES = tuple(LAWS[name] for name in ("deterministic", "side by side", "inputs kept", "zeros", "wide ranges"))


def check_recurrent(
    layer: Module,
    x: Any,
    h0: Any = None,
    lengths: Any = None,
    *,
    cell: bool | None = None,
    unused: Sequence[str] = (),
    reference: Callable[..., Any] | None = None,
    seed: int = 0,
    **tolerances: Unpack[Tolerances],
) -> GradReport:
    """Check a recurrent layer, or a cell run over x, by the laws of recurrences and against differences, in float64.

    Args:
        layer: `layer(x, hx) → (output, h_n)`, or a cell `cell(x_t, state) → state`. The state is any nest of arrays.
            One that is `bidirectional` is spared the laws of one direction.
        x: (T, B, I), (B, T, I) for a layer that is `batch_first`, or (T, I).
        h0: the first state; a state that the layer made itself when None.
        reference: reference(parameters, x, h0) → (output, last state), of plain arrays in float64, the parameters by
            name; asked for the whole sequence, whatever the lengths.
        **tolerances: as for check_vjp; the laws hold to rounding.
        lengths: of each row; then the layer is called with `lengths=` too, and held to the laws of padded batches.
        cell: whether it is a cell. When None, an nn.Cell is, and so is a Module that, called with the whole of x, does
            not return an output of T steps and a state whose size T does not change.
        unused: names of parameters on which neither output nor state has to depend.
    Returns:
        The slopes that were compared, and the laws that were tried.
    Raises:
        GradMismatch: the first law that is broken. GraphError: run again, the layer gives other values; or it takes
            no lengths. ShapeError: there are fewer than two steps.

    >>> import numpy as np
    >>> from tinygrad_rnn import nn
    >>> check_recurrent(nn.GRU(2, 3, rng=0), np.ones((4, 2, 2))).laws
    ('stateless', 'differences', 'parameters used', 'deterministic', 'side by side', 'inputs kept', 'zeros',
     'wide ranges', 'state used', 'zero start', 'float32 kept', 'by hand', 'split', 'detached', 'untied', 'ledger',
     'causal', 'reversal', 'batch permutation', 'rows alone')
    """
    check_type("check_recurrent", "layer", layer, Module, "a Module")
    check_seed("check_recurrent", seed)
    check_flags("check_recurrent", **({} if cell is None else {"cell": cell}))
    Limits.of("check_recurrent", tolerances)
    named = known_parameters("check_recurrent", layer, unused)
    given = {"h0": h0, "lengths": lengths, "cell": cell, "reference": reference, "seed": seed, **tolerances}
    given = {name: value for name, value in given.items() if value is not None} | ({"unused": unused} if unused else {})
    net = Recurrence.of(layer, x, h0, lengths, seed, cell, partial(rerun, "check_recurrent", layer, x, **given))
    laws: tuple[Law, ...] = (parameters_used(named), *map(of_whole, OF_SEQUENCES), *STARTED)
    laws += (of_nothing(float32_kept),) if all(p.dtype == np.float32 for p in layer.parameters()) else ()
    laws += () if getattr(layer, "bidirectional", False) else ONE_WAY
    laws += BATCHED if net.x.ndim == 3 else ()
    laws += () if lengths is None else PADDED
    kept = stateless(net.padded)
    if kept is not None:
        raise broken(net.name, stateless, kept, net.again)
    report = differences(net, reference, **tolerances)
    for law in laws:
        found = _tried(law, net)
        if found is not None:
            raise broken(net.name, law, found, net.again)
    return replace(report, laws=("stateless", "differences", *map(title_of, laws)))


def _tried(law: Law, net: Recurrence) -> Mismatch | None:
    try:
        return law(net)
    except TinygradError as error:  # the whole runs: so must a step, a row, a part
        return Mismatch("raises", hint=f"{type(error).__name__}: {error}".splitlines()[0])


def differences(net: Recurrence, reference: Any = None, **tolerances: Unpack[Tolerances]) -> GradReport:
    """Both modes against differences, by the parameters, the inputs and the first state."""
    point: LinearMap = net.whole if net.lengths is None else net.padded
    inputs = (net.parameters, net.x, mapped(_constant, net.h0))
    if reference is not None and net.lengths is not None:
        check_vjp(net, *inputs, reference=reference, seed=net.seed, name=net.name, **tolerances)
        reference = None
    report = check_vjp(point.case.fn, *inputs, reference=reference, seed=net.seed, name=net.name, **tolerances)
    check_jvp(point.case.fn, *inputs, seed=net.seed, name=net.name, **tolerances)
    return report


def _constant(part: Any) -> Any:
    """What counts or selects, as the Tensor that the layer made of it."""
    return part if part.dtype.kind == "f" else Tensor(part)
