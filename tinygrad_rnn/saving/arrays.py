"""Arrays by name in one safetensors file, which is there whole or not at all.

{"weight_ih_l0": W, …} → bytes → path.new → path
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from tinygrad_rnn.engine.tensor import Array
from tinygrad_rnn.errors import CheckpointError

__all__ = ["encoded", "read_arrays", "write_file"]


def encoded(arrays: Mapping[str, Any]) -> bytes:
    """The arrays in the safetensors format, each laid out row by row, which it asks for and does not check."""
    # The format's readers of torch models look for this entry.
    return save({name: np.array(array, order="C") for name, array in arrays.items()}, metadata={"format": "pt"})


def to_disk(path: Path, content: bytes) -> None:
    """Write a file and wait until it is on the disk: what is renamed before that may be empty after a power cut."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def write_file(path: str | Path, content: bytes) -> Path:
    """Put the content in place of the file that is there, if one is, at one moment.

    Raises:
        CheckpointError: the file cannot be written; the one that is there stays, and nothing lies beside it.
    """
    path = Path(path)
    draft = path.parent / f"{path.name}.new"
    try:
        to_disk(draft, content)
        draft.replace(path)
    except OSError as error:
        raise CheckpointError(f"{path}: the file could not be written", got=str(error)) from None
    finally:  # an interruption leaves no draft either
        with suppress(OSError):
            draft.unlink()
    return path


def read_arrays(path: str | Path) -> dict[str, Array]:
    """The arrays of a safetensors file, whoever wrote it.

    Raises:
        CheckpointError: there is none, it is damaged, or it holds numbers that NumPy has no dtype for.
    """
    try:
        return load(Path(path).read_bytes())
    except OSError as error:
        raise CheckpointError(f"{path}: the file could not be read", got=str(error)) from None
    except (SafetensorError, ValueError) as error:
        raise CheckpointError(
            f"{path}: not a whole safetensors file",
            got=str(error),
            help="a torch .pt file becomes one with safetensors.torch.save_file(model.state_dict(), path)",
        ) from None
    except KeyError as error:
        raise CheckpointError(
            f"{path}: NumPy has no dtype {error}", help="write the file from a model in float32: model.float()"
        ) from None
