"""Slips are made and noticed: the tool of tests/fuzz/slips.py on a text of its own, and on a few lines of ours."""

import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from tests.fuzz.rooms import ROOMS
from tests.fuzz.slips import judge, slips
from tests.fuzz.trial import ROOT, tried

TEXT = """def f(a: int, b: int = 1) -> str:
    \'\'\'Says nothing.\'\'\'
    assert a
    return g(a, b, end="") if a < b else h
"""
MADE = {
    "return g(a, b, end='') if a <= b else h", "return g(a, b, end='') if not a < b else h", "pass",
    "return g(b, a, end='') if a < b else h", "return g(a, b) if a < b else h",
    "return g(a, b, end='x') if a < b else h",
}  # fmt: skip


def test_each_kind_of_slip_is_made_where_something_runs(tmp_path):
    path = tmp_path / "text.py"
    path.write_text(TEXT)
    made = [one.source() for one in slips(path)]
    assert {source.splitlines()[-1].strip() for source, _ in made if "b: int=1" in source} == MADE
    assert sum("b: int=0" in source for source, _ in made) == 1
    assert len(made) == len(MADE) + 1
    assert all("Says nothing." in source and "assert a" in source for source, _ in made)
    assert all(said.startswith(f"{path}:") for _, said in made)


fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="a trial is a fork of the process")


def alone(work, *arguments):
    """What it answers in a process that may fork: one that holds no threads, of JAX for one."""
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        return process.submit(work, *arguments).result()


@fork
def test_a_slip_in_viz_is_noticed_by_a_kept_picture():
    files = {path.name: path for room in ("viz", "paint") for path in ROOMS[room].files()}
    arrowhead = next(one for one in slips(files["dot.py"]) if "'arrowheadx'" in one.source()[0])
    assert "kept picture" in alone(judge, ("paint", arrowhead), {"paint": 120})[2]
    assert not any({"plots", "page"} & {*path.parts} for path in files.values())
    assert len(list(slips(files["mermaid.py"]))) > 50


def hundred():
    """What this process says of 100, and what one that it starts says; and where both are at home."""
    from tinygrad_rnn.data.dates import number

    code = "from tinygrad_rnn.data.dates import number; print(number(7))"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    Path("written").write_text("here", encoding="utf-8")
    return f"{number(7)} {other.strip()} {Path.home() == Path.cwd()} {Path.cwd()}"


@fork
def test_a_trial_and_what_it_starts_see_the_slip_in_a_directory_of_their_own():
    path = ROOT / "tinygrad_rnn" / "data" / "dates.py"
    source = path.read_text(encoding="utf-8").replace('"seven"', '"sevenx"')
    said = alone(tried, path, source, 120, hundred)
    assert said.startswith("sevenx sevenx True ")
    assert not Path(said.split()[-1]).exists()


@fork
def test_a_slip_elsewhere_is_noticed_by_what_is_said_of_it():
    path = ROOT / "tinygrad_rnn" / "data" / "addition.py"
    sum_turned = next(one for one in slips(path) if "str(a - b)" in one.source()[0])
    assert "addition" in alone(judge, ("data", sum_turned), {"data": 120})[2]


def test_every_test_of_a_room_is_there():
    for room in ROOMS.values():
        assert all((ROOT / "tests" / test).exists() for test in room.tests)
        assert room.files()
