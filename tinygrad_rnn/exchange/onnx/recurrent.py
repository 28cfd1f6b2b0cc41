"""RNN, LSTM and GRU as ONNX's operators of those names, which run a layer in both its directions at once.

x (T, B, I) ──────────┐
W, R, B, P ────────── LSTM ─ Y (T, D, B, H) ─ Transpose, Reshape ─ (T, B, D·H) → the next layer
h_0[k], c_0[k] ───────┤
lengths ──────────────┴─ Y_h, Y_c (D, B, H) ─ Concat over the layers → h_n, c_n (L·D, B, H)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinygrad_rnn.engine.tensor import Array
from tinygrad_rnn.errors import GraphError
from tinygrad_rnn.exchange.onnx import cells as onnx
from tinygrad_rnn.exchange.onnx.graph import Draft
from tinygrad_rnn.exchange.onnx.rules import rule
from tinygrad_rnn.nn import Cell, Recurrent


@rule(*onnx.OPERATORS)
def recurrent(layer: Recurrent, x: str, draft: Draft) -> str:
    """The outputs of the last layer, 0 in the pads; the states become outputs of the graph."""
    y, _ = layers(layer, x, draft)
    return in_order(layer, without_pads(y, draft), draft)


def layers(layer: Recurrent, x: str, draft: Draft) -> tuple[str, str]:
    """(output (T, B, D·H), the last layer's final h (D, B, H)), time first in any case."""
    x = in_order(layer, draft.read(x, layer.input_size), draft)
    prefix, cells, D = next(draft.prefixes), list(layer.cells.values()), 1 + layer.bidirectional
    ends = []
    for k, start in enumerate(_starts(layer, x, prefix, draft)):
        x, *end = _layer(cells[k * D : (k + 1) * D], x, start, draft)
        ends.append(end)
    for name, parts in zip(layer.cell_type.states, zip(*ends, strict=True), strict=True):
        draft.output(draft.value("Concat", *parts, axis=0), f"{prefix}{name}_n")
    return x, ends[-1][0]


def in_order(layer: Recurrent, x: str, draft: Draft) -> str:
    """(T, B, …) for (B, T, …) and back, where the layer has the batch first."""
    return draft.value("Transpose", x, perm=[1, 0, 2]) if layer.batch_first else x


def without_pads(y: str, draft: Draft) -> str:
    """y (T, B, …), 0 behind each row's own steps, where the standard leaves open what stands there."""
    if not draft.lengths:
        return y
    ones = draft.value("ConstantOfShape", draft.value("Shape", y, start=0, end=1), value=draft.one)
    steps = draft.value("Unsqueeze", draft.value("CumSum", ones, draft.integers(0)), draft.integers([1]))
    own = draft.value("LessOrEqual", steps, draft.value("Cast", draft.lengths, to=draft.kind(np.int64)))
    return draft.value("Where", draft.value("Unsqueeze", own, draft.integers([2])), y, draft.weight("zero", 0))


def _starts(layer: Recurrent, x: str, prefix: str, draft: Draft) -> list[list[str]]:
    """For each layer the names of its states before the first step, "" for zeros."""
    L, cells = layer.num_layers, list(layer.cells.values())
    parts = []
    for name, size in zip(layer.cell_type.states, cells[0].state_sizes, strict=True):
        if draft.initial_state:
            whole = draft.input(f"{prefix}{name}_0", np.float32, [len(cells), "B", size])
        elif cells[0].learn_initial:
            whole = _learnt(f"{name}_0", cells, x, draft)
        else:
            parts.append([""] * L)
            continue
        parts.append(draft.node("Split", whole, draft.integers([len(cells) // L] * L), count=L, axis=0))
    return [list(start) for start in zip(*parts, strict=True)]


def _learnt(name: str, cells: Sequence[Cell], x: str, draft: Draft) -> str:
    """(L·D, B, H): what each cell has learnt to begin with, for every row."""
    values = np.stack([getattr(cell, name).data[None] for cell in cells])
    B = draft.value("Shape", x, start=1, end=2)
    shape = draft.value("Concat", draft.integers([len(cells)]), B, draft.integers([values.shape[-1]]), axis=0)
    return draft.value("Expand", draft.weight(name, values), shape)


def _layer(cells: Sequence[Cell], x: str, start: list[str], draft: Draft) -> list[str]:
    """One layer, its directions given by their cells: [output (T, B, D·H), h (D, B, H), …]."""
    cell = cells[0]
    weights = [_each("W", onnx.weight_input, cells, draft), _each("R", onnx.weight_state, cells, draft)]
    bias = "" if cell.bias_ih is None else _each("B", onnx.biases, cells, draft)
    first = [_unprojected(start[0], cells, draft), *start[1:]]
    first += [_each("P", onnx.peepholes, cells, draft)] if onnx.peeps(cell) else []
    operator, options = onnx.kind_of(cell), onnx.options(cell, len(cells))
    y, *ends = draft.node(operator, x, *weights, bias, draft.lengths, *first, count=1 + len(start), **options)
    y, ends[0] = _projected(y, cells, draft), _projected(ends[0], cells, draft)
    y = draft.value("Transpose", y, perm=[0, 2, 1, 3])
    y = draft.value("Reshape", y, draft.integers([0, 0, len(cells) * cell.state_sizes[0]]))
    return [y, *(_kept(end, begin, draft) for end, begin in zip(ends, start, strict=True))]


def _unprojected(h: str, cells: Sequence[Cell], draft: Draft) -> str:
    """An s with W_hr s = h, from which a layer with a projection can begin."""
    if not h or not onnx.projects(cells[0]):
        return h
    if any(np.linalg.matrix_rank(onnx.projection(cell)) < cell.state_sizes[0] for cell in cells):
        raise GraphError(
            "export_onnx: ONNX cannot begin from any h_0 with this projection",
            expected=f"weight_hr of rank {cells[0].state_sizes[0]}, as many as its rows",
            help="initial_state=False starts from zeros",
        )
    return draft.value("MatMul", h, _each("unproject", lambda c: np.linalg.pinv(onnx.projection(c)).T, cells, draft))


def _projected(s: str, cells: Sequence[Cell], draft: Draft) -> str:
    """h = W_hr s, where there is a projection."""
    if not onnx.projects(cells[0]):
        return s
    return draft.value("MatMul", s, _each("project", lambda c: onnx.projection(c).T, cells, draft))


def _kept(end: str, start: str, draft: Draft) -> str:
    """A row of length 0 ends where it starts; runtimes say 0."""
    if not (draft.lengths and start):
        return end
    some = draft.value("Cast", draft.lengths, to=draft.kind(np.bool_))
    return draft.value("Where", draft.value("Unsqueeze", some, draft.integers([1])), end, start)


def _each(name: str, f: Callable[[Any], Array], cells: Sequence[Cell], draft: Draft) -> str:
    """A constant with the directions side by side, on a first axis."""
    return draft.weight(name, np.stack([f(cell) for cell in cells]))
