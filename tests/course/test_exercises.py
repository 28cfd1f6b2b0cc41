"""Each reference passes, each mistake is found and named, and what learners hand in never ends in a traceback."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.course import Exercise, grade, grade_file, lesson, lessons
from tinygrad_rnn.course.grading import same

EXERCISES = [(each.number, exercise) for each in lessons() for exercise in each.exercises]
MISTAKES = [(number, exercise, k) for number, exercise in EXERCISES for k in range(len(exercise.mistakes))]
ids = [f"{number}-{exercise.name}" for number, exercise in EXERCISES]


@pytest.mark.parametrize(("number", "exercise"), EXERCISES, ids=ids)
@pytest.mark.parametrize("seed", [0, 1])
def test_the_reference_is_right(number, exercise, seed):
    verdict = grade(exercise, exercise.reference, seed)
    assert verdict.right, verdict
    assert exercise.task.startswith(f"{exercise.name}(")
    assert exercise.task.endswith(".")


@pytest.mark.parametrize(
    ("number", "exercise", "k"), MISTAKES, ids=[f"{n}-{e.name}-{k}" for n, e, k in MISTAKES]
)  # fmt: skip
def test_a_mistake_is_found_and_named(number, exercise, k):
    mistake = exercise.mistakes[k]
    verdict = grade(exercise, mistake.f, seed=3)
    assert not verdict.right
    assert verdict.words.endswith(mistake.why), verdict
    assert mistake.why.endswith(".")


@pytest.mark.parametrize("number", [each.number for each in lessons()])
def test_every_lesson_knows_ten_mistakes(number):
    assert sum(len(exercise.mistakes) for exercise in lesson(number).exercises) >= 10


DOUBLE = Exercise(
    "double",
    "double(x) returns 2 · x.",
    lambda x: 2 * x,
    ((np.ones(2),), (np.zeros(2),)),
    lambda rng: (rng.normal(size=3),),
)


@pytest.mark.parametrize(
    ("f", "said"),
    [
        (lambda x: x + 1 / 0, "raises ZeroDivisionError"),
        (lambda: 3, "raises TypeError"),
        (lambda x: None, "gives None"),
        (lambda x: "two", "gives 'two'"),
        (lambda x: [2, 2], "gives [2, 2]"),
        (lambda x: x[:1] * 2, "gives array([2.])"),
        (lambda x: x.__imul__(2), "changes what it was given"),
        (lambda x: x * np.nan, "gives array([nan, nan])"),
        (lambda x: x * 2 if x.size == 2 else x, "with x = array(["),
    ],
)
def test_whatever_is_handed_in_is_told_in_words(f, said):
    verdict = grade(DOUBLE, f)
    assert not verdict.right
    assert said in str(verdict)


def test_a_tensor_is_an_answer_too():
    assert grade(DOUBLE, lambda x: tg.tensor(x) * 2).right


@pytest.mark.parametrize(
    ("a", "b", "one"),
    [
        ((1, [2.0]), (1, [2.0]), True), ((1, 2), (1, 2, 3), False), ({"a": 1}, {"a": 1}, True), (np.ones(2), 1, False),
        ({"a": 1}, {"b": 1}, False), (None, None, True), (None, 0, False), ("a", "a", True), ("a", 1, False),
    ],
)  # fmt: skip
def test_when_two_answers_are_the_same(a, b, one):
    assert same(a, b, 1e-6) is one


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = ", "line 1: it does not run"),
        ("x = 1\ny = 1 / 0\n", "line 2: it does not run"),
        ("raise SystemExit", "does not run"),
        ("x = 1\n", "defines none of the functions"),
    ],
)
def test_a_file_that_is_none_is_said_in_one_line(text, said, tmp_path, refused):
    path = tmp_path / "mine.py"
    path.write_text(text)
    assert said in refused("lesson", "7", "--check", str(path))


def test_a_file_is_judged(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("def clip(g, most): return g\n")
    verdicts = list(grade_file(lesson(7).exercises, path))
    assert [verdict.right for verdict in verdicts] == [False, False]
    assert "multiply it by most / norm" in str(verdicts[0])
    assert "defines no function of this name" in str(verdicts[1])
