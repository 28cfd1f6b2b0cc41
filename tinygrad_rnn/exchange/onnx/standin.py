"""Layers inside a recorded function: each call of one is a single op of the recording, for every T the same.

    def forward(self, ids):                                     take ─ layer ─ inner ─ add
        output, _ = self.lstm(self.embedding(ids))       →              ↑
        return self.head(output)                                        written as its rule writes it

A loop over T steps, recorded, would be another program at each T.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

from tinygrad_rnn.engine.apply import apply_any
from tinygrad_rnn.engine.context import using
from tinygrad_rnn.engine.tensor import Array, Tensor
from tinygrad_rnn.engine.trees import flatten
from tinygrad_rnn.errors import GraphError
from tinygrad_rnn.exchange.onnx.graph import OnnxBuilder
from tinygrad_rnn.exchange.onnx.operands import Operand, WrittenOp
from tinygrad_rnn.exchange.onnx.recurrent import Rows, is_plain, of_layers, one_run, starts
from tinygrad_rnn.exchange.onnx.sizes import Size
from tinygrad_rnn.nn import ManyToMany, ManyToOne, Module, Recurrent
from tinygrad_rnn.nn.masks import valid_steps
from tinygrad_rnn.nn.module import incoming
from tinygrad_rnn.nn.topologies import final_output, unpacked
from tinygrad_rnn.ops import swapaxes, where

__all__ = ["standing_in"]


@contextmanager
def standing_in(module: object) -> Iterator[None]:
    """In the block, calls of the layers in a module are single ops; afterwards they are as before."""
    replaced: list[Module] = []
    try:
        for part in module.modules() if isinstance(module, Module) else ():
            forward = _stand_in(part)
            if forward is not None and "forward" not in vars(part):
                object.__setattr__(part, "forward", forward)
                replaced.append(part)
        yield
    finally:
        for part in replaced:
            object.__delattr__(part, "forward")


def _stand_in(part: Module) -> Callable[..., Any] | None:
    if isinstance(part, Recurrent) and is_plain(part):
        return _Layer(part).forward
    if isinstance(part, ManyToMany | ManyToOne) and type(part) in TOPOLOGIES and isinstance(part.rnn, Recurrent):
        return partial(TOPOLOGIES[type(part)], part, part.rnn)
    return None


def _many_to_many(
    module: ManyToMany, rnn: Recurrent, x: Any, hx: Any = None, *, lengths: Any = None
) -> tuple[Tensor, Any]:
    """y (T, B, O), the head on all steps at once; 0 in the pads."""
    hs, last = rnn(x, hx, lengths=lengths)
    y = module.output(hs)
    if lengths is not None:
        first = rnn.batch_first
        T, B = (hs.shape[1], hs.shape[0]) if first else hs.shape[:2]
        mask = valid_steps(lengths, T, (B,), type(module).__name__)
        y = where(swapaxes(mask, 0, 1) if first else mask, y, 0)
    return y, last


def _many_to_one(
    module: ManyToOne, rnn: Recurrent, x: Any, hx: Any = None, *, lengths: Any = None
) -> tuple[Tensor, Any]:
    """y (B, O), the head on the last state."""
    _, last = rnn(x, hx, lengths=lengths)
    return module.output(final_output(rnn, last)), last


TOPOLOGIES: dict[type, Callable[..., Any]] = {ManyToMany: _many_to_many, ManyToOne: _many_to_one}


class _Layer:
    """A layer whose calls are single ops, one for each thing that it returns."""

    def __init__(self, layer: Recurrent) -> None:
        self.layer = layer
        self.ops: dict[tuple[int, int, bool], Callable[..., Tensor]] = {}
        self.written: dict[tuple[str, ...], list[str]] = {}

    def forward(self, x: Any, hx: Any = None, *, lengths: Any = None, mask: Any = None) -> tuple[Tensor, Any]:
        """As the layer's, of a batch of sequences."""
        name, x, parts = type(self.layer).__name__, incoming(x, self.layer.dtype), flatten(hx)[0]
        if mask is not None or x.ndim != 3:
            raise GraphError(
                f"export_onnx: {name} is called with {'a mask' if mask is not None else f'x of {x.ndim} axes'}",
                expected="x (T, B, I), or (B, T, I) with batch_first, and perhaps lengths",
            )
        given = [x, *parts, *([] if lengths is None else [lengths])]
        made = [self._op(k, len(parts), lengths is not None)(*given) for k in range(1 + len(self._states))]
        return made[0], unpacked(tuple(made[1:]))

    @property
    def _states(self) -> tuple[str, ...]:
        return self.layer.cell_type.states

    def _op(self, output: int, states: int, with_lengths: bool) -> Callable[..., Tensor]:
        key = output, states, with_lengths
        if key not in self.ops:

            def forward(*xs: Array) -> Array:
                """What the layer itself makes of the arrays."""
                hx = unpacked(tuple(map(Tensor, xs[1 : 1 + states]))) if states else None
                with using(tracing=False, recording=False, frozen=None):
                    lengths = {"lengths": xs[-1]} if with_lengths else {}
                    y, last = type(self.layer).forward(self.layer, Tensor(xs[0]), hx, **lengths)
                return np.asarray([y, *flatten(last)[0]][output].data)

            def rule(b: OnnxBuilder, y: Operand, *xs: Operand) -> str:
                return self._written(b, xs, states, with_lengths)[output]

            op = WrittenOp(forward, rule, f"{type(self.layer).__name__} {self.layer.scope_name}".strip())
            self.ops[key] = apply_any(op, forward)
        return self.ops[key]

    def _written(self, b: OnnxBuilder, xs: tuple[Operand, ...], states: int, with_lengths: bool) -> list[str]:
        """The names of all that a call returns, written when the first of them is asked for."""
        names = tuple(x.of("f") for x in xs[: 1 + states])
        key = (*names, xs[-1].name) if with_lengths else names
        if key not in self.written:
            n = xs[0].shape[0 if self.layer.batch_first else 1]
            lengths = b.value("Cast", xs[-1].of("i"), to=b.kind(np.int32)) if with_lengths else ""
            rows = Rows(b.axis(n) if isinstance(n, Size) else n, lengths)
            first = of_layers(self.layer, list(names[1:]), b) if states else starts(self.layer, names[0], b)
            self.written[key] = one_run(self.layer, names[0], first, rows, b)
        return self.written[key]
