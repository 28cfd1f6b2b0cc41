"""What the README says of the code, measured: the files that it names, the length of the core, the time it takes."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
CORE = README.partition("## Where to read")[2].partition("The rooms stand")[0]
FILES = [ROOT / name for name in re.findall(r"`([\w/]+\.py)`", CORE)]
MINUTES, RATE, LINES = map(
    int, re.search(r"about (\d+) minutes to read, at (\d+) words a minute: (\d+) lines", CORE).groups()
)


def test_every_file_that_it_names_is_there():
    room = ""
    names = re.findall(r"`([\w/]+\.py)`", README.partition("## Where to read")[2].partition("## What it")[0])
    assert len(names) >= 30
    for name in names:
        path = ROOT / name
        if not path.exists():  # a row gives the room once; the map leaves out the package
            path = next(p for p in (ROOT / room / name, ROOT / "tinygrad_rnn" / name) if p.exists())
        room = path.parent.relative_to(ROOT) if path.parent.name != "tinygrad_rnn" else room


def test_the_core_is_as_long_as_it_says():
    assert len(FILES) >= 13
    lines = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in FILES)
    assert lines <= 1500
    assert pytest.approx(LINES, rel=0.05) == lines


def test_the_core_takes_as_long_to_read_as_it_says():
    words = sum(len(path.read_text(encoding="utf-8").split()) for path in FILES)
    assert pytest.approx(MINUTES, rel=0.05) == words / RATE
