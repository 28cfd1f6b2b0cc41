"""ONNX: a trained model as a file that other runtimes run, for any batch and any number of steps.

x (T, B, I) ─ Gather ─ LSTM ─ … ─ MatMul ─ Add ─ y (T, B, V)
h_0, c_0 ──────────────┘ └─ h_n, c_n
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from tinygrad_rnn.errors import GraphError, OptionError, check_flags, check_path
from tinygrad_rnn.exchange.onnx import seq2seq
from tinygrad_rnn.exchange.onnx.function import function, name_of
from tinygrad_rnn.exchange.onnx.graph import OnnxBuilder
from tinygrad_rnn.exchange.onnx.rules import emit
from tinygrad_rnn.exchange.onnx.topologies import recurrences
from tinygrad_rnn.nn import Module, Recurrent, Seq2Seq
from tinygrad_rnn.nn.module import evaluating
from tinygrad_rnn.saving.files import write_file

__all__ = ["export_onnx"]


def export_onnx(
    model: Module | Sequence[Module] | Callable[..., Any],
    path: str | Path,
    *,
    lengths: bool = False,
    initial_state: bool = True,
    inputs: Mapping[str, tuple[Any, ...]] | None = None,
    greedy: bool = False,
) -> Path:
    """Write a model as it is after eval(), in float32, as ONNX of opset 17.

    Inputs `x` and outputs `y` are as the model's: (T, B, …), or (B, T, …) where its layers have batch_first; T and B
    are free. If the model begins with an Embedding, x is its ids. The states are `h_0` → `h_n` and `c_0` → `c_n`, each
    (L·D, B, H); in a model of several recurrent layers `rnn0.h_0`, `rnn1.h_0`, ….

    Args:
        model: RNN, LSTM, GRU, ManyToMany, ManyToOne, Linear, Embedding, LayerNorm, Dropout, Sequential; or several,
            each of which reads the output of the one before: `[model.embedding, model.rnn, model.head]`.
        path: of the file, which is replaced if it is there.
        lengths: also an input `lengths` (B,) of int32: how many steps of each row are its own.
        initial_state: False starts from zeros, or what was learnt, and leaves the inputs `h_0` and `c_0` out.
    Returns:
        The path.
    Raises:
        OptionError: the model is not made of modules. GraphError: ONNX has no operator for a part. CheckpointError: the
            file cannot be written. ModuleNotFoundError: the onnx package is missing.
    Source: onnx.ai/onnx/operators.
    """
    check_path("export_onnx", path)
    check_flags("export_onnx", lengths=lengths, initial_state=initial_state, greedy=greedy)
    if isinstance(model, Seq2Seq) and inputs is None:
        builder = OnnxBuilder((), [], lengths, False)
        with evaluating(model):
            (seq2seq.greedy if greedy else seq2seq.forced)(model, builder)
        return write_file(path, builder.model(type(model).__name__))
    if greedy:
        raise OptionError("export_onnx: greedy=True is for a Seq2Seq", got=name_of(model))
    if inputs is not None:
        builder = OnnxBuilder((), [], False, False)
        with evaluating(model) if isinstance(model, Module) else nullcontext():
            function(model, inputs, builder)
        return write_file(path, builder.model(name_of(model)))
    parts = [model] if isinstance(model, Module) else list(model) if isinstance(model, Sequence) else [model]
    if strange := [type(part).__name__ for part in parts if not isinstance(part, Module)]:
        raise OptionError("export_onnx: the model is not made of modules", expected="a Module, or a list of them",
                          got=", ".join(strange))  # fmt: skip
    layers = [layer for part in parts for layer in recurrences(part)]
    batch_first = any(isinstance(layer, Recurrent) and layer.batch_first for layer in layers)
    axes = ("B", "T") if batch_first else ("T", "B")
    prefixes = [""] if len(layers) == 1 else [f"rnn{k}." for k in range(len(layers))]
    builder = OnnxBuilder(axes, prefixes, lengths, initial_state)
    y = ""
    for part in parts:
        with evaluating(part):
            y = emit(part, y, builder)
    if not y:
        raise GraphError("export_onnx: the model computes nothing", expected="one module that has a rule")
    builder.output(y, "y")
    builder.outputs.insert(0, builder.outputs.pop())
    return write_file(path, builder.model("+".join(type(part).__name__ for part in parts)))
