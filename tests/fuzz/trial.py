"""One mutation on trial: a child of this process imports the library with it, and the tests try to notice.

    fork → a copy of the sources with the mutation in it → the edge cases of the ops around it   cheap, and kill most
                                                         → pytest on what else knows these ops   for what is left

Nothing is written to the sources, so trials may run beside each other and beside an editor.
"""

from __future__ import annotations

import os
import py_compile
import resource
import signal
import sys
import tempfile
import warnings
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from shutil import copytree, ignore_patterns
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[2]
OURS = ("tinygrad_rnn", "tests", "viz")
HEAVY = ("torch", "pytest", "safetensors.numpy", "numpy.random", "hypothesis.extra.numpy")
sys.dont_write_bytecode = False  # every trial imports the same files
MEMORY = 12 << 30  # bytes that are allocated: a shape that was multiplied instead of added must not take the machine


def preload() -> None:
    """Import here, once for all trials, what takes long; they start with it."""
    for name in HEAVY:
        with suppress(ImportError):  # then the tests do without it, too
            import_module(name)


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
    """What `notices` says, in a child of this process, where the module at `path` reads `source`.

    The child works and is at home in a fresh directory, in which the packages stand as a copy with that source: what
    it writes or deletes is there, and what it starts imports that too. All of that ends with it.
    """
    with TemporaryDirectory(prefix="trial-", ignore_cleanup_errors=True) as folder:
        return in_a_child(partial(_noticed, path, source, Path(folder), notices), limit)


def in_a_child(work: Callable[[], str], limit: int) -> str:
    """What the work says, in a child of this process that has so many seconds; what it started ends with it."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        _alone(work, limit, writer)
    os.close(writer)
    status = os.waitpid(child, 0)[1]
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    with os.fdopen(reader, encoding="utf-8") as pipe:
        said = pipe.read()
    if not os.WIFSIGNALED(status):
        return said
    return "out of time" if os.WTERMSIG(status) == signal.SIGALRM else f"crash: signal {os.WTERMSIG(status)}"


def _alone(work: Callable[[], str], limit: int, pipe: int) -> None:
    """In the child: do the work in silence, hand its result over, and end."""
    os.setsid()
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(limit)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(silence, stream)
    try:
        said = work()
    except BaseException as error:
        said = f"{type(error).__name__}: {error}"
    os.write(pipe, f"{said:.500}".encode(errors="replace"))
    os._exit(0)


def _noticed(path: Path, source: str, folder: Path, notices: Callable[[], str]) -> str:
    os.environ.setdefault("XDG_CACHE_HOME", str(Path.home() / ".cache"))  # of kernels, which no trial changes
    os.environ.update(HOME=str(folder), TMPDIR=str(folder), PYTHONPATH=f"{folder}{os.pathsep}{ROOT}")
    os.chdir(folder)
    tempfile.tempdir = None
    _copied(path, source, folder)
    for name in [name for name in sys.modules if name.partition(".")[0] in OURS]:
        del sys.modules[name]
    sys.path.insert(0, str(folder))
    return notices()


def _copied(path: Path, source: str, folder: Path) -> None:
    for part in ("tinygrad_rnn", "viz", "examples/lessons", "examples/gallery"):
        copytree(ROOT / part, folder / part, ignore=ignore_patterns("node_modules"))
    instead = folder / path.relative_to(ROOT)
    instead.write_text(source, encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # `x is 0` is a mutant, not a slip to be warned of
        py_compile.compile(str(instead))


def _by_tests_of_ops(path: Path, line: int, suite: bool) -> str:
    killers = import_module("tests.fuzz.killers")
    return str(killers.at_the_edges(_module(path), line) or (killers.pytest_says(path) if suite else ""))


def _module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
