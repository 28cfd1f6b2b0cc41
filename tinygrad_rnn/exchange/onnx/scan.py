"""A cell of one's own through time: ONNX's Scan, whose body is one recorded step.

h_0 (B, H), c_0 ─────── Scan ─ h_n, c_n
x (T, B, I), mask ─────┘  │  └─ y (T, B, H)
                        body: x_t, h, c → step → h′, c′, y_t       the weights are read from outside
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_rnn.engine.tensor import Tensor
from tinygrad_rnn.exchange.onnx.graph import OnnxBuilder
from tinygrad_rnn.exchange.onnx.operands import translated
from tinygrad_rnn.exchange.onnx.recording import recorded
from tinygrad_rnn.exchange.onnx.sizes import Kind, Size
from tinygrad_rnn.nn import Cell
from tinygrad_rnn.nn.masks import hold
from tinygrad_rnn.ops import where


def scanned(
    cell: Cell, x: str, start: Sequence[str], mask: str, builder: OnnxBuilder, *, rows: int | str, reverse: bool
) -> list[str]:
    """One cell in one direction: [output (T, B, H), the last h (B, H), …].

    Args:
        cell: any; its step is recorded.
        x: (T, B, I).
        start: each part of the state before the first step, (B, H), or "" for zeros.
        mask: (T, B, 1), whether a step is a row's own; "" where all are.
        rows: B, as a number or the name of a free axis.
        reverse: from the last step to the first.
    """
    sizes = cell.state_sizes
    states = {name: Kind((rows, n)) for name, n in zip(cell.states, sizes, strict=True)}
    scans = {"x": Kind((rows, cell.input_size)), **({"mask": Kind((rows, 1), np.bool_)} if mask else {})}
    recording = recorded(
        f"{type(cell).__name__}.step", lambda *given: _step(cell, *given), [*states.values(), *scans.values()]
    )

    def fill(names: list[str]) -> list[str]:
        return translated(recording, names, builder)

    body = builder.body(type(cell).__name__, {**states, **scans}, [*states.values(), Kind((rows, sizes[0]))], fill)
    first = [part or zeros(n, rows, builder) for part, n in zip(start, sizes, strict=True)]
    sequences = [x, *([mask] if mask else [])]
    *ends, y = builder.node(
        "Scan", *first, *sequences, count=len(sizes) + 1, body=body, num_scan_inputs=len(sequences),
        **({"scan_input_directions": [1] * len(sequences), "scan_output_directions": [1]} if reverse else {}),
    )  # fmt: skip
    return [y, *ends]


def _step(cell: Cell, *given: Tensor) -> tuple[Tensor, ...]:
    """(h′, …, y) of h, …, x and perhaps a mask; where the step is not a row's own, y is 0 and the state stays."""
    n = len(cell.states)
    state, x, mask = given[:n], given[n], given[n + 1 :]
    after: Any = cell.advanced(where(mask[0], x, 0) if mask else x, state)
    y = after[0]
    if mask:
        y, after = hold(y, after, state, mask[0])  # type: ignore[arg-type]  # a mask may be a Tensor
    return (*after, y)


def zeros(features: int, rows: int | str, builder: OnnxBuilder) -> str:
    """0 in (B, features)."""
    shape = builder.shape([Size.of(rows) if isinstance(rows, str) else rows, features])
    return builder.value("Expand", builder.weight("zero", 0), shape)
