"""Laws of batches, padded or not: a row is computed as if it were alone, and what stands in the pads reaches nothing.

lengths 4, 2:     x  x  x  x          output  y  y  y  y      h_n = the state after step 4
                  x  x  ·  ·                  y  y  0  0            the state after step 2
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from tinygrad_rnn.engine.tensor import Array, Tensor
from tinygrad_rnn.ops import concatenate, take
from tinygrad_rnn.testing.laws.linear_map import difference, run
from tinygrad_rnn.testing.laws.recurrence import Recurrence, agree, valid
from tinygrad_rnn.testing.report.findings import Mismatch


def rows_alone(net: Recurrence) -> Mismatch | None:
    """each row of a batch is that row run alone, at its length; one of length 0 keeps its first state"""
    whole = net.lengths is None
    lengths: Any = np.full(net.x.shape[1], net.T) if whole else net.lengths
    batch = net.whole if whole else net.padded
    shape = batch.ys[0].shape

    def alone(parameters: Any, x: Any, state: Any) -> tuple[Any, Any]:
        outputs, states = [], []
        for b, n in enumerate(lengths.tolist()):
            output, last = Tensor(np.zeros((0, 1, *shape[2:]))), net.rows(state, [b])
            if n:
                output, last = net(parameters, take(x[:n], [b], axis=1), last)
            outputs.append(concatenate([output, np.zeros((net.T - n, 1, *shape[2:]))]))
            states.append(last)
        return concatenate(outputs, 1), net.joined(states)

    return agree(batch, alone)


def pads(net: Recurrence) -> Mismatch | None:
    """outputs and gradients are 0 in the pads, and NaN there changes no bit elsewhere"""
    lengths: Any = net.lengths
    p, data = net.padded, valid(lengths, net.x)
    W = len(net.parameters)
    return (
        _zero(p.output_names[0], p.ys[0], data)
        or _zero(p.gradient_names[W], p.gs[W], data)
        or _unchanged(net, np.where(data, net.x, np.nan))
    )


def _zero(name: str, array: Array, data: Array) -> Mismatch | None:
    in_pads = np.where(data, 0, array)
    return difference([f"{name} in the pads"], [in_pads], [np.zeros_like(in_pads)])


def _unchanged(net: Recurrence, x: Array) -> Mismatch | None:
    p, W = net.padded, len(net.parameters)
    xs = [*p.xs[:W], x, *p.xs[W + 1 :]]
    with np.errstate(all="ignore"):
        ys, pull = run(p.case, xs)
        gs = pull(p.us)
    found = difference(p.output_names, ys, p.ys) or difference(p.gradient_names, gs, p.gs)
    return found and replace(found, hint="with NaN in the pads, against noise in them")
