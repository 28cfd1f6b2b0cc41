"""A learner's function, judged: the first input that shows a fault, what was expected there, and why it is so.

grade(exercise, f)           →  Verdict            f is right, or in words what is wrong with it
grade_file(exercises, path)  →  a Verdict for each
"""

from __future__ import annotations

import runpy
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tinygrad_rnn.course.exercise import Exercise
from tinygrad_rnn.engine.tensor import Tensor
from tinygrad_rnn.errors import DataError, check_path

__all__ = ["Verdict", "grade", "grade_file"]

CLOSE = 1e-6  # how far from the reference an answer may be, relative and absolute: float32 will do


@dataclass(frozen=True)
class Verdict:
    """Whether an answer is right, and what to say of it."""

    name: str
    right: bool
    words: str

    def __str__(self) -> str:
        return f"{self.name}: {self.words}"


def grade(exercise: Exercise, f: Callable[..., Any], seed: int = 0) -> Verdict:
    """Try a learner's function on every input of an exercise.

    >>> from tinygrad_rnn.course.of_lessons.l07_exploding import CLIP
    >>> print(grade(CLIP, lambda g, most: g))
    clip: with g = array([3., 4.]), most = 1 it gives array([3., 4.]), and array([0.6, 0.8]) is right. A gradient
    that is too long has to be made shorter: multiply it by most / norm.
    """
    inputs = list(exercise.inputs(seed))
    for given in inputs:
        right = exercise.reference(*deepcopy(given))
        own = deepcopy(given)
        said = f"with {in_words(exercise, given)} it"
        try:
            with np.errstate(all="ignore"):
                answer = f(*own)
        except Exception as error:
            words = f"{said} raises {type(error).__name__}: {error}. {reason(exercise, f, inputs)}"
            return Verdict(exercise.name, False, words.rstrip())
        if not all(same(a, b, 0) for a, b in zip(own, given, strict=True)):
            return Verdict(exercise.name, False, f"{said} changes what it was given; make a new array instead")
        if not same(answer, right, CLOSE):
            why = reason(exercise, f, inputs)
            words = f"{said} gives {shown(answer)}, and {shown(right)} is right"
            return Verdict(exercise.name, False, f"{words}. {why}".rstrip())
    return Verdict(exercise.name, True, f"right, on all of {len(inputs)} inputs")


def reason(exercise: Exercise, f: Callable[..., Any], inputs: Sequence[tuple[Any, ...]]) -> str:
    """Which mistake it is: the one that gives the same on every input."""
    answers = [attempt(f, given) for given in inputs]
    for mistake in exercise.mistakes:
        if all(same(attempt(mistake.f, g), a, CLOSE) for g, a in zip(inputs, answers, strict=True)):
            return mistake.why
    return ""


def attempt(f: Callable[..., Any], given: tuple[Any, ...]) -> Any:
    """What it answers; the kind of error where it raises one."""
    with np.errstate(all="ignore"):
        try:
            return f(*deepcopy(given))
        except Exception as error:
            return type(error).__name__


def same(a: Any, b: Any, close: float) -> bool:
    """Whether two answers are one: numbers, arrays and Tensors, in lists, tuples and dicts of the same form."""
    if a is b:
        return True
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key], close) for key in a)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(same(x, y, close) for x, y in zip(a, b, strict=True))
    if any(value is None or isinstance(value, str) for value in (a, b)):
        return type(a) is type(b) and bool(a == b)
    try:
        x, y = (np.asarray(v.data if isinstance(v, Tensor) else v) for v in (a, b))
        return x.shape == y.shape and bool(np.allclose(x, y, rtol=close, atol=close, equal_nan=True))
    except (TypeError, ValueError):
        return False


def in_words(exercise: Exercise, given: tuple[Any, ...]) -> str:
    """The arguments by the names that the reference gives them."""
    names = exercise.reference.__code__.co_varnames
    return ", ".join(f"{name} = {shown(value)}" for name, value in zip(names, given, strict=False))


def shown(value: Any) -> str:
    """A value on one line.

    >>> shown(np.array([[1.0, 2.5]])), shown(0.1 + 0.2)
    ('array([[1. , 2.5]])', '0.3')
    """
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list | tuple):
        inner = ", ".join(map(shown, value))
        return f"[{inner}]" if isinstance(value, list) else f"({inner}{',' * (len(value) == 1)})"
    with np.printoptions(precision=4, suppress=True, threshold=40, edgeitems=2):
        return " ".join(f"{value!r}".split())


def grade_file(exercises: Sequence[Exercise], path: str | Path, seed: int = 0) -> Iterator[Verdict]:
    """A verdict for each exercise, on the function of its name in a Python file.

    Raises:
        DataError: the file cannot be read or run, or holds none of the functions.
    """
    check_path("lesson", path)
    functions = run(Path(path))
    if not any(exercise.name in functions for exercise in exercises):
        wanted = ", ".join(exercise.name for exercise in exercises)
        raise DataError(f"{path}: it defines none of the functions that are asked for", expected=wanted)
    for exercise in exercises:
        f = functions.get(exercise.name)
        if callable(f):
            yield grade(exercise, f, seed)
        else:
            yield Verdict(exercise.name, False, f"{path} defines no function of this name")


def run(path: Path) -> Mapping[str, Any]:
    """What a file defines."""
    try:
        return runpy.run_path(str(path))
    except OSError as error:
        raise DataError(f"{path}: it could not be read", got=str(error)) from None
    except (Exception, SystemExit) as error:
        line = getattr(error, "lineno", None) or line_in(path, error)
        raise DataError(f"{path}{f', line {line}' if line else ''}: it does not run",
                        got=f"{type(error).__name__}: {error}") from None  # fmt: skip


def line_in(path: Path, error: BaseException) -> int | None:
    """The last line of that file on the way to the error."""
    found, at = None, error.__traceback__
    while at is not None:
        found = at.tb_lineno if at.tb_frame.f_code.co_filename == str(path) else found
        at = at.tb_next
    return found
