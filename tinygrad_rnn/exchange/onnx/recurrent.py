"""Layers through time: RNN, LSTM and GRU as ONNX's operators of those names, which run both directions of a layer at
once; layers of other cells as a Scan for each direction.

x (T, B, I) ──────────┐
W, R, B, P ────────── LSTM ─ Y (T, D, B, H) ─ Transpose, Reshape ─ (T, B, D·H) → the next layer
h_0[k], c_0[k] ───────┤
lengths ──────────────┴─ Y_h, Y_c (D, B, H) ─ Concat over the layers → h_n, c_n (L·D, B, H)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from tinygrad_rnn.engine.tensor import Array
from tinygrad_rnn.errors import GraphError
from tinygrad_rnn.exchange.onnx import cells as onnx
from tinygrad_rnn.exchange.onnx.graph import OnnxBuilder
from tinygrad_rnn.exchange.onnx.rules import family, rule
from tinygrad_rnn.exchange.onnx.scan import scanned
from tinygrad_rnn.nn import Cell, Module, Recurrent


def is_plain(module: Module) -> bool:
    """Whether it is a layer that runs its cells as every layer does."""
    same = ("forward", "unrolled", "_pass", "_advance", "_states", "_joined")
    return isinstance(module, Recurrent) and all(getattr(type(module), f) is getattr(Recurrent, f) for f in same)


@rule(*onnx.OPERATORS)
@family(is_plain)
def recurrent(layer: Recurrent, x: str, builder: OnnxBuilder) -> str:
    """The outputs of the last layer, 0 in the pads; the states become outputs of the graph."""
    y, _ = layers(layer, x, builder)
    return in_order(layer, without_pads(y, builder.lengths, builder), builder)


class Rows(NamedTuple):
    """The rows that a layer runs on: how many, a name or a number, and what their lengths (B,) are called, if known."""

    number: int | str
    lengths: str


def layers(layer: Recurrent | Cell, x: str, builder: OnnxBuilder) -> tuple[str, str]:
    """(output (T, B, D·H), the last layer's final h (D, B, H)), time first in any case; a cell's states are (B, H)."""
    x = in_order(layer, builder.read(x, layer.input_size), builder)
    prefix = next(builder.prefixes)
    first = _given(layer, prefix, builder) if builder.initial_state else starts(layer, x, builder)
    y, ends = run(layer, x, first, Rows("B", builder.lengths), builder)
    for name, parts in zip(cells_of(layer)[0].states, zip(*ends, strict=True), strict=True):
        whole = builder.value("Concat", *parts, axis=0)
        alone = isinstance(layer, Cell)
        builder.output(builder.value("Squeeze", whole, builder.integers([0])) if alone else whole, f"{prefix}{name}_n")
    return y, ends[-1][0]


def one_run(layer: Recurrent, x: str, first: list[list[str]], rows: Rows, builder: OnnxBuilder) -> list[str]:
    """[output, h_n, …] of x, all as the layer takes and returns them."""
    y, ends = run(layer, in_order(layer, x, builder), first, rows, builder)
    last = [builder.value("Concat", *parts, axis=0) for parts in zip(*ends, strict=True)]
    return [in_order(layer, without_pads(y, rows.lengths, builder), builder), *last]


def run(
    layer: Recurrent | Cell, x: str, starts: list[list[str]], rows: Rows, builder: OnnxBuilder
) -> tuple[str, list[list[str]]]:
    """(output (T, B, D·H), for each layer its states after the last step, (D, B, H) each) of x (T, B, I)."""
    cells, ends = cells_of(layer), []
    D = len(cells) // len(starts)
    for k, start in enumerate(starts):
        of_layer = cells[k * D : (k + 1) * D]
        x, *end = (_layer if onnx.kind_of(of_layer[0]) else _scanned)(of_layer, x, start, rows, builder)
        ends.append(end)
    return x, ends


def cells_of(layer: Recurrent | Cell) -> list[Cell]:
    """The cells of every layer and direction; a cell runs as one layer."""
    return [layer] if isinstance(layer, Cell) else list(layer.cells.values())


def output_size(layer: Recurrent | Cell) -> int:
    """Features of the output."""
    return layer.state_sizes[0] if isinstance(layer, Cell) else layer.output_size


def in_order(layer: Recurrent | Cell, x: str, builder: OnnxBuilder) -> str:
    """(T, B, …) for (B, T, …) and back, where the layer has the batch first."""
    batch_first = not isinstance(layer, Cell) and layer.batch_first
    return builder.value("Transpose", x, perm=[1, 0, 2]) if batch_first else x


def without_pads(y: str, lengths: str, builder: OnnxBuilder) -> str:
    """y (T, B, …), 0 behind each row's own steps, where the standard leaves open what stands there."""
    if not lengths:
        return y
    return builder.value("Where", own_steps(y, lengths, builder), y, builder.weight("zero", 0))


def own_steps(y: str, lengths: str, builder: OnnxBuilder) -> str:
    """(T, B, 1) of y (T, B, …): whether a step is one of a row's own."""
    ones = builder.value("ConstantOfShape", builder.value("Shape", y, start=0, end=1), value=builder.one)
    steps = builder.value("Unsqueeze", builder.value("CumSum", ones, builder.integers(0)), builder.integers([1]))
    own = builder.value("LessOrEqual", steps, builder.value("Cast", lengths, to=builder.kind(np.int64)))
    return builder.value("Unsqueeze", own, builder.integers([2]))


def _given(layer: Recurrent | Cell, prefix: str, builder: OnnxBuilder) -> list[list[str]]:
    """For each layer the names of its states before the first step, which are inputs."""
    cells, whole = cells_of(layer), []
    for name, size in zip(cells[0].states, cells[0].state_sizes, strict=True):
        rows = [] if isinstance(layer, Cell) else [len(cells)]
        given = builder.input(f"{prefix}{name}_0", np.float32, [*rows, "B", size])
        whole.append(given if rows else builder.value("Unsqueeze", given, builder.integers([0])))
    return of_layers(layer, whole, builder)


def starts(layer: Recurrent | Cell, x: str, builder: OnnxBuilder) -> list[list[str]]:
    """The same where nothing is given: what was learnt, "" for zeros."""
    cells = cells_of(layer)
    if not cells[0].learn_initial:
        return [[""] * len(cells[0].states)] * _depth(layer)
    return of_layers(layer, [_learnt(f"{name}_0", cells, x, builder) for name in cells[0].states], builder)


def of_layers(layer: Recurrent | Cell, states: list[str], builder: OnnxBuilder) -> list[list[str]]:
    """Of states (L·D, B, H) each layer's share."""
    L = _depth(layer)
    sizes = [len(cells_of(layer)) // L] * L
    parts = [builder.node("Split", whole, builder.integers(sizes), count=L, axis=0) for whole in states]
    return [list(start) for start in zip(*parts, strict=True)]


def _depth(layer: Recurrent | Cell) -> int:
    return 1 if isinstance(layer, Cell) else layer.num_layers


def _learnt(name: str, cells: Sequence[Cell], x: str, builder: OnnxBuilder) -> str:
    """(L·D, B, H): what each cell has learnt to begin with, for every row."""
    values = np.stack([getattr(cell, name).data[None] for cell in cells])
    B = builder.value("Shape", x, start=1, end=2)
    shape = builder.value("Concat", builder.integers([len(cells)]), B, builder.integers([values.shape[-1]]), axis=0)
    return builder.value("Expand", builder.weight(name, values), shape)


def _layer(cells: Sequence[Cell], x: str, start: list[str], rows: Rows, builder: OnnxBuilder) -> list[str]:
    """One layer, its directions given by their cells: [output (T, B, D·H), h (D, B, H), …]."""
    cell = cells[0]
    weights = [_each("W", onnx.weight_input, cells, builder), _each("R", onnx.weight_state, cells, builder)]
    bias = "" if cell.bias_ih is None else _each("B", onnx.biases, cells, builder)
    first = [_unprojected(start[0], cells, builder), *start[1:]]
    first += [_each("P", onnx.peepholes, cells, builder)] if onnx.peeps(cell) else []
    operator, options = onnx.kind_of(cell), onnx.options(cell, len(cells))
    y, *ends = builder.node(operator, x, *weights, bias, rows.lengths, *first, count=1 + len(start), **options)
    y, ends[0] = _projected(y, cells, builder), _projected(ends[0], cells, builder)
    y = builder.value("Transpose", y, perm=[0, 2, 1, 3])
    y = builder.value("Reshape", y, builder.integers([0, 0, len(cells) * cell.state_sizes[0]]))
    return [y, *(_kept(end, begin, rows.lengths, builder) for end, begin in zip(ends, start, strict=True))]


def _scanned(cells: Sequence[Cell], x: str, start: list[str], rows: Rows, builder: OnnxBuilder) -> list[str]:
    """The same of cells that ONNX has no operator for: each direction a Scan of its own."""
    mask = own_steps(x, rows.lengths, builder) if rows.lengths else ""
    ways = []
    for d, cell in enumerate(cells):
        first = [part and builder.value("Gather", part, builder.integers(d), axis=0) for part in start]
        ways.append(scanned(cell, x, first, mask, builder, rows=rows.number, reverse=d == 1))
    (y, *ends) = zip(*ways, strict=True)
    axis = builder.integers([0])
    sides = ([builder.value("Unsqueeze", part, axis) for part in parts] for parts in ends)
    return [_side_by_side(y, 2, builder), *(_side_by_side(side, 0, builder) for side in sides)]


def _side_by_side(parts: Sequence[str], axis: int, builder: OnnxBuilder) -> str:
    return parts[0] if len(parts) == 1 else builder.value("Concat", *parts, axis=axis)


def _unprojected(h: str, cells: Sequence[Cell], builder: OnnxBuilder) -> str:
    """An s with W_hr s = h, from which a layer with a projection can begin."""
    if not h or not onnx.projects(cells[0]):
        return h
    if any(np.linalg.matrix_rank(onnx.projection(cell)) < cell.state_sizes[0] for cell in cells):
        raise GraphError(
            "export_onnx: ONNX cannot begin from any h_0 with this projection",
            expected=f"weight_hr of rank {cells[0].state_sizes[0]}, as many as its rows",
            help="initial_state=False starts from zeros",
        )
    return builder.value(
        "MatMul", h, _each("unproject", lambda c: np.linalg.pinv(onnx.projection(c)).T, cells, builder)
    )


def _projected(s: str, cells: Sequence[Cell], builder: OnnxBuilder) -> str:
    """h = W_hr s, where there is a projection."""
    if not onnx.projects(cells[0]):
        return s
    return builder.value("MatMul", s, _each("project", lambda c: onnx.projection(c).T, cells, builder))


def _kept(end: str, start: str, lengths: str, builder: OnnxBuilder) -> str:
    """A row of length 0 ends where it starts; runtimes say 0."""
    if not (lengths and start):
        return end
    some = builder.value("Cast", lengths, to=builder.kind(np.bool_))
    return builder.value("Where", builder.value("Unsqueeze", some, builder.integers([1])), end, start)


def _each(name: str, f: Callable[[Any], Array], cells: Sequence[Cell], builder: OnnxBuilder) -> str:
    """A constant with the directions side by side, on a first axis."""
    return builder.weight(name, np.stack([f(cell) for cell in cells]))
