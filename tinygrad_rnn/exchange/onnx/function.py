"""A function of Tensors as a file: recorded for every length of its free axes, and written op by op.

inputs={"x": ("T", "B", 3)}      f, recorded  →  nodes      y, or y0, y1, … of several, or the keys of a dict
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tinygrad_rnn.errors import DTypeError, OptionError, check_type
from tinygrad_rnn.exchange.onnx import arrangement, contractions, formulas, pointwise, reductions  # noqa: F401  (their rules)
from tinygrad_rnn.exchange.onnx.graph import KINDS, OnnxBuilder
from tinygrad_rnn.exchange.onnx.operands import translated
from tinygrad_rnn.exchange.onnx.recording import recorded
from tinygrad_rnn.exchange.onnx.sizes import Kind

__all__ = ["called", "function"]


def function(f: Callable[..., Any], inputs: Mapping[str, Any], builder: OnnxBuilder) -> None:
    """Add a function with inputs of these shapes, and declare what goes in and out."""
    kinds = {name: kind_of(name, shape) for name, shape in inputs.items()}
    try:
        signature = inspect.signature(f)
    except (TypeError, ValueError):  # of some of Python's own
        raise OptionError(f"export_onnx: the arguments of {name_of(f)} are not known",
                          expected="a module, or a function of Tensors", help="lambda x: …") from None  # fmt: skip
    try:
        signature.bind(**kinds)
    except TypeError as error:
        raise OptionError(
            f"export_onnx: the inputs are not the arguments of {name_of(f)}", expected=str(signature),
            got=", ".join(kinds), help=f"Python says: {error}",
        ) from None  # fmt: skip
    names = [builder.input(name, kind.dtype, kind.shape) for name, kind in kinds.items()]

    def by_name(*xs: Any) -> Any:
        return f(**dict(zip(kinds, xs, strict=True)))

    recording = recorded(name_of(f), by_name, list(kinds.values()))
    ends = translated(recording, names, builder)
    made = recording.build(list(range(len(ends))))
    keys = [""] * len(ends)
    if isinstance(made, dict) and sorted(made.values()) == list(range(len(ends))):
        keys = [str(key) for key in made]
    for k, (end, key) in enumerate(zip(ends, keys, strict=True)):
        out = recording.outputs[k]
        shape = tuple(n if isinstance(n, int) else n.axis or str(n) for n in recording.shapes[out])
        builder.output(end, key or ("y" if len(ends) == 1 else f"y{k}"), Kind(shape, KINDS[out.dtype.kind]))


def kind_of(name: str, shape: Any) -> Kind:
    """("T", "B", 3) in float32; ("T", "B", int) in int64: a dtype may stand last."""
    check_type(
        "export_onnx", f"inputs[{name!r}]", shape, tuple, "a tuple of sizes, of names of axes, and of a dtype last"
    )
    dtype: Any = np.float32
    if shape and not isinstance(shape[-1], int | str):
        *shape, last = shape
        try:
            dtype = KINDS[np.dtype(last).kind] if np.dtype(last) != np.int32 else np.int32
        except (TypeError, KeyError):
            raise DTypeError(
                f"export_onnx: inputs[{name!r}] ends in {last!r:.60}", expected="a dtype of numbers"
            ) from None
    for n in shape:
        fits = bool(n) if isinstance(n, str) else isinstance(n, int) and not isinstance(n, bool) and n >= 0
        if not fits:
            raise OptionError(f"export_onnx: inputs[{name!r}] has an axis {n!r:.60}", expected="a size, or a name")
    return Kind(tuple(shape), dtype)


def called(name: str, f: Callable[..., Any], values: list[str], builder: OnnxBuilder) -> list[str]:
    """Add a function of values that are in the graph already, whose shapes the graph tells."""
    kinds = [Kind(*builder.described(value)) for value in values]
    return translated(recorded(name, f, kinds), values, builder)


def name_of(f: Any) -> str:
    """What to call a function or a module in a message."""
    return getattr(f, "__name__", "") or type(f).__name__
