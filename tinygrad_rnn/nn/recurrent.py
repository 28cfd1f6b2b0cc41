"""Recurrent: cells stacked in layers and unrolled over a sequence.

layer 1   h₀ → f → h₁ → f → h₂ → …     the outputs of a layer are the inputs of the next
               ↑        ↑
layer 0   h₀ → f → h₁ → f → h₂ → …
               ↑        ↑
               x₁       x₂
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from tinygrad_rnn.errors import ShapeError
from tinygrad_rnn.graph import MODE, label, scope, step
from tinygrad_rnn.nn.cell import Cell, State
from tinygrad_rnn.nn.dropout import Dropout
from tinygrad_rnn.nn.init import Rng
from tinygrad_rnn.nn.module import Module, Parameter, check_features, incoming
from tinygrad_rnn.nn.unroll import unroll
from tinygrad_rnn.ops import stack, swapaxes
from tinygrad_rnn.tensor import Tensor


class Recurrent(Module):
    """A stack of cells over a sequence: the base of RNN, LSTM and GRU.

    Args:
        input_size, hidden_size: I and H.
        num_layers: L; layer k's parameters are weight_ih_l{k}, weight_hh_l{k}, bias_ih_l{k}, bias_hh_l{k}.
        bias: False leaves both biases out.
        batch_first: x and output are (B, T, …) instead of (T, B, …); states stay (L, B, H).
        dropout: probability of dropping an output on its way to the next layer, while training.
        cell: options of the cell, such as recurrent_init.
    """

    cell_type: ClassVar[type[Cell]]

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        *,
        dtype: Any = np.float32,
        rng: Rng = None,
        **cell: Any,
    ) -> None:
        if num_layers < 1:
            raise ShapeError(f"{type(self).__name__}: num_layers={num_layers}", expected="at least 1")
        rng = np.random.default_rng(rng)
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.batch_first = batch_first
        sizes = [input_size] + [hidden_size] * (num_layers - 1)
        self._cells = [self.cell_type(size, hidden_size, bias, dtype=dtype, rng=rng, **cell) for size in sizes]
        self.dropout = Dropout(dropout, rng=rng)
        for k, layer in enumerate(self._cells):
            for name, weight in layer.named_parameters():
                label(weight, "parameter", f"{name}_l{k}")
                setattr(self, f"{name}_l{k}", weight)

    def __setattr__(self, name: str, value: Any) -> None:
        weight, _, k = name.rpartition("_l")
        if isinstance(value, Parameter) and weight and k.isdigit():  # the cell computes with it: it has to know
            setattr(self._cells[int(k)], weight, value)
        super().__setattr__(name, value)

    def modules(self) -> Iterator[Module]:
        """This module, its dropout, and the cells with what is in them."""
        yield from super().modules()
        for cell in self._cells:
            yield from cell.modules()

    def forward(self, x: Any, hx: Any = None) -> tuple[Tensor, Any]:
        """Run the whole sequence.

        Args:
            x: (T, B, I), (B, T, I) with batch_first, or (T, I) without a batch.
            hx: the states before the first step, each (L, B, H), or (L, H) without a batch; zeros when None. An LSTM
                takes (h_0, c_0).
        Returns:
            (output, h_n): every step's h of the last layer, (T, B, H), and the states after the last step, shaped
            like `hx`.
        Raises:
            ShapeError: x or hx does not fit.
        """
        outputs, last = self.unrolled(x, hx)
        return stack(outputs, axis=1 if self.batch_first and outputs[0].ndim == 2 else 0), last

    def unrolled(self, x: Any, hx: Any = None) -> tuple[list[Tensor], Any]:
        """The same, with the last layer's h of every step on its own: ([h_1 … h_T], h_n)."""
        xs, states = self._checked(x, hx)
        ends = []
        for k, cell in enumerate(self._cells):
            with scope(f"l{k}"):
                xs, end = unroll(self._layer_step(k, cell), xs, states[k])
            ends.append(end)
        last = tuple(stack(list(parts)) for parts in zip(*ends, strict=True))
        return xs, last[0] if len(last) == 1 else last

    def _layer_step(self, k: int, cell: Cell) -> Any:
        def advance(x: Tensor, state: State) -> tuple[Tensor, State]:
            x = label(x, "input", "x") if k == 0 else self.dropout(x)
            state = cell.step(x, state)
            return state[0], state

        return advance

    def _checked(self, x: Any, hx: Any) -> tuple[Any, list[State]]:
        """The sequence with time first, and each layer's state before the first step."""
        x = incoming(x, self._cells[0].weight_ih.dtype)
        name = type(self).__name__
        layout = "(B, T, I)" if self.batch_first else "(T, B, I)"
        if x.ndim not in (2, 3):
            raise ShapeError(f"{name}: x has {x.ndim} axes", expected=f"x {layout} or (T, I)", got=f"x {x.shape}")
        check_features(name, x, self.input_size, f"x {layout} with I = {self.input_size}")
        if self.batch_first and x.ndim == 3:
            x = swapaxes(x, 0, 1)
        if len(x) == 0:
            raise ShapeError(f"{name}: a sequence of no steps", expected="T ≥ 1", got=f"x {x.shape}")
        batch = x.shape[1:-1]
        if hx is None:
            return x, [cell.initial_state(batch) for cell in self._cells]
        return x, self._given(hx, batch)

    def _given(self, hx: Any, batch: tuple[int, ...]) -> list[State]:
        names = self.cell_type.states
        given = hx if isinstance(hx, tuple | list) else (hx,)
        parts = [incoming(part, self._cells[0].weight_hh.dtype) for part in given]
        expected = (self.num_layers, *batch, self.hidden_size)
        if [part.shape for part in parts] != [expected] * len(names):
            raise ShapeError(
                f"{type(self).__name__}: the initial state does not fit",
                expected=", ".join(f"{name}_0 {expected}" for name in names),
                got=", ".join(str(part.shape) for part in parts),
                where=str(MODE.get()),
                help="pass None to start from zeros, or the state that the last call returned",
            )
        with step(0):
            return [cell.given_state(tuple(part[k] for part in parts), batch) for k, cell in enumerate(self._cells)]
