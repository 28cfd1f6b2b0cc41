"""The other libraries, where there are any: skipped with the reason on a user's machine."""

import numpy as np
import pytest


def require(name):
    return pytest.importorskip(name, reason=f"{name} is an oracle here: pip install tinygrad-rnn[bench]")


def run_onnx(path, **inputs):
    """What onnxruntime makes of the file, by the names of its outputs."""
    onnxruntime = require("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    outputs = [output.name for output in session.get_outputs()]
    return dict(zip(outputs, session.run(outputs, inputs), strict=True))


def parts(state, names):
    """h, or (h, c), by name."""
    return dict(zip(names, state if isinstance(state, tuple) else (state,), strict=True))


def random_states(rng, layer, batch, dtype=np.float32):
    """States before the first step: h (L·D, B, H), or (h, c)."""
    cell = layer.cells["l0"]
    found = [rng.standard_normal((len(layer.cells), batch, size)).astype(dtype) for size in cell.state_sizes]
    return found[0] if len(found) == 1 else tuple(found)
