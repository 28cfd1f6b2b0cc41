"""Weights from Keras: kernels stand transposed, gates in another order, and there is often one bias instead of two.

kernel            (I, G·H)    → weight_ih (G·H, I)
recurrent_kernel  (H, G·H)    → weight_hh (G·H, H)
bias              (G·H)       → bias_ih, and bias_hh = 0
                  (2, G·H)    → bias_ih, bias_hh               a GRU with reset_after
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import singledispatch
from typing import Any, NamedTuple, TypeVar

import numpy as np

from tinygrad_rnn.engine.apply import as_array
from tinygrad_rnn.engine.tensor import Array
from tinygrad_rnn.errors import CheckpointError, TinygradError, check_sequence, check_type
from tinygrad_rnn.exchange.gates import restacked
from tinygrad_rnn.nn import Cell, Embedding, LayerNorm, Linear, Module, Parameter, Recurrent

__all__ = ["from_keras"]

M = TypeVar("M", bound=Module)
Assigned = tuple[Parameter, Array]


class Piece(NamedTuple):
    """One array that Keras has: its name and shape there, and what it says about the parameters here."""

    name: str
    shape: tuple[int, ...]
    read: Callable[[Array], list[Assigned]]

    def __str__(self) -> str:
        return f"{self.name} {self.shape}"


def from_keras(module: M, arrays: Sequence[Any]) -> M:
    """Assign the weights of a Keras layer or model; on any error nothing has been assigned.

    Args:
        module: a recurrent layer, cell, Linear, Embedding or LayerNorm of the same sizes, or a module made of such, its
            parts in Keras's order. L layers stand for L layers of Keras, bidirectional ones for Bidirectional with
            merge_mode="concat". What the arrays do not say has to match already: GRU's `reset_after`, RNN's
            `nonlinearity`, `batch_first`, LayerNorm's `eps`; recurrent_activation has to be the sigmoid.
        arrays: `get_weights()` of the layer or model, or of several, one list after another. From a .weights.h5 file,
            without Keras: `[h5py.File(path)["layers/lstm/cell/vars"][k][:] for k in "012"]`.
    Returns:
        The module.
    Raises:
        CheckpointError: other shapes or another number of arrays than the module stands for in Keras, arrays that
            are not numbers, two that differ for a parameter that is shared, or a parameter that no layer of Keras has.
    Source: keras.io/api/layers/recurrent_layers.

    >>> from tinygrad_rnn import nn
    >>> layer = from_keras(nn.LSTM(3, 5), [np.ones((3, 20)), np.ones((5, 20)), np.zeros(20)])
    >>> from_keras(layer, [np.ones((3, 20)), np.ones((5, 20))])
    Traceback (most recent call last):
    tinygrad_rnn.errors.CheckpointError: from_keras: the arrays do not fit LSTM
      expected  kernel (3, 20), recurrent_kernel (5, 20), bias (20,)
      got       (3, 20), (5, 20)
    """
    check_type("from_keras", "module", module, Module, "a Module")
    check_sequence("from_keras", "the arrays", arrays)
    wanted, given = pieces(module), [_array(array) for array in arrays]
    if [piece.shape for piece in wanted] != [array.shape for array in given]:
        raise CheckpointError(
            f"from_keras: the arrays do not fit {type(module).__name__}",
            expected=", ".join(map(str, wanted)) or "none: it has no parameters",
            got=", ".join(str(array.shape) for array in given) or "none",
        )
    if strange := [str(array.dtype) for array in given if array.dtype.kind not in "biuf"]:
        raise CheckpointError("from_keras: the arrays are not real numbers", got=", ".join(strange))
    assigned = [pair for piece, array in zip(wanted, given, strict=True) for pair in piece.read(array)]
    known: dict[int, Array] = {}
    for parameter, values in assigned:
        if not np.array_equal(known.setdefault(id(parameter), values), values, equal_nan=True):
            raise CheckpointError(
                f"from_keras: two of the arrays for {parameter.name} differ",
                expected=f"the same values: in this {type(module).__name__} they are one parameter",
                help="load them into a model that does not share it",
            )
    if unknown := [name for name, parameter in module.named_parameters() if id(parameter) not in known]:
        raise CheckpointError(
            f"from_keras: no layer of Keras has {', '.join(unknown)}",
            help=f"build {type(module).__name__} without the option that brings them",
        )
    for parameter, values in assigned:
        parameter.assign(values)
    return module


def _array(array: Any) -> Array:
    try:
        return np.asarray(as_array(array))
    except TinygradError as error:
        raise CheckpointError("from_keras: the arrays are not real numbers", got=str(error).splitlines()[0]) from None


@singledispatch
def pieces(module: Module) -> list[Piece]:
    """The arrays that stand for a module in Keras, in its order; those of its parts unless it is said otherwise."""
    return [piece for _, child in module.named_children() for piece in pieces(child)]


@pieces.register
def _recurrent(layer: Recurrent) -> list[Piece]:
    return [piece for cell in layer.cells.values() for piece in pieces(cell)]


@pieces.register
def _cell(cell: Cell) -> list[Piece]:
    if "keras" not in cell.gate_order:
        return []
    G, H = cell.gates, cell.hidden_size

    def rows(parameter: Parameter, values: Array) -> Assigned:
        return parameter, restacked(values, cell.gate_order["keras"], cell.gate_order["here"])

    found = [
        Piece("kernel", (cell.input_size, G * H), lambda a: [rows(cell.weight_ih, a.T)]),
        Piece("recurrent_kernel", (H, G * H), lambda a: [rows(cell.weight_hh, a.T)]),
    ]
    b, c = cell.bias_ih, cell.bias_hh
    if b is None or c is None:
        return found
    if getattr(cell, "reset_after", False):
        return [*found, Piece("bias", (2, G * H), lambda a: [rows(b, a[0]), rows(c, a[1])])]
    return [*found, Piece("bias", (G * H,), lambda a: [rows(b, a), (c, np.zeros(G * H))])]


@pieces.register
def _linear(layer: Linear) -> list[Piece]:
    kernel = Piece("kernel", (layer.in_features, layer.out_features), lambda a: [(layer.weight, a.T)])
    return [kernel, *_plain("bias", layer.bias)]


@pieces.register
def _embedding(layer: Embedding) -> list[Piece]:
    return _plain("embeddings", layer.weight)


@pieces.register
def _layer_norm(layer: LayerNorm) -> list[Piece]:
    return [*_plain("gamma", layer.weight), *_plain("beta", layer.bias)]


def _plain(name: str, parameter: Parameter | None) -> list[Piece]:
    """An array that is the same here and there, where there is one."""
    return [] if parameter is None else [Piece(name, parameter.shape, lambda a: [(parameter, a)])]
