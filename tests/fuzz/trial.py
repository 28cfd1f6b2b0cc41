"""One mutation on trial: a child of this process imports the library with it, and the tests try to notice.

    fork → mutated source in place of the module → the edge cases of the ops around it   cheap, and kill most
                                                 → pytest on what else knows these ops   for what is left

Nothing is written to the sources, so trials may run beside each other and beside an editor.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
import warnings
from collections.abc import Callable
from functools import partial
from importlib import import_module
from importlib.abc import MetaPathFinder, SourceLoader
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
OURS = ("tinygrad_rnn", "tests", "viz")
sys.dont_write_bytecode = False  # every trial imports the same files
MEMORY = 12 << 30  # bytes of address space: a shape that was multiplied instead of added must not take the machine


def killer(path: Path, source: str, line: int, limit: int, suite: bool) -> str:
    """What noticed that the module at `path` reads `source`; nothing, if nothing did.

    Args:
        path, source: the module, and its text on trial.
        line: the ops defined nearest to it are tried first.
        limit: seconds after which a trial has been noticed: it does not end.
        suite: run pytest too.
    """
    return tried(path, source, limit, partial(_by_tests_of_ops, path, line, suite))


def tried(path: Path, source: str, limit: int, notices: Callable[[], str]) -> str:
    """What `notices` says, in a child of this process, where the module at `path` reads `source`."""
    return in_a_child(partial(_noticed, path, source, notices), limit)


def in_a_child(work: Callable[[], str], limit: int) -> str:
    """What the work says, in a child of this process that has so many seconds."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        _alone(work, limit, writer)
    os.close(writer)
    with os.fdopen(reader, encoding="utf-8") as pipe:
        said = pipe.read()
    status = os.waitpid(child, 0)[1]
    if not os.WIFSIGNALED(status):
        return said
    return "out of time" if os.WTERMSIG(status) == signal.SIGALRM else f"crash: signal {os.WTERMSIG(status)}"


def _alone(work: Callable[[], str], limit: int, pipe: int) -> None:
    """In the child: do the work in silence, hand its result over, and end."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(limit)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(silence, stream)
    try:
        said = work()
    except BaseException as error:
        said = f"{type(error).__name__}: {error}"
    os.write(pipe, f"{said:.500}".encode(errors="replace"))
    os._exit(0)


def _noticed(path: Path, source: str, notices: Callable[[], str]) -> str:
    for name in [name for name in sys.modules if name.partition(".")[0] in OURS]:
        del sys.modules[name]
    sys.meta_path.insert(0, Instead(_module(path), path, source))
    return notices()


def _by_tests_of_ops(path: Path, line: int, suite: bool) -> str:
    killers = import_module("tests.fuzz.killers")
    return str(killers.at_the_edges(_module(path), line) or (killers.pytest_says(path) if suite else ""))


def _module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


class Instead(MetaPathFinder, SourceLoader):
    """Finds one module, with another source."""

    def __init__(self, name: str, path: Path, source: str) -> None:
        self.name, self.path, self.source = name, path, source

    def find_spec(self, name: str, path: Any, target: Any = None) -> ModuleSpec | None:
        return spec_from_file_location(name, self.path, loader=self) if name == self.name else None

    def get_filename(self, name: str) -> str:
        return str(self.path)

    def get_data(self, path: Any) -> bytes:
        return self.source.encode()

    def source_to_code(self, data: Any, path: Any = "", **options: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # `x is 0` is a mutant, not a slip to be warned of
            return super().source_to_code(data, path, **options)
