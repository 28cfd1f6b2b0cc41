"""Slips in viz are made and noticed: the tool of tests/fuzz/slips.py on a text of its own, and on two lines of viz."""

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from tests.fuzz.slips import files, judge, slips

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


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a trial is a fork of the process")
def test_a_slip_in_viz_is_noticed_by_a_kept_picture():
    (path,) = (path for path in files() if path.name == "mermaid.py")
    (dot,) = (path for path in files() if path.name == "dot.py")
    arrowhead = next(one for one in slips(dot) if "'arrowheadx'" in one.source()[0])
    with ProcessPoolExecutor(1, get_context("spawn")) as alone:  # what forks may hold no threads, of JAX for one
        assert "kept picture" in alone.submit(judge, arrowhead, (), False).result()[2]
    assert not any("plots" in path.parts for path in files())
    assert len(list(slips(path))) > 50
