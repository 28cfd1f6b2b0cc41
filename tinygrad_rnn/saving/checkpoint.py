"""Checkpoints: arrays as safetensors, everything else as JSON beside them.

    run/checkpoint.json            names the arrays' file: replacing it is the one moment a save takes effect
    run/arrays-1f3a….safetensors   model, optimiser, carried state

A checksum covers all of it. A crash at any point leaves the last whole checkpoint readable, and the next save clears
away what it left: a draft of checkpoint.json is there first, and names the arrays that belong to it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from tinygrad_rnn.engine.tensor import Array
from tinygrad_rnn.errors import CheckpointError, DataError, OptionError, check_path, check_type
from tinygrad_rnn.nn import Module
from tinygrad_rnn.optim import Optimizer
from tinygrad_rnn.saving.arrays import encoded, read_arrays
from tinygrad_rnn.saving.claim import saving
from tinygrad_rnn.saving.files import check_regular, read_file, remove, sync_directory, to_disk

__all__ = ["load_checkpoint", "save_checkpoint"]

FORMAT = "tinygrad_rnn.checkpoint"
VERSION = 2
SIDECAR, DRAFT = "checkpoint.json", "checkpoint.json.new"
NAME = re.compile(r"arrays-[0-9a-f]{12}\.safetensors")
MOST = 32 * 2**20  # bytes of JSON
OPTIMIZER = "optimizer"  # the array that says that there was one
TRIES = 100  # of reading, while somebody saves


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
        CheckpointError: there is none, it is damaged, it was made for another model, or there is an optimiser here and
            none in it; nothing is changed then.
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
    arrays = {f"model.{name}": array for name, array in model.state_dict().items()}
    if optimizer is None:
        return arrays
    remembered = {f"optimizer.{name}": array for name, array in optimizer.state_dict().items()}
    return {**arrays, OPTIMIZER: np.array(True), **remembered}  # that may be nothing, before its first step


def restore(arrays: Mapping[str, Array], model: Module, optimizer: Optimizer | None = None) -> None:
    """Undo `state_of`: both, or neither where one does not fit."""
    known = ("model.", "optimizer.", "carried.")
    if strange := [name for name in arrays if not name.startswith(known) and name != OPTIMIZER]:
        raise CheckpointError("the checkpoint has arrays of nothing that is known", got=", ".join(strange)[:200])
    if optimizer is not None and OPTIMIZER not in arrays:
        raise CheckpointError(
            "the checkpoint was saved without an optimiser",
            expected="save_checkpoint(directory, model, optimizer)",
            help="load_checkpoint(directory, model) loads the model alone",
        )
    before = model.state_dict()
    try:
        model.load_state_dict(under("model", arrays))
        if optimizer is not None:
            optimizer.load_state_dict(under("optimizer", arrays))
    except BaseException:
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
    check_path("checkpoint", directory)
    directory = Path(directory)
    name, content = f"arrays-{uuid4().hex[:12]}.safetensors", encoded(arrays)
    facts = as_json(facts)  # what it does not hold is refused before anything is touched
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CheckpointError(f"{directory}: the directory could not be made", got=str(error)) from None
    sidecar, draft, data = directory / SIDECAR, directory / DRAFT, directory / name
    try:
        with saving(directory):
            before, earlier = _named(sidecar)
            for left in {earlier, *_named(draft)} - {before, None}:  # of a save that was cut short
                remove(directory / str(left))
            done = False
            try:
                to_disk(draft, document(name, content, facts, before))
                to_disk(data, content)
                draft.replace(sidecar)
                done = True
                sync_directory(directory)
            finally:
                if not done:
                    remove(data)
                    remove(draft)
            if before is not None:
                remove(directory / before)
    except OSError as error:
        raise CheckpointError(f"{sidecar}: the checkpoint could not be written", got=str(error)) from None
    return sidecar


def document(name: str, content: bytes, facts: Mapping[str, Any], before: str | None = None) -> bytes:
    """What stands in checkpoint.json; `before` is the arrays' file of the checkpoint that it replaces."""
    whole = {"format": FORMAT, "version": VERSION, "arrays": name, "bytes": len(content),
             "sha256": hashlib.sha256(content).hexdigest(), "before": before, "facts": as_json(facts)}  # fmt: skip
    text = json.dumps({**whole, "checksum": checksum(whole)}, ensure_ascii=False, indent=1)
    return text.encode("utf-8", "surrogatepass")


