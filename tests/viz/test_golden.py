"""Kept pictures: the same bytes as when somebody last looked at them, in every process.

After a change that is meant: `python -m tests.viz.golden` draws them anew, and the diff is what there is to look at.
"""

import os
import subprocess
import sys

import pytest

from tests.viz.geometry import offences
from tests.viz.golden import FOLDER, MEASURED, MEASURES, drawn, measures
from tests.viz.golden.__main__ import changed
from tests.viz.reading import read

PICTURES = {file.stem: (file, make) for file, make in drawn()}


@pytest.mark.parametrize("name", PICTURES)
def test_a_kept_picture_is_drawn_as_it_was(name):
    file, make = PICTURES[name]
    text = make()
    assert not changed(file, text), "python -m tests.viz.golden draws it anew, if this is meant"
    assert text == file.read_text(encoding="utf-8")
    assert offences(read(text)) == []


@pytest.mark.parametrize("name", MEASURED)
def test_a_picture_is_as_large_as_it_was_and_its_lines_as_long(name):
    kept = MEASURES.read_text(encoding="utf-8").splitlines()
    assert measures(name) == [line for line in kept if line.rpartition(": ")[0].rpartition(", ")[0] == name]


def test_the_folder_holds_these_pictures_and_no_others():
    assert {file.stem for file in FOLDER.glob("*.dot")} == set(PICTURES)
    assert sum(file.stat().st_size for file in FOLDER.glob("*.dot")) < 1.5e6


def test_they_are_the_same_bytes_in_two_processes_with_different_hashes():
    code = "from tests.viz.golden import drawn; print(repr([make() for _, make in drawn()]))"
    runs = [
        subprocess.run([sys.executable, "-X", "utf8", "-c", code], env={**os.environ, "PYTHONHASHSEED": seed},
                       capture_output=True, check=True).stdout
        for seed in ("0", "1")
    ]  # fmt: skip
    assert runs[0] == runs[1]
    assert len(runs[0]) > 5e5
