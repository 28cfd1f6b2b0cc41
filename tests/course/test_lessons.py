"""Each lesson runs, writes only where it says, and is built as a lesson is."""

import os
import re
import subprocess
import sys

import pytest

from tests.test_examples import ROOT, contents
from tinygrad_rnn.cli import main
from tinygrad_rnn.course import lesson, lessons

EVERY = lessons()
RIGHT = """
import numpy as np
def clip(g, most):
    norm = np.sqrt((g * g).sum())
    return g if norm <= most else g / norm * most
def last_slope(w, T):
    return T * w ** (T - 1)
"""
each_lesson = pytest.mark.parametrize("each", EVERY, ids=[found.path.stem for found in EVERY])


@each_lesson
def test_it_runs_and_writes_only_where_it_says(each, tmp_path):
    (tmp_path / "temporary").mkdir()
    variables = {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", "TMPDIR": str(tmp_path / "temporary")}
    before = contents(each.path.parent)
    command = [sys.executable, "-W", "error", "-B", str(each.path), str(tmp_path / "pictures")]
    (tmp_path / "pictures").mkdir()
    (tmp_path / "empty").mkdir()
    options = {"cwd": tmp_path / "empty", "env": os.environ | variables, "capture_output": True, "encoding": "utf-8"}
    result = subprocess.run(command, check=False, **options)
    assert result.returncode == 0, result.stdout + result.stderr
    assert contents(each.path.parent) == before
    assert list((tmp_path / "empty").iterdir()) == list((tmp_path / "temporary").iterdir()) == []
    said = re.findall(r"(?:picture|page|curves): (.+)", result.stdout)
    assert {str(path) for path in (tmp_path / "pictures").iterdir()} == set(said)


@each_lesson
def test_it_is_built_as_a_lesson_is(each):
    text = each.path.read_text(encoding="utf-8")
    assert each.path.stem.startswith(f"{each.number:02}_")
    assert each.question.endswith("?")
    for part in ("**Predict", "**Exercise", "**Try.**", "assert "):
        assert part in text, f"{part} is missing"
    assert text.count("# %% [markdown]") >= 3
    assert all(f"`{exercise.name}(" in text for exercise in each.exercises), "an exercise is not in the text"
    assert f"tinygrad-rnn lesson {each.number} --check FILE" in text


def test_there_are_twelve():
    assert [each.number for each in EVERY] == list(range(12))


def test_they_are_listed(capsys):
    assert main(["lesson"]) == 0
    listed = capsys.readouterr().out
    assert all(each.title in listed for each in EVERY)


def test_one_is_run_and_one_is_printed(capsys, tmp_path):
    assert main(["lesson", "7", "--out", str(tmp_path)]) == 0
    ran = capsys.readouterr().out
    assert "One step of gradient descent puts w at -476." in ran
    assert "Exercise: clip. clip(g, most) is given" in ran
    assert main(["lesson", "7", "--print"]) == 0
    assert capsys.readouterr().out == lesson(7).path.read_text(encoding="utf-8")


def test_answers_are_judged(capsys, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(RIGHT)
    assert main(["lesson", "7", "--check", str(path)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "right  clip: right, on all of 25 inputs", "right  last_slope: right, on all of 25 inputs",
    ]  # fmt: skip
    path.write_text(path.read_text().replace("T * ", ""))
    assert main(["lesson", "7", "--check", str(path)]) == 1
    assert "There are T of them" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [("12345",), ("--print",), ("7", "--check", "nowhere.py"), ("seven",)])
def test_what_is_no_lesson_is_refused_in_one_line(arguments, refused):
    assert refused("lesson", *arguments)