def as_json(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts as they will be read back. Raises OptionError for what JSON does not hold."""
    try:
        plain: dict[str, Any] = json.loads(json.dumps(dict(facts)))
    except (TypeError, ValueError, RecursionError) as error:
        raise OptionError(
            "save_checkpoint: a fact is not what JSON holds",
            expected="numbers, texts, True, False and None, in lists and dicts",
            got=str(error),
        ) from None
    return plain


def checksum(whole: Mapping[str, Any]) -> str:
    """The SHA-256 of a document as it is read back, however it is laid out."""
    plain = json.dumps({key: value for key, value in whole.items() if key != "checksum"}, sort_keys=True)
    return hashlib.sha256(plain.encode()).hexdigest()


def _named(sidecar: Path) -> tuple[str | None, str | None]:
    """The arrays' file that a document names, whole or not, and that of the checkpoint before; None for none."""
    try:
        whole = json.loads(read_file(sidecar, MOST).decode("utf-8", "surrogatepass"))
        names = whole["arrays"], whole.get("before")
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError, CheckpointError):
        return None, None
    now, before = (name if isinstance(name, str) and NAME.fullmatch(name) else None for name in names)
    return now, before


def read(directory: str | Path) -> tuple[dict[str, Array], dict[str, Any]]:
    """(arrays, facts) of the checkpoint in a directory, the old ones or the new while one is saved.

    Raises:
        CheckpointError: there is none, it is damaged, or of another version.
    """
    check_path("checkpoint", directory)
    directory = Path(directory)
    sidecar, seen = directory / SIDECAR, b""
    try:
        for _ in range(TRIES):
            text = read_file(sidecar, MOST)
            whole = _checked(sidecar, text)
            data = directory / whole["arrays"]
            try:
                return _arrays(data, whole), whole["facts"]
            except FileNotFoundError:
                if text == seen:  # nobody has saved since
                    raise CheckpointError(
                        f"{directory}: the checkpoint is damaged", got=f"there is no {data.name}"
                    ) from None
                seen = text
    except (FileNotFoundError, NotADirectoryError) as error:
        raise CheckpointError(f"{directory}: no checkpoint here", got=f"there is no {error.filename}",
                              help="train one: tinygrad-rnn train or translate, with --out DIR") from None  # fmt: skip
    except OSError as error:
        raise CheckpointError(f"{directory}: the checkpoint could not be read", got=str(error)) from None
    raise CheckpointError(f"{directory}: the checkpoint was replaced while it was read", got=f"{TRIES} times")


def _checked(sidecar: Path, text: bytes) -> dict[str, Any]:
    """The document, if it is one that `document` made."""
    try:
        whole = json.loads(text.decode("utf-8", "surrogatepass"))
        if (whole["format"], whole["version"]) != (FORMAT, VERSION):
            raise CheckpointError(f"{sidecar}: another format", expected=f"{FORMAT} version {VERSION}",
                                  got=f"{whole['format']!s:.40} version {whole['version']!s:.40}")  # fmt: skip
        if whole["checksum"] != checksum(whole):
            raise ValueError("its checksum is another")
        if not NAME.fullmatch(whole["arrays"]) or not isinstance(whole["facts"], dict):
            raise ValueError("it names no file beside it")
    except CheckpointError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CheckpointError(
            f"{sidecar.parent}: the checkpoint is damaged", got=f"{SIDECAR}: {type(error).__name__}: {error!s:.200}"
        ) from None
    document: dict[str, Any] = whole
    return document


def _arrays(data: Path, whole: Mapping[str, Any]) -> dict[str, Array]:
    """The arrays, if they are those that the document was written with."""
    if check_regular(data, link=False) != whole["bytes"]:
        raise CheckpointError(f"{data}: damaged", expected=f"{whole['bytes']:,} bytes", got=f"{data.stat().st_size:,}")
    with data.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != whole["sha256"]:
            raise CheckpointError(f"{data}: damaged", expected=f"SHA-256 {whole['sha256']:.12}…", got="another")
    try:
        return read_arrays(data)
    except CheckpointError:
        check_regular(data)  # it may have gone since
        raise


@contextmanager
def damaged(directory: str | Path) -> Iterator[None]:
    """What facts of another kind raise where a model is made of them, as the error of a damaged checkpoint."""
    try:
        yield
    except (CheckpointError, DataError):
        raise
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise CheckpointError(
            f"{directory}: the checkpoint is damaged", got=f"{type(error).__name__}: {error!s:.200}"
        ) from None


def under(prefix: str, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """The arrays named `prefix.…`, without the prefix.

    >>> under("model", {"model.w": 1, "optimizer.0.m": 2})
    {'w': 1}
    """
    return {name.removeprefix(f"{prefix}."): a for name, a in arrays.items() if name.startswith(f"{prefix}.")}
