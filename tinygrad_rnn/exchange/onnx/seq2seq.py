"""Seq2Seq: the encoder as its layer is written, the decoder as one recorded step that a Scan or a Loop runs.

source (S, B) ─ embedding ─ LSTM ─ state, memory
                                   ↓
target (T, B) ─ start, y₁, y₂, … ─ Scan of steps ─ logits (T, B, V)
limit ─────────────────────────── Loop of steps, each of which reads what the one before wrote ─ ids (T, B)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinygrad_rnn.engine.tensor import Tensor
from tinygrad_rnn.engine.trees import flatten
from tinygrad_rnn.errors import GraphError
from tinygrad_rnn.exchange.onnx.graph import OnnxBuilder
from tinygrad_rnn.exchange.onnx.operands import translated
from tinygrad_rnn.exchange.onnx.recording import Recording, recorded
from tinygrad_rnn.exchange.onnx.recurrent import Rows, cells_of, output_size, run, starts
from tinygrad_rnn.exchange.onnx.rules import emit
from tinygrad_rnn.exchange.onnx.sizes import Kind
from tinygrad_rnn.nn import Cell, Encoder, Seq2Seq
from tinygrad_rnn.ops import any as any_
from tinygrad_rnn.ops import argmax, log_softmax, logical_and, not_equal, where
from tinygrad_rnn.ops import max as max_

IDS = Kind(("B",), np.int64)


def forced(model: Seq2Seq, builder: OnnxBuilder) -> None:
    """y (T, B, V), the logits of every token of a target (T, B), each step reading the true token before it."""
    begun = _Begun(model, builder)
    target = builder.input("target", np.int64, ("T", "B"))
    start = builder.value("Expand", builder.integers(model.start), builder.value("Concat", builder.integers([1]),
                          builder.length("B"), axis=0))  # fmt: skip
    before = builder.value("Slice", target, builder.integers([0]), builder.integers([-1]), builder.integers([0]))
    tokens = builder.value("Concat", start, before, axis=0)
    n = len(begun.state)

    def step(*given: Tensor) -> Any:
        state, token, memory = given[:n], given[n], given[n + 1 :]
        logits, state = model.decoder(token, begun.nest_state(state), begun.nest_memory(memory))
        return state, logits

    recording = recorded("Decoder", step, [*begun.state_kinds, IDS, *begun.memory_kinds])
    inputs = {**begun.state_inputs, "token": IDS}
    ends = [*begun.state_kinds, _kinds(recording)[-1]]
    body = builder.body("Decoder", inputs, ends, lambda names: translated(recording, [*names, *begun.memory], builder))
    *_, y = builder.node("Scan", *begun.state, tokens, count=n + 1, body=body, num_scan_inputs=1)
    builder.output(y, "y")


def greedy(model: Seq2Seq, builder: OnnxBuilder) -> None:
    """ids (T, B) and log_p (B,): the likeliest token at every step, until all rows have stopped, or at `limit`."""
    begun = _Begun(model, builder)
    limit = builder.input("limit", np.int64, ())
    truth = builder.constant("true", np.True_)
    row = builder.length("B")
    first = [
        builder.value("Expand", value, row)
        for value in (builder.integers(model.start), builder.weight("zero", 0), truth)
    ]
    carried = {"token": IDS, "log_p": Kind(("B",)), "going": Kind(("B",), np.bool_), **begun.state_inputs}
    n = len(carried)

    def step(token: Tensor, log_p: Tensor, going: Tensor, *given: Tensor) -> Any:
        state, memory = given[: n - 3], given[n - 3 :]
        logits, state = model.decoder(token, begun.nest_state(state), begun.nest_memory(memory))
        ps = log_softmax(logits)
        token = argmax(ps, axis=-1)
        log_p = log_p + where(going, max_(ps, axis=-1), 0)
        written = where(going, token, model.stop)
        going = logical_and(going, not_equal(token, model.stop))
        return any_(going), token, log_p, going, state, written

    recording = recorded("Decoder", step, [*carried.values(), *begun.memory_kinds])
    inputs = {"number": Kind((), np.int64), "on": Kind((), np.bool_), **carried}
    body = builder.body("Decoder", inputs, [Kind((), np.bool_), *carried.values(), IDS],
                        lambda names: translated(recording, [*names[2:], *begun.memory], builder))  # fmt: skip
    _, log_p, *_, ids = builder.node("Loop", limit, truth, *first, *begun.state, count=n + 1, body=body)
    builder.output(ids, "ids", Kind(("T", "B"), np.int64))
    builder.output(log_p, "log_p", Kind(("B",)))


class _Begun:
    """A source that was read: the decoder's first state and what its attention looks at, by their names."""

    def __init__(self, model: Seq2Seq, builder: OnnxBuilder) -> None:
        encoder = model.encoder
        if type(encoder).forward is not Encoder.forward:
            raise GraphError(f"export_onnx: {type(encoder).__name__} has a forward of its own", expected="nn.Encoder's")
        layer, embedded = encoder.rnn, encoder.embedding is not None
        source = builder.input("source", np.int64 if embedded else np.float32,
                               ("S", "B") if embedded else ("S", "B", layer.input_size))  # fmt: skip
        x = source if encoder.embedding is None else emit(encoder.embedding, source, builder)
        hs, ends = run(layer, x, starts(layer, x, builder), Rows("B", builder.lengths), builder)
        cell, alone = cells_of(layer)[0], isinstance(layer, Cell)
        parts = [builder.value("Concat", *each, axis=0) for each in zip(*ends, strict=True)]
        parts = [builder.value("Squeeze", part, builder.integers([0])) if alone else part for part in parts]
        rows = [] if alone else [len(cells_of(layer))]
        sizes = [Kind((*rows, "B", n)) for n in cell.state_sizes]
        seen = [Kind(("S", "B", output_size(layer)))]
        seen += [Kind(("B",), np.int64)] if builder.lengths else []

        def begin(*given: Tensor) -> Any:
            state = encoder._one_direction(given[0] if len(sizes) == 1 else given[: len(sizes)])
            state = model.decoder.first_state(state)
            hs, *lengths = given[len(sizes) :]
            attention = model.decoder.attention
            return state, attention and attention.remember(hs, *lengths)

        recording = recorded("Seq2Seq.encode", begin, [*sizes, *seen])
        lengths = [builder.value("Cast", builder.lengths, to=builder.kind(np.int64))] if builder.lengths else []
        names = translated(recording, [*parts, hs, *lengths], builder)
        kinds = dict(zip(names, _kinds(recording), strict=True))
        state, memory = recording.build(names)
        (self.state, self.nest_state), (self.memory, self.nest_memory) = map(_nested, (state, memory))
        self.state_kinds, self.memory_kinds = [kinds[x] for x in self.state], [kinds[x] for x in self.memory]
        self.state_inputs = {f"state{k}": kind for k, kind in enumerate(self.state_kinds)}


def _nested(names: Any) -> tuple[list[str], Callable[[Sequence[Any]], Any]]:
    leaves, build = flatten(names)
    return leaves, lambda values: build(list(values))


def _kinds(recording: Recording) -> list[Kind]:
    """What each of its results is: each axis has a size, or a name."""
    kinds = []
    for out in recording.outputs:
        shape = tuple(n if isinstance(n, int) else n.axis for n in recording.shapes[out])
        kinds.append(Kind(shape, {"f": np.float32, "i": np.int64, "b": np.bool_}[out.dtype.kind]))
    return kinds
