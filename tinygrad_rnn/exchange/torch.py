"""Weights to and from torch: the names, the rows of the gates and the shapes are the same, so this is one file.

    ours   save_weights(layer, path)                               →  torch  layer.load_state_dict(load_file(path))
    torch  save_file(layer.state_dict(), path)                     →  ours   load_weights(layer, path)

`load_file` and `save_file` are those of safetensors.torch.

What the arrays do not say, the two models have to agree on: nonlinearity, reset_after, batch_first, dropout.
"""

from __future__ import annotations

from pathlib import Path

from tinygrad_rnn.errors import check_flags, check_path, check_type
from tinygrad_rnn.nn import Module
from tinygrad_rnn.nn.state import Loaded
from tinygrad_rnn.saving.arrays import encoded, read_arrays
from tinygrad_rnn.saving.files import write_file

__all__ = ["load_weights", "save_weights"]


def save_weights(module: Module, path: str | Path) -> Path:
    """Write every parameter and persistent buffer to a safetensors file, to the bit, in the dtype it has.

    A parameter that stands in several places is written under each of its names, as torch's state_dict has it.

    Args:
        module: any module; RNN, LSTM, GRU, Linear, Embedding and LayerNorm have the names of torch's.
        path: of the file, which is replaced if it is there.
    Returns:
        The path.
    Raises:
        CheckpointError: the file cannot be written.
    """
    check_type("save_weights", "module", module, Module, "a Module")
    check_path("save_weights", path)
    return write_file(path, encoded({name: x.numpy() for name, x in module._named_state("")}))


def load_weights(module: Module, path: str | Path, strict: bool = True) -> Loaded:
    """Assign parameters and buffers from a safetensors file, ours or torch's; on any error nothing has been assigned.

    Args:
        module: its dtype stays: values of another precision are rounded to it.
        path: of the file.
        strict: names must match exactly; otherwise those on one side only are skipped.
    Returns:
        (missing_keys, unexpected_keys): what was skipped.
    Raises:
        CheckpointError: the file cannot be read, or does not fit the module: every name that is missing, unexpected
            or of another shape is listed.

    >>> import numpy as np
    >>> from tempfile import TemporaryDirectory
    >>> from tinygrad_rnn import nn
    >>> one, other = nn.GRU(3, 4, rng=0), nn.GRU(3, 4, rng=1)
    >>> with TemporaryDirectory() as directory:
    ...     load_weights(other, save_weights(one, Path(directory) / "gru.safetensors"))
    Loaded(missing_keys=[], unexpected_keys=[])
    >>> np.array_equal(one.weight_hh_l0.data, other.weight_hh_l0.data)
    True
    """
    check_type("load_weights", "module", module, Module, "a Module")
    check_path("load_weights", path)
    check_flags("load_weights", strict=strict)
    own = {name: x.shape for name, x in module._named_state("")}
    return module.load_state_dict(read_arrays(path, own), strict)
