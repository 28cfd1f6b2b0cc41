"""Truncated backprop through time: every k1 steps one update, whose gradient reaches k2 steps back and no further.

steps      1 2 3 4 5 6 7 8 9 …        k1 = 2, k2 = 6
chunk 3    └─────────[5 6]            losses of steps 5 and 6, gradient down to step 1
chunk 4        └─────────[7 8]        losses of steps 7 and 8, gradient down to step 3
           state detached ┘ where the window begins, and computed again from there
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice, pairwise
from typing import Any, NamedTuple

import numpy as np

from tinygrad_rnn.data.stream import detach_state
from tinygrad_rnn.engine.apply import as_array
from tinygrad_rnn.engine.context import no_grad
from tinygrad_rnn.engine.tensor import Tensor
from tinygrad_rnn.errors import DataError, OptionError, ShapeError, check_sequence, is_number

__all__ = ["Chunk", "truncated"]


class Chunk(NamedTuple):
    """k1 new steps of a sequence, to be learnt from before the next chunk is asked for.

    Attributes:
        steps: where they stand in the sequence: `ys[chunk.steps]` are their targets.
        output: what the layer gave for them; its graph reaches back to the beginning of the window.
        state: after the last of them, detached.
    """

    steps: slice
    output: Any
    state: Any


def truncated(
    layer: Callable[[Any, Any], tuple[Any, Any]],
    xs: Iterable[Any],
    state: Any = None,
    *,
    k1: int,
    k2: int | None = None,
) -> Iterator[Chunk]:
    """Run a layer over a sequence of any length in chunks; memory is that of k2 steps.

        ∂/∂W Σ_{s = t−k1+1 … t} loss_s, with state_{t−k2} held constant: BPTT(k2; k1)

    With k2 > k1 each window is computed again from its first step, since the parameters may have been updated
    meanwhile: k2/k1 times the arithmetic of k2 = k1, and a dropout draws other masks each time.

    Args:
        layer: `layer(x, state) → (output, state)` with time first: a Recurrent, or a function around one. State may be
            any nest.
        xs: the inputs of the steps, a sequence or an iterator: x_t (B, I), or a tuple or dict such as (x_t, y_t),
            which reaches the layer stacked, as (x, y).
        state: before the first step; the layer's own beginning when None.
        k1: steps from one update to the next; the last chunk is shorter where it does not divide.
        k2: steps that the gradient reaches back from the end of a chunk, k1 when None.
    Raises:
        OptionError: not 1 ≤ k1 ≤ k2. DataError: a layer that is `batch_first` or bidirectional. Both are raised by the
            call itself, before anything is read.
    Source: Williams & Peng 1990, "An efficient gradient-based algorithm for on-line training of recurrent network
        trajectories".

    >>> from tinygrad_rnn import nn
    >>> layer, xs, ys = nn.RNN(2, 3, rng=0), np.ones((5, 1, 2)), np.zeros((5, 1, 3))
    >>> for chunk in truncated(layer, xs, k1=2, k2=4):
    ...     nn.mse_loss(chunk.output, ys[chunk.steps]).backward()
    ...     print(chunk.steps, chunk.output.shape)
    slice(0, 2, None) (2, 1, 3)
    slice(2, 4, None) (2, 1, 3)
    slice(4, 5, None) (1, 1, 3)
    """
    k2 = k1 if k2 is None else k2
    if not (all(is_number(k, whole=True) for k in (k1, k2)) and 1 <= k1 <= k2):
        raise OptionError(f"truncated: k1={k1!r:.30}, k2={k2!r:.30} are out of range",
                          expected="integers, 1 ≤ k1 ≤ k2: the loss of every step reaches its own step")  # fmt: skip
    if getattr(layer, "batch_first", False):
        raise DataError("truncated: the layer is batch_first", expected="time first", help="build it without")
    if getattr(layer, "bidirectional", False):
        raise DataError("truncated: the layer is bidirectional", expected="one direction",
                        help="its second direction starts at the last step, which is yet to come")  # fmt: skip
    check_sequence("truncated", "the inputs", xs)
    return _chunks(layer, iter(xs), detach_state(state), k1, k2)


def _chunks(layer: Any, xs: Iterator[Any], state: Any, k1: int, k2: int) -> Iterator[Chunk]:
    window: list[Any] = []  # its inputs; `state` is the state before the first of them
    end = 0
    while new := list(islice(xs, k1)):
        window += new
        end += len(new)
        leaving = max(0, len(window) + k1 - k2)  # how many of its steps the next window begins after
        chunk, state = _window(layer, window, state, leaving, end - len(new), end)
        window = window[leaving:]
        yield chunk
        del chunk  # its graph goes before the next is recorded


def _window(layer: Any, xs: list[Any], state: Any, leaving: int, start: int, end: int) -> tuple[Chunk, Any]:
    """The chunk of steps start … end, the last of the window, and the detached state after the first `leaving`."""
    past, output = len(xs) - (end - start), None
    states = {0: state}
    for a, b in pairwise(sorted({0, min(leaving, past), past, len(xs)})):
        output, states[b] = layer(_stacked(xs[a:b]), states[a])
    if leaving not in states:  # within the chunk, which stays in one piece
        with no_grad():
            states[leaving] = layer(_stacked(xs[past:leaving]), states[past])[1]
    return Chunk(slice(start, end), output, detach_state(states[len(xs)])), detach_state(states[leaving])


def _stacked(xs: list[Any]) -> Any:
    """The inputs of several steps as one, with time first; of tuples and dicts, part by part."""
    first = xs[0]
    if isinstance(first, dict):
        return {key: _stacked([x[key] for x in xs]) for key in first}
    if isinstance(first, tuple):
        return tuple(_stacked(list(part)) for part in zip(*xs, strict=True))
    if isinstance(first, Tensor) and first.requires_grad:
        raise DataError(
            "truncated: the inputs require grad, and no gradient would reach what made them",
            expected="data",
            help="let the layer make them: truncated(lambda ids, state: lstm(embedding(ids), state), ids, …)",
        )
    arrays = [np.asarray(as_array(x)) for x in xs]
    if len({array.shape for array in arrays}) > 1:
        raise ShapeError("truncated: the inputs of the steps differ in shape", expected=f"{arrays[0].shape} throughout",
                         got=", ".join(str(array.shape) for array in arrays))  # fmt: skip
    return np.stack(arrays)
