"""The rooms that slips are made in, and the tests of each that may notice one."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import pytest

from tests.fuzz.killers import FirstFailure
from tests.fuzz.trial import ROOT


@dataclass(frozen=True)
class Room:
    """A part of the sources and its tests.

    Attributes:
        folder: of the sources.
        tests: of tests/, what kills most in least time first; a file's own come before all.
        slow: what the name of a test has in it that is tried on survivors alone, and on request.
        apart: folders in it whose slips are tried elsewhere.
    """

    folder: str
    tests: tuple[str, ...]
    slow: tuple[str, ...]
    apart: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.folder.rpartition("/")[2]

    def files(self) -> list[Path]:
        return [path for path in sorted(ROOT.glob(f"{self.folder}/**/*.py")) if not {*self.apart} & {*path.parts}]

    def noticed(self, path: Path, slow: bool = False) -> str:
        """What notices first that something is wrong with a file; nothing, if nothing does."""
        return (self.folder.startswith("viz") and changed_picture()) or self.pytest_says(path, slow)

    def pytest_says(self, path: Path, slow: bool) -> str:
        own = f"{self.name}/test_{path.stem}.py"
        tests = dict.fromkeys(file for test in (own, *self.tests) for file in files_of(ROOT / "tests" / test))
        options = ["-x", "-c", f"{ROOT}/pyproject.toml", f"--rootdir={ROOT}", "-p", "no:cacheprovider"]
        options += ["-p", "no:randomly"]  # what kills most comes first
        options += ["--import-mode=append"]  # the copy stays in front
        options += ["--hypothesis-seed=0", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
        options += [f"--ignore={self.folder}/{name}" for name in self.apart]
        options += ["-k", f"{'' if slow else 'not '}({' or '.join(self.slow)})"]
        seen = FirstFailure()
        code = pytest.main([*options, self.folder, *map(str, tests)], plugins=[seen])
        return "" if code == pytest.ExitCode.OK else seen.name or f"pytest: {code!r}"


def files_of(tests: Path) -> list[Path]:
    """The files of a folder one by one: of a file and its folder pytest would keep the folder alone, and its order."""
    return sorted(tests.glob("test_*.py")) if tests.is_dir() else [tests] if tests.exists() else []


def changed_picture() -> str:
    kept = import_module("tests.viz.test_golden").PICTURES
    changed = (name for name, (file, make) in kept.items() if make() != file.read_text(encoding="utf-8"))
    return "".join(f"kept picture {name}" for name in [*changed][:1])


PICTURES = tuple(
    f"viz/test_{name}.py" for name in ("golden", "picture", "drawing", "legend", "fold", "elide", "alike", "mermaid",
                                       "data", "views", "dot", "truth", "layout", "geometry")
)  # fmt: skip
PAINTED = tuple(f"viz/test_{name}.py" for name in ("heat", "theme", "words", "files", "render", "fonts"))
SAID = ("test_refusals.py", "cli/test_transcript.py", "test_defaults.py")
SLOW = ("signal_saves", "interruption_saves", "on_ranks", "rank_that_fails_ends", "200_steps", "of_all_rows",
        "by_every_rank", "any_moment", "lose_nothing", "side_by_side")  # fmt: skip
ROOMS = {
    room.name: room
    for room in (
        Room("viz", PICTURES, ("hash", "geometry"), apart=("plots", "page", "paint")),
        Room("viz/paint", (*PICTURES, *PAINTED), ("hash", "geometry")),
        Room("tinygrad_rnn/train", (*SAID, "train", "cli/test_saving.py"), SLOW),
        Room("tinygrad_rnn/data", ("data", *SAID, "train/test_translator.py"), SLOW),
        Room("tinygrad_rnn/saving", ("saving", *SAID, "train/test_run.py"), SLOW),
        Room("tinygrad_rnn/tasks", ("tasks", *SAID, "cli/test_task.py"), SLOW),
        Room("tinygrad_rnn/cli", (*SAID[1:], "train/test_config.py", "cli"), SLOW),
    )
}
