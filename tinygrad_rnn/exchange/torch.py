"""Weights to and from torch: the names, the rows of the gates and the shapes are the same, so this is one file.

    ours   save_weights(layer, path)                               →  torch  layer.load_state_dict(load_file(path))
    torch  save_file(layer.state_dict(), path)                     →  ours   load_weights(layer, path)

`load_file` and `save_file` are those of safetensors.torch.

What the arrays do not say, the two models have to agree on: nonlinearity, reset_after, batch_first, dropout.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tinygrad_rnn.engine.tensor import Array
from tinygrad_rnn.errors import CheckpointError, check_flags, check_path, check_type
from tinygrad_rnn.nn import Module
from tinygrad_rnn.nn.module import Loaded
from tinygrad_rnn.saving.arrays import encoded, read_arrays
from tinygrad_rnn.saving.files import write_file

__all__ = ["load_weights", "save_weights"]


def save_weights(module: Module, path: str | Path) -> Path:
    """Write every parameter to a safetensors file, to the bit, in the dtype it has.

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
    return write_file(path, encoded({name: p.numpy() for name, p in module._named_parameters("")}))


def load_weights(module: Module, path: str | Path, strict: bool = True) -> Loaded:
    """Assign the parameters from a safetensors file, ours or torch's; on any error nothing has been assigned.

    Args:
        module: its dtype stays: values of another precision are rounded to it.
        path: of the file.
        strict: names must match exactly; otherwise those on one side only are skipped.
    Returns:
        (missing_keys, unexpected_keys): what was skipped.
    Raises:
        CheckpointError: the file cannot be read, or does not fit the module: every name that is missing, unexpected
            or of another shape is listed.

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
    own = {name: p.shape for name, p in module._named_parameters("")}
    return module.load_state_dict(_once_each(module, read_arrays(path, own), path), strict)


def _once_each(module: Module, arrays: dict[str, Array], path: str | Path) -> dict[str, Array]:
    """The arrays without the further names of a shared parameter, whose values have to be the same."""
    first: dict[int, str] = {}
    for name, parameter in module._named_parameters(""):
        kept = first.setdefault(id(parameter), name)
        if kept == name or name not in arrays:
            continue
        values = arrays.pop(name)
        if not np.array_equal(arrays.setdefault(kept, values), values, equal_nan=True):
            raise CheckpointError(
                f"{path}: {kept} and {name} differ",
                expected=f"the same values: in this {type(module).__name__} they are one parameter",
                help="load it into a model that does not share them",
            )
    return arrays
