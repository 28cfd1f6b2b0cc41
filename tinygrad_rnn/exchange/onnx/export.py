"""ONNX: a trained model as a file that other runtimes run, for any batch and any number of steps.

x (T, B, I) ─ Gather ─ LSTM ─ … ─ MatMul ─ Add ─ y (T, B, V)        a module that has a rule, by its rule
h_0, c_0 ──────────────┘ └─ h_n, c_n

f(x) ─ recorded at T = 5, 6, … ─ calls of ops ─ nodes                anything else, as what it does
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, cast

from tinygrad_rnn.errors import GraphError, OptionError, check_flags, check_path, check_type
from tinygrad_rnn.exchange.onnx import seq2seq
from tinygrad_rnn.exchange.onnx.function import function, name_of
from tinygrad_rnn.exchange.onnx.graph import OnnxBuilder
from tinygrad_rnn.exchange.onnx.rules import emit
from tinygrad_rnn.exchange.onnx.standin import standing_in
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

    Modules, with inputs `x` and outputs `y` as the model's: (T, B, …), or (B, T, …) where its layers have batch_first;
    T and B are free. If the model begins with an Embedding, x is its ids. The states are `h_0` → `h_n` and `c_0` →
    `c_n`, each (L·D, B, H); in a model of several recurrent layers `rnn0.h_0`, `rnn1.h_0`, …. RNN, LSTM and GRU are the
    operators of these names; a layer of other cells is a Scan, whose body is one recorded step.

    A Seq2Seq, with inputs `source` (S, B) and `target` (T, B) and the logits `y` (T, B, V); or, greedy, with `limit`
    instead of a target, `ids` (T, B), a row's rest filled with the stop, and `log_p` (B,).

    Anything else, any module or function of Tensors, with `inputs`: it is recorded at several lengths of the free axes
    and written op by op; layers that a module has inside are written as above. The outputs are `y`, or `y0`, `y1`, …,
    or the keys of a dict.

    Args:
        model: a module; several, each of which reads the output of the one before: `[model.embedding, model.rnn,
            model.head]`; or a function.
        path: of the file, which is replaced if it is there.
        lengths: also an input `lengths` (B,) of int32: how many steps of each row are its own.
        initial_state: False starts from zeros, or what was learnt, and leaves the inputs `h_0` and `c_0` out.
        inputs: the shape of each argument by its name, with names for free axes, and at last a dtype where it is not
            float32: {"ids": ("T", "B", int), "state": ("B", 64)}.
        greedy: of a Seq2Seq: it writes on its own, as `nn.greedy_search` does.
    Returns:
        The path.
    Raises:
        OptionError: the model is not made of modules, or an option is not for it. GraphError: an op has no rule, a
            function reads values off, or does something else at other lengths; the error says which, and where.
            CheckpointError: the file cannot be written. ModuleNotFoundError: the onnx package is missing.
    Source: onnx.ai/onnx/operators.
    """
    check_path("export_onnx", path)
    check_flags("export_onnx", lengths=lengths, initial_state=initial_state, greedy=greedy)
    name = name_of(model)
    if inputs is not None:
        check_type("export_onnx", "inputs", inputs, Mapping, "shapes by the names of the arguments")
        check_type("export_onnx", "model", model, Callable, "a module, or a function of Tensors")
        if lengths or greedy or not initial_state:
            raise OptionError("export_onnx: inputs, and another option that says what goes in",
                              expected="inputs alone", help="name lengths and states among the inputs")  # fmt: skip
        builder = _function(cast("Callable[..., Any]", model), inputs)
    elif isinstance(model, Seq2Seq):
        builder = OnnxBuilder((), [], lengths, False)
        with evaluating(model):
            (seq2seq.greedy if greedy else seq2seq.forced)(model, builder)
    elif greedy:
        raise OptionError("export_onnx: greedy=True is for a Seq2Seq", got=name)
    else:
        parts = [model] if isinstance(model, Module) else list(model) if isinstance(model, Sequence) else [model]
        name = "+".join(type(part).__name__ for part in parts)
        builder = _modules(parts, lengths, initial_state)
    return write_file(path, builder.model(name))


def _function(f: Callable[..., Any], inputs: Mapping[str, tuple[Any, ...]]) -> OnnxBuilder:
    """A function of Tensors, or a module, op by op."""
    builder = OnnxBuilder((), [], False, False)
    with evaluating(f) if isinstance(f, Module) else nullcontext(), standing_in(f):
        function(f, inputs, builder)
    return builder


def _modules(parts: list[Any], lengths: bool, initial_state: bool) -> OnnxBuilder:
    """Modules, each of which reads the output of the one before."""
    if strange := [type(part).__name__ for part in parts if not isinstance(part, Module)]:
        raise OptionError("export_onnx: the model is not made of modules", expected="a Module, or a list of them",
                          got=", ".join(strange), help="a function: inputs={…}")  # fmt: skip
    layers = [layer for part in parts for layer in recurrences(part)]
    batch_first = any(isinstance(layer, Recurrent) and layer.batch_first for layer in layers)
    axes = ("B", "T") if batch_first else ("T", "B")
    prefixes = [""] if len(layers) == 1 else [f"rnn{k}." for k in range(len(layers))]
    builder = OnnxBuilder(axes, prefixes, lengths, initial_state)
    y = ""
    for part in parts:
        with evaluating(part), standing_in(part):
            y = emit(part, y, builder)
    if not y:
        raise GraphError("export_onnx: the model computes nothing", expected="one module that has a rule")
    builder.output(y, "y")
    builder.outputs.insert(0, builder.outputs.pop())
    return builder
