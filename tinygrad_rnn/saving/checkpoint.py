"""Checkpoints: arrays as safetensors, everything else as JSON beside them.

    run/checkpoint.json            names the arrays' file: replacing it is the one moment a save takes effect
    run/arrays-1f3a….safetensors   model, optimiser, carried state

A crash at any point leaves the last whole checkpoint readable, and the next save clears away what it left.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

from safetensors import SafetensorError
from safetensors.numpy import load

from tinygrad_rnn.engine.tensor import Array
from tinygrad_rnn.errors import CheckpointError, OptionError, check_path, check_type
from tinygrad_rnn.nn import Module
from tinygrad_rnn.optim import Optimizer
from tinygrad_rnn.saving.arrays import encoded, write_file

__all__ = ["load_checkpoint", "save_checkpoint"]

FORMAT = "tinygrad_rnn.checkpoint"
VERSION = 1


def save_checkpoint(directory: str | Path, model: Module, optimizer: Optimizer | None = None, **facts: Any) -> Path:
    """Write a model, and what its optimiser remembers, in place of the checkpoint that is there.

    Args:
        facts: anything JSON holds: the settings, the epoch, ….
    Returns:
        The path of checkpoint.json.
    Raises:
        CheckpointError: the directory cannot be written. OptionError: a fact that JSON does not hold.
    """
    check_kinds("save_checkpoint", directory, model, optimizer)
    return write(directory, state_of(model, optimizer), facts)


def load_checkpoint(directory: str | Path, model: Module, optimizer: Optimizer | None = None) -> dict[str, Any]:
    """Put what `save_checkpoint` wrote back into a model and an optimiser; returns the facts.

    Raises:
        CheckpointError: there is none, it is damaged, or it was made for another model; nothing is changed then.
    """
    check_kinds("load_checkpoint", directory, model, optimizer)
    arrays, facts = read(directory)
    restore(arrays, model, optimizer)
    return facts


def check_kinds(owner: str, directory: object, model: object, optimizer: object) -> None:
    """Raise OptionError unless they are what they are called."""
    check_path(owner, directory)
    check_type(owner, "model", model, Module, "a Module")
    check_type(owner, "optimizer", optimizer, Optimizer | None, "an optimiser, or None")


def state_of(model: Module, optimizer: Optimizer | None = None) -> dict[str, Array]:
    """The arrays of a model and an optimiser, by name."""
    remembered = optimizer.state_dict() if optimizer is not None else {}
    return {
        **{f"model.{name}": array for name, array in model.state_dict().items()},
        **{f"optimizer.{name}": array for name, array in remembered.items()},
    }


def restore(arrays: Mapping[str, Array], model: Module, optimizer: Optimizer | None = None) -> None:
    """Undo `state_of`: both, or neither where one does not fit."""
    before = model.state_dict()
    model.load_state_dict(under("model", arrays))
    if optimizer is not None:
        try:
            optimizer.load_state_dict(under("optimizer", arrays))
        except CheckpointError:
            model.load_state_dict(before)
            raise


def write(directory: str | Path, arrays: Mapping[str, Array], facts: Mapping[str, Any]) -> Path:
    """Write arrays and facts, in place of the checkpoint that is there.

    Args:
        arrays: by name, as from state_dict().
        facts: anything JSON holds.
    Returns:
        The path of checkpoint.json.
    Raises:
        CheckpointError: the directory cannot be written. OptionError: a fact that JSON does not hold.
    """
    directory = Path(directory)
    sidecar = directory / "checkpoint.json"
    data = directory / f"arrays-{uuid4().hex[:12]}.safetensors"
    document = {"format": FORMAT, "version": VERSION, "arrays": data.name, "facts": dict(facts)}
    try:
        text = json.dumps(document, ensure_ascii=False, indent=1)
    except (TypeError, ValueError) as error:
        raise OptionError(
            "save_checkpoint: a fact is not what JSON holds",
            expected="numbers, texts, True, False and None, in lists and dicts",
            got=str(error),
        ) from None
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CheckpointError(f"{directory}: the directory could not be made", got=str(error)) from None
    write_file(data, encoded(arrays))
    try:
        write_file(sidecar, text.encode())
    except CheckpointError:
        _remove(data)
        raise
    for old in directory.glob("arrays-*"):  # of the save before, and of any that a crash cut short
        if old != data:
            _remove(old)
    return sidecar


def _remove(path: Path) -> None:
    """A file that cannot be removed harms nothing: the next save tries again."""
    with suppress(OSError):
        path.unlink()


def read(directory: str | Path) -> tuple[dict[str, Array], dict[str, Any]]:
    """(arrays, facts) of the checkpoint in a directory.

    Raises:
        CheckpointError: there is none, it is damaged, or of another version.
    """
    directory = Path(directory)
    sidecar = directory / "checkpoint.json"
    try:
        document = json.loads(sidecar.read_text(encoding="utf-8"))
        if document["format"] != FORMAT or document["version"] != VERSION:
            raise CheckpointError(f"{sidecar}: another format", expected=f"{FORMAT} version {VERSION}",
                                  got=f"{document['format']} version {document['version']}")  # fmt: skip
        return load((directory / document["arrays"]).read_bytes()), document["facts"]
    except (FileNotFoundError, NotADirectoryError) as error:
        raise CheckpointError(f"{directory}: no checkpoint here", got=f"there is no {error.filename}",
                              help="train one: tinygrad-rnn train or translate, with --out DIR") from None  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        if isinstance(error, CheckpointError):
            raise
        raise CheckpointError(
            f"{directory}: the checkpoint is damaged", got=f"{type(error).__name__}: {error}"
        ) from None


def under(prefix: str, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """The arrays named `prefix.…`, without the prefix.

    >>> under("model", {"model.w": 1, "optimizer.0.m": 2})
    {'w': 1}
    """
    return {name.removeprefix(f"{prefix}."): a for name, a in arrays.items() if name.startswith(f"{prefix}.")}
