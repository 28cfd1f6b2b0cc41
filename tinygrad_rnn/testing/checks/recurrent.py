"""check_recurrent: what backpropagation through time has to satisfy, whatever the cell.

layer, x, h0  →  a Recurrence in float64  →  slopes (derivatives.py), then each law (laws/through_time.py, padding.py)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Unpack

from tinygrad_rnn.engine.tensor import Tensor
from tinygrad_rnn.errors import check_seed, check_type
from tinygrad_rnn.nn import Module
from tinygrad_rnn.testing.checks.derivatives import check_jvp, check_vjp
from tinygrad_rnn.testing.checks.laws import broken
from tinygrad_rnn.testing.laws.linear_map import LinearMap
from tinygrad_rnn.testing.laws.recurrence import Recurrence, mapped
from tinygrad_rnn.testing.laws.through_time import BATCHED, ONE_WAY, PADDED, STARTED
from tinygrad_rnn.testing.oracles.limits import Tolerances
from tinygrad_rnn.testing.report.findings import GradReport

__all__ = ["check_recurrent"]


def check_recurrent(
    layer: Module,
    x: Any,
    h0: Any = None,
    lengths: Any = None,
    *,
    reference: Callable[..., Any] | None = None,
    seed: int = 0,
    **tolerances: Unpack[Tolerances],
) -> GradReport:
    """Check a recurrent layer, or a cell run over x, by the laws of recurrences and against differences, in float64.

    Args:
        layer: `layer(x, hx) → (output, h_n)`, or a cell `cell(x_t, state) → state`: an nn.Cell, or a Module whose
            class is named …Cell. The state is any nest of arrays. One that is `bidirectional` is spared the laws of
            one direction.
        x: (T, B, I), (B, T, I) for a layer that is `batch_first`, or (T, I).
        h0: the first state; a state that the layer made itself when None.
        reference: reference(parameters, x, h0) → (output, last state), of plain arrays in float64, the parameters by
            name; asked for the whole sequence, whatever the lengths.
        **tolerances: as for check_vjp; the laws hold to rounding.
        lengths: of each row; then the layer is called with `lengths=` too, and held to the laws of padded batches.
    Returns:
        The slopes that were compared, and the laws that were tried.
    Raises:
        GradMismatch: the first law that is broken. GraphError: run again, the layer gives other values; or it takes
            no lengths. ShapeError: there are fewer than two steps.

    >>> import numpy as np
    >>> from tinygrad_rnn import nn
    >>> check_recurrent(nn.GRU(2, 3, rng=0), np.ones((4, 2, 2))).laws
    ('differences', 'zero start', 'by hand', 'split', 'detached', 'untied', 'ledger', 'causal', 'reversal',
     'batch permutation', 'rows alone')
    """
    check_type("check_recurrent", "layer", layer, Module, "a Module")
    check_seed("check_recurrent", seed)
    net = Recurrence.of(layer, x, h0, lengths, seed)
    laws = STARTED
    laws += () if getattr(layer, "bidirectional", False) else ONE_WAY
    laws += BATCHED if net.x.ndim == 3 else ()
    laws += () if lengths is None else PADDED
    report = differences(net, reference, **tolerances)
    for law in laws:
        found = law(net)
        if found is not None:
            raise broken(net.name, law, found, net.again)
    return replace(report, laws=("differences", *(law.__name__.replace("_", " ") for law in laws)))


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
