"""Arrays by name in one safetensors file, with a checksum over all of them.

{"weight_ih_l0": W, …} → bytes, "sha256" in their header → path      path → as many arrays as are asked for

Other programs read such files as they read any other, and theirs are read here, without a checksum.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from tinygrad_rnn.engine.tensor import Array
from tinygrad_rnn.errors import CheckpointError
from tinygrad_rnn.saving.files import check_regular, write_file

__all__ = ["encoded", "read_arrays", "write_file"]

CHECKSUM = "sha256"
DTYPES = {"BOOL", "I8", "I16", "I32", "I64", "U8", "U16", "U32", "U64", "F16", "F32", "F64", "C64"}


def encoded(arrays: Mapping[str, Any]) -> bytes:
    """The arrays in the safetensors format, each laid out row by row, which it asks for and does not check."""
    rows = {name: np.array(array, order="C") for name, array in arrays.items()}
    # The format's readers of torch models look for "format".
    return save(rows, metadata={"format": "pt", CHECKSUM: digest(rows.items())})


def digest(arrays: Iterable[tuple[str, Array]]) -> str:
    """The SHA-256 of arrays, their names, dtypes and shapes; in whatever order they come."""
    parts = sorted(
        hashlib.sha256(f"{name}\0{array.dtype.str}{array.shape}\0".encode() + array.tobytes()).digest()
        for name, array in arrays
    )
    return hashlib.sha256(b"".join(parts)).hexdigest()


def read_arrays(path: str | Path, wanted: Mapping[str, tuple[int, ...]] | None = None) -> dict[str, Array]:
    """The arrays of a safetensors file, whoever wrote it.

    Args:
        wanted: the names and shapes of those that are needed; of the others only the shape is true, and nothing of
            them is held in memory. All when None.
    Raises:
        CheckpointError: there is none, it is damaged, or it holds numbers that NumPy has no dtype for.
    """
    path = Path(path)
    with _opened(path) as file:
        names = list(file.keys())
        if strange := sorted({file.get_slice(name).get_dtype() for name in names} - DTYPES):
            raise CheckpointError(
                f"{path}: NumPy has no dtype for {', '.join(map(str, strange))}",
                help="write the file from a model in float32: model.float()",
            )
        told = (file.metadata() or {}).get(CHECKSUM)
        if told is not None and digest((name, file.get_tensor(name)) for name in names) != told:
            raise CheckpointError(f"{path}: damaged", expected=f"SHA-256 {told:.12}…", got="another")
        found: dict[str, Array] = {}
        for name in names:
            shape = tuple(file.get_slice(name).get_shape())
            needed = wanted is None or wanted.get(name) == shape
            found[name] = file.get_tensor(name) if needed else np.broadcast_to(np.zeros((), np.float32), shape)
        return found


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """The file, its header read and checked: names, dtypes, shapes, and that the numbers fill the rest of it."""
    try:
        check_regular(path)
        with safe_open(path, framework="numpy") as file:
            yield file
    except CheckpointError:
        raise
    except OSError as error:
        raise CheckpointError(f"{path}: the file could not be read", got=str(error)) from None
    except (SafetensorError, KeyError, TypeError, ValueError, OverflowError, MemoryError) as error:
        raise CheckpointError(
            f"{path}: not a whole safetensors file",
            got=str(error),
            help="a torch .pt file becomes one with safetensors.torch.save_file(model.state_dict(), path)",
        ) from None
