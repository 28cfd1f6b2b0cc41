"""Topologies: the one time loop, and which of its inputs and outputs are used.

many to many         many to one          one to many, fed 0     one to many, fed its output
y₁  y₂  y₃                   y            y₁  y₂  y₃              y₁  y₂  y₃
↑   ↑   ↑                    ↑            ↑   ↑   ↑               ↑ ↘ ↑ ↘ ↑
f → f → f            f → f → f            f → f → f               f → f → f
↑   ↑   ↑            ↑   ↑   ↑            ↑   ↑   ↑               ↑
x₁  x₂  x₃           x₁  x₂  x₃           x   0   0               x
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from tinygrad_rnn.engine.context import CONTEXT, using
from tinygrad_rnn.engine.tensor import Tensor, from_array, label
from tinygrad_rnn.errors import ShapeError, check_option, is_number
from tinygrad_rnn.nn.cell import Cell, label_input
from tinygrad_rnn.nn.masks import valid_steps
from tinygrad_rnn.nn.module import Module, incoming
from tinygrad_rnn.nn.passages import begin
from tinygrad_rnn.nn.recurrent import Recurrent
from tinygrad_rnn.nn.timeloop import unroll
from tinygrad_rnn.ops import concatenate, stack, swapaxes, where

__all__ = ["ManyToMany", "ManyToOne", "OneToMany"]


class Topology(Module):
    """A recurrence and what stands on its outputs.

    Args:
        rnn: a recurrent layer, or a cell; a cell's states are (B, H), a layer's (L·D, B, H).
        head: a module on h_t that makes y_t, such as Linear; y_t = h_t when None.
    """

    def __init__(self, rnn: Recurrent | Cell, head: Module | None = None) -> None:
        self.rnn, self.head = rnn, head

    def output(self, h: Tensor) -> Tensor:
        """y = head(h)."""
        return h if self.head is None else label(self.head(h), "output", "y")

    def stacked(self, ys: list[Tensor]) -> Tensor:
        """y (T, B, O), or (B, T, O) for a layer with batch_first."""
        batch_first = not isinstance(self.rnn, Cell) and self.rnn.batch_first and ys[0].ndim == 2
        y: Tensor = stack(ys, axis=1 if batch_first else 0)
        return y


class ManyToMany(Topology):
    """y_t = head(h_t) at every step: a label for each input, a next character for each character.

    >>> from tinygrad_rnn import nn
    >>> y, h_n = ManyToMany(nn.GRU(3, 5), nn.Linear(5, 2))(np.ones((7, 4, 3), np.float32))
    >>> y.shape
    (7, 4, 2)
    """

    def forward(self, x: Any, hx: Any = None, *, lengths: Any = None) -> tuple[Tensor, Any]:
        """Run the sequence.

        Args:
            x, hx, lengths: as the layer takes them.
        Returns:
            (y (T, B, O), the states after the last step); y is 0 in the pads.
        """
        hs, last = outputs(self.rnn, x, hx, lengths)
        mask = None if lengths is None else valid_steps(lengths, len(hs), hs[0].shape[:-1], type(self).__name__)
        ys, _ = unroll(lambda h, _: (self.output(h), None), hs, None, mask=mask)
        return self.stacked(ys), last


class ManyToOne(Topology):
    """y = head(h_T): one answer to a whole sequence, from the state after its last step.

    >>> from tinygrad_rnn import nn
    >>> y, h_n = ManyToOne(nn.LSTM(3, 5), nn.Linear(5, 2))(np.ones((7, 4, 3), np.float32), lengths=[7, 1, 3, 5])
    >>> y.shape
    (4, 2)
    """

    def forward(self, x: Any, hx: Any = None, *, lengths: Any = None) -> tuple[Tensor, Any]:
        """Run the sequence.

        Args:
            x, hx, lengths: as the layer takes them.
        Returns:
            (y (B, O), the states after the last step). h_T is the last layer's, each row's at its own length; of a
            bidirectional layer the final states of both directions, side by side.
        """
        _, last = outputs(self.rnn, x, hx, lengths)
        return self.output(final_output(self.rnn, last)), last


class OneToMany(Topology):
    """One input, then as many outputs as are wanted: y₁ … y_T from x and the initial state.

    Args:
        feed: what the steps after the first read: "zeros", or "output", y of the step before.

    >>> from tinygrad_rnn import nn
    >>> y, h_n = OneToMany(nn.RNN(3, 5), nn.Linear(5, 3), feed="output")(np.ones((4, 3), np.float32), 7)
    >>> y.shape
    (7, 4, 3)
    """

    def __init__(self, rnn: Recurrent | Cell, head: Module | None = None, feed: str = "zeros") -> None:
        check_option("OneToMany", "feed", feed, ("zeros", "output"))
        super().__init__(rnn, head)
        self.feed = feed

    def forward(self, x: Any, steps: int, hx: Any = None, *, lengths: Any = None) -> tuple[Tensor, Any]:
        """Run on from one input.

        Args:
            x: (B, I) or (I), the input of the first step.
            steps: T, at least 1.
            hx: the states before the first step, as the layer takes them; zeros when None.
            lengths: how many of the steps are each row's own; all when None.
        Returns:
            (y (T, B, O), the states after the last step); y is 0 after a row's own steps.
        Raises:
            ShapeError: fewer steps than one, or with feed="output" an output that does not fit as an input.
        """
        if not (is_number(steps, whole=True) and 1 <= steps <= sys.maxsize):
            raise ShapeError(f"OneToMany: {steps!r:.60} steps", expected="an integer of at least 1")
        x = incoming(x, self.rnn.weight_ih.dtype if isinstance(self.rnn, Cell) else self.rnn.dtype)
        mask = None if lengths is None else valid_steps(lengths, steps, x.shape[:-1], "OneToMany")
        with using(passage=begin(self.rnn, (x, hx)), step=None):
            if mask is not None and hx is None:
                hx = first_state(self.rnn, x.shape[:-1])
            ys, (_, last) = unroll(self._next, [x, *[None] * (steps - 1)], (x, hx), mask=mask)
        return self.stacked(ys), last

    def _next(self, given: Tensor | None, carried: tuple[Tensor, Any]) -> tuple[Tensor, tuple[Tensor, Any]]:
        before, state = carried
        x = self._fed(before) if given is None else given
        h, state = advance(self.rnn, label_input(x), state)
        y = self.output(h)
        if self.feed == "output" and y.shape != x.shape:
            raise ShapeError(
                "OneToMany: the output cannot be the next input",
                expected=f"y {x.shape}, like x",
                got=f"y {y.shape}",
                where=str(CONTEXT.get()),
                help=f"a head with {x.shape[-1]} outputs, or feed='zeros'",
            )
        return y, (y if self.feed == "output" else x, state)

    def _fed(self, before: Tensor) -> Tensor:
        """What a step reads that is given nothing: the output before, or zeros, made in that step."""
        return before if self.feed == "output" else from_array(np.zeros(before.shape, before.dtype), None)


def outputs(rnn: Recurrent | Cell, x: Any, hx: Any = None, lengths: Any = None) -> tuple[list[Tensor], Any]:
    """([h_1 … h_T] of the last layer, the states after the last step), for a layer and for a cell alike."""
    if not isinstance(rnn, Cell):
        if rnn._hooks is not None:  # they are told of the call as a whole
            output, last = rnn(x, hx, lengths=lengths)
            return list(swapaxes(output, 0, 1) if rnn.batch_first and output.ndim == 3 else output), last
        with rnn.opened():
            return rnn.unrolled(x, hx, lengths=lengths)
    x = incoming(x, rnn.weight_ih.dtype)
    if x.ndim not in (2, 3) or len(x) == 0:
        raise ShapeError(f"{type(rnn).__name__}: x is not a sequence", expected="x (T, B, I) or (T, I) with T ≥ 1",
                         got=f"x {x.shape}", where=str(CONTEXT.get()))  # fmt: skip
    batch = x.shape[1:-1]
    mask = None if lengths is None else valid_steps(lengths, len(x), batch, type(rnn).__name__)
    if mask is not None:
        x = where(mask, x, 0)  # a NaN in a pad, times a gradient of 0, would be NaN
    with using(passage=begin(rnn, hx), step=None):
        first = rnn.initial_state(batch) if hx is None else rnn.given_state(hx, batch)
        return unroll(lambda x_t, state: advance(rnn, label_input(x_t), state), x, unpacked(first), mask=mask)


def advance(rnn: Recurrent | Cell, x: Tensor, state: Any) -> tuple[Tensor, Any]:
    """One step: (h of the last layer, the new state), for a layer and for a cell alike."""
    if not isinstance(rnn, Cell):
        return rnn.step(x, state)
    state = rnn(x, state)
    return (state[0] if isinstance(state, tuple) else state), state


def first_state(rnn: Recurrent | Cell, batch: tuple[int, ...]) -> Any:
    """The states that no hx means, as the caller would hand them in."""
    if isinstance(rnn, Cell):
        return unpacked(rnn.initial_state(batch))
    parts = zip(*(cell.initial_state(batch) for cell in rnn.cells.values()), strict=True)
    return unpacked(tuple(stack(list(part)) for part in parts))


def final_output(rnn: Recurrent | Cell, state: Any) -> Tensor:
    """h (B, D·H) of the last layer, from the states after the last step: both directions side by side."""
    h = state[0] if isinstance(state, tuple) else state
    if isinstance(rnn, Cell):
        return h
    return concatenate([h[-2], h[-1]], axis=-1) if rnn.bidirectional else h[-1]


def unpacked(state: tuple[Tensor, ...]) -> Any:
    """h alone where the state has no other part, as cells and layers hand it out."""
    return state[0] if len(state) == 1 else state
