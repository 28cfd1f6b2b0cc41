"""Files that are replaced as a whole or not at all, and read only where they are files.

content → path.new → on the disk → path                          whoever reads sees the old content or the new one
a link, a pipe, a device, more than was asked for                → refused before a byte of it is read
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from tinygrad_rnn.errors import CheckpointError

__all__ = ["check_regular", "read_file", "remove", "to_disk", "write_file"]


def to_disk(path: Path, content: bytes) -> None:
    """Write a file and wait until it is on the disk: what is renamed before that may be empty after a power cut."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_directory(directory: Path) -> None:
    """Wait until the names in a directory are on the disk, where the system can do that."""
    with suppress(OSError):
        handle = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


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
        sync_directory(path.parent)
    except OSError as error:
        raise CheckpointError(f"{path}: the file could not be written", got=str(error)) from None
    finally:  # an interruption leaves no draft either
        remove(draft)
    return path


def remove(path: Path) -> None:
    """A file that is not there, or cannot be removed, harms nothing."""
    with suppress(OSError):
        path.unlink()


def check_regular(path: Path, *, link: bool = True) -> int:
    """The size of a file in bytes.

    Args:
        link: whether it may be a link to one.
    Raises:
        OSError: there is none. CheckpointError: it is something else.
    """
    found = path.stat() if link else path.lstat()
    if not stat.S_ISREG(found.st_mode):
        kinds = {stat.S_IFLNK: "a link", stat.S_IFDIR: "a directory", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
        raise CheckpointError(
            f"{path}: not a file", expected="a file", got=kinds.get(stat.S_IFMT(found.st_mode), "a device")
        )
    return found.st_size


def read_file(path: Path, most: int, *, link: bool = True) -> bytes:
    """What is in a file. Raises OSError, and CheckpointError for more than `most` bytes, and for what is no file."""
    size = check_regular(path, link=link)
    if size > most:
        raise CheckpointError(f"{path}: too large", expected=f"at most {most:,} bytes", got=f"{size:,}")
    return path.read_bytes()
