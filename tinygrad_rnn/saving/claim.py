"""Claims: one writer a directory. A claim ends with its process, however that ends.

saving(directory)                 for the moment of one save: the others wait
claimed(directory, "train")       for a whole run: the others are told who has it

The operating system holds the locks; a file says whose they are.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import portalocker

from tinygrad_rnn.errors import CheckpointError
from tinygrad_rnn.saving.files import remove

__all__ = ["claimed", "saving"]

HOLDER = "running.txt"
PATIENCE = 60.0  # seconds that a save waits for another


@contextmanager
def saving(directory: Path) -> Iterator[None]:
    """Hold a directory while something in it is replaced.

    Raises:
        CheckpointError: another process has been saving there for a minute.
    """
    handle = _handle(directory)
    try:
        _lock(handle, directory)
        yield
    finally:
        os.close(handle)  # which ends the lock


def _handle(directory: Path) -> int:
    """What can be locked: the directory itself, where the system allows it; nothing is left behind then."""
    if os.name == "posix":
        return os.open(directory, os.O_RDONLY)
    return os.open(directory / "saving.lock", os.O_RDWR | os.O_CREAT)


def _lock(handle: int, directory: Path) -> None:
    until = time.monotonic() + PATIENCE
    while True:
        try:
            portalocker.lock(handle, portalocker.LockFlags.EXCLUSIVE | portalocker.LockFlags.NON_BLOCKING)
        except portalocker.LockException:
            if time.monotonic() > until:
                raise CheckpointError(
                    f"{directory}: another process is saving there", got=f"not done after {PATIENCE:.0f} s"
                ) from None
            time.sleep(0.002)
        else:
            return


@contextmanager
def claimed(directory: Path, purpose: str) -> Iterator[None]:
    """Hold a directory for a run.

    Raises:
        CheckpointError: another process holds it; it says which. OSError: the directory cannot be written.
    """
    path = directory / HOLDER
    with path.open("a+", encoding="utf-8") as file:
        try:
            portalocker.lock(file, portalocker.LockFlags.EXCLUSIVE | portalocker.LockFlags.NON_BLOCKING)
        except portalocker.LockException:
            file.seek(0)
            raise CheckpointError(
                f"{directory}: held by another run",
                got=" ".join(file.read(200).split()) or "a process that does not say who it is",
                help="wait for it, or choose another --out",
            ) from None
        if not path.exists() or not os.path.samestat(os.fstat(file.fileno()), path.stat()):
            raise CheckpointError(f"{directory}: a run ended there at this moment", help="try again")
        file.truncate(0)
        file.write(f"{purpose}, process {os.getpid()} on {socket.gethostname()}, since {time.strftime('%F %T')}\n")
        file.flush()
        try:
            yield
        finally:
            remove(path)  # before the lock ends: whoever waits for it makes a new one
