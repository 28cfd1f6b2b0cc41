"""A file that is there whole or not at all: written beside, and put in place at one moment."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path
from secrets import token_hex

from viz.paint.failures import WriteError

__all__ = ["write"]


def write(path: Path, data: bytes) -> None:
    """Put the data in place of the file that is there, if one is: a link stays a link, and permissions stay.

    Raises:
        WriteError: the file cannot be written; the one that was there stays, and nothing lies beside it.
    """
    target = Path(os.path.realpath(path))
    draft = target.parent / f".{token_hex(8)}.part"
    try:
        with draft.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())  # what is renamed before it is on the disk may be empty after a power cut
        if target.exists():
            shutil.copymode(target, draft)
        draft.replace(target)
    except OSError as error:
        raise _refusal(path, target, error) from None
    finally:  # an interruption leaves no draft either
        with suppress(OSError):
            draft.unlink()


def _refusal(path: Path, target: Path, error: OSError) -> WriteError:
    if not target.parent.is_dir():
        missing = [folder for folder in target.parents if not folder.exists()]
        if missing:
            return WriteError(f"viz: {path} cannot be written: there is no folder {missing[-1]}", help="make it first")
    return WriteError(f"viz: {path} cannot be written", got=error.strerror or str(error))
