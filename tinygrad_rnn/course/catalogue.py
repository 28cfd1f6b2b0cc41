"""The lessons: Python files in percent format, which run as scripts, in an editor, and as notebooks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from tinygrad_rnn.course.exercise import Exercise
from tinygrad_rnn.errors import OptionError

__all__ = ["Lesson", "gallery", "lesson", "lessons"]

PACKAGE = Path(__file__).parents[1]
FOLDERS = (PACKAGE, PACKAGE.parent / "examples")  # in a wheel, in a checkout
TITLE = re.compile(r"# # (\d+)\. ([^\n]+)\n#\n# \*(.+?)\*\n", re.DOTALL)


@dataclass(frozen=True)
class Lesson:
    """One lesson.

    Attributes:
        number, title: as it is called.
        question: that it answers.
        path: of its text, which runs.
    """

    number: int
    title: str
    question: str
    path: Path

    @property
    def exercises(self) -> tuple[Exercise, ...]:
        """What can be graded."""
        found: tuple[Exercise, ...] = import_module(f"tinygrad_rnn.course.of_lessons.l{self.path.stem}").EXERCISES
        return found


def lessons() -> list[Lesson]:
    """Every lesson, in order."""
    return [_read(path) for path in sorted(_folder("lessons").glob("[0-9]*.py"))]


def lesson(number: int) -> Lesson:
    """The lesson of that number. Raises OptionError: there is none."""
    every = {each.number: each for each in lessons()}
    if number not in every:
        raise OptionError(f"lesson: there is no lesson {number}", expected=", ".join(map(str, every)))
    return every[number]


def gallery() -> Path:
    """A page of pictures, each with a sentence that says what to look at."""
    return _folder("gallery") / "README.md"


def _folder(name: str) -> Path:
    return next((each / name for each in FOLDERS if (each / name).is_dir()), FOLDERS[0] / name)


def _read(path: Path) -> Lesson:
    found = TITLE.search(path.read_text(encoding="utf-8"))
    if found is None:
        raise OptionError(f"{path}: it does not begin as a lesson does", expected='"# # 3. Title", "# *Question?*"')
    number, title, question = found.groups()
    return Lesson(int(number), title, " ".join(question.replace("\n#", " ").split()), path)
