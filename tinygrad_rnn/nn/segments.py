"""A long sequence in the memory of a short one: only the states between segments are remembered.

plain          h₀ → ● → ● → ● → ● → ● → ● → ● → ● → ●        every step's inside is kept: T
checkpointed   h₀ → ○ → ○ → ● → ○ → ○ → ● → ○ → ○ → ●        √T states, and one segment's inside at a time: √T
                    └ run again ┘ when the gradient comes
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import count, pairwise
from typing import Any

import numpy as np

from tinygrad_rnn.autodiff.remat import checkpoint
from tinygrad_rnn.engine.apply import as_array
from tinygrad_rnn.engine.context import using
from tinygrad_rnn.engine.tensor import Tensor
from tinygrad_rnn.errors import GraphError, ShapeError, is_number
from tinygrad_rnn.nn.masks import valid_steps
from tinygrad_rnn.nn.module import Module
from tinygrad_rnn.nn.passages import begin
from tinygrad_rnn.ops import concatenate

__all__ = ["checkpointed"]


def checkpointed(
    layer: Module, x: Any, hx: Any = None, *, segments: int | None = None, lengths: Any = None
) -> tuple[Tensor, Any]:
    """layer(x, hx) with the same values and gradients, in less memory, for the time of a second forward.

        plain: T steps' insides.  √T segments: the insides of T/√T = √T steps, and √T states; beside x and the output

    Args:
        layer: a Recurrent of one direction, or any `layer(x, hx) → (output, h_n)`. Its dropout draws the same again.
        x, hx, lengths: as the layer takes them.
        segments: how many; √T rounded up when None.
    Returns:
        (output, h_n), as the layer gives them.
    Raises:
        ShapeError: not 1 ≤ segments ≤ T, or lengths that do not fit. GraphError: no segment can be run alone: the layer
            is bidirectional, its other direction ends where this one begins; or its dropout drops the same all through
            a sequence.
    Source: Chen et al. 2016, arXiv:1604.06174; Gruslys et al. 2016, arXiv:1606.03401.

    >>> from tinygrad_rnn import nn
    >>> output, h_n = checkpointed(nn.GRU(2, 3, rng=0), np.ones((10, 1, 2)))
    >>> output.shape, h_n.shape
    ((10, 1, 3), (1, 1, 3))
    """
    x = x if isinstance(x, Tensor) else np.array(as_array(x))  # ours: it is read again
    axis = 1 if getattr(layer, "batch_first", False) and x.ndim == 3 else 0
    T = x.shape[axis] if x.ndim > axis else 0
    segments = math.ceil(math.sqrt(T)) if segments is None else segments
    if not (is_number(segments, whole=True) and 1 <= segments <= T):
        raise ShapeError(
            f"checkpointed: {segments!r:.60} segments of {T} steps",
            expected="an integer, 1 ≤ segments ≤ T",
            got=f"x {x.shape}",
        )
    _refuse(layer)
    mask = (
        None if lengths is None else valid_steps(lengths, T, np.shape(as_array(lengths)), type(layer).__name__)[..., 0]
    )
    outputs, passage = [], begin(layer, hx)
    for a, b in pairwise(np.linspace(0, T, segments + 1).astype(int).tolist()):
        options = {} if mask is None else {"lengths": mask[a:b].sum(axis=0)}
        with using(passage=passage, step=passage.start + b):
            output, hx = checkpoint(_repeatable(layer, options))(x[a:b] if axis == 0 else x[:, a:b], hx)
        outputs.append(output)
    return concatenate(outputs, axis=axis), hx


def _refuse(layer: Any) -> None:
    """Raise GraphError for a layer that cannot be run in segments."""
    if getattr(layer, "bidirectional", False):
        raise GraphError("checkpointed: the layer is bidirectional", expected="a layer of one direction",
                         help="tg.checkpoint(layer)(x) remembers x alone")  # fmt: skip
    lasting = [
        getattr(layer, "recurrent_dropout", 0),
        getattr(layer, "dropout", 0) if getattr(layer, "variational", False) else 0,
    ]
    if getattr(layer, "training", False) and any(is_number(p) and p > 0 for p in lasting):
        raise GraphError("checkpointed: the layer's dropout lasts a sequence", expected="dropout anew at each step",
                         help="each segment would draw other masks")  # fmt: skip


def _repeatable(layer: Module, options: dict[str, Any]) -> Callable[[Any, Any], Any]:
    """The layer, with the random numbers that it is about to draw whenever it runs."""
    found = (getattr(module, "rng", None) for module in layer.modules())
    generators = [rng.bit_generator for rng in found if isinstance(rng, np.random.Generator)]
    first, runs = [generator.state for generator in generators], count()

    def run(x: Any, hx: Any) -> Any:
        present = [generator.state for generator in generators]
        _set(generators, first)
        result = layer(x, hx, **options)
        if next(runs):  # it repeats: what others are about to draw stays
            _set(generators, present)
        return result

    return run


def _set(generators: list[Any], states: list[Any]) -> None:
    for generator, state in zip(generators, states, strict=True):
        generator.state = state
