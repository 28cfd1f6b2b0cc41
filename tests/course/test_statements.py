"""What an RNN is, statement by statement: the lesson that shows it asserts it, and draws it."""

import re

import pytest

from tests.guides import ROOT
from tinygrad_rnn.course import lessons

TABLE = (ROOT / "examples" / "book" / "statements.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in TABLE.splitlines() if "](lessons/" in line]
TEXTS = {each.path.stem: each.path.read_text(encoding="utf-8") for each in lessons()}


def names(folder, cell):
    return re.findall(rf"\]\({folder}([\w-]+)\.", cell)


def test_every_statement_has_its_lesson_its_assert_and_its_picture():
    assert len(ROWS) >= 30
    assert {name for row in ROWS for name in names("lessons/", row[1])} == set(TEXTS)


@pytest.mark.parametrize("row", ROWS, ids=[row[0][:40] for row in ROWS])
def test_a_statement_is_asserted_and_drawn_where_the_table_says(row):
    _, where, held, pictures = row
    code = [line.strip() for name in names("lessons/", where) for line in TEXTS[name].splitlines()]
    for words in re.findall(r"`(assert .+?)`(?:,|$)", held):
        assert any(line == words or line.startswith(f"{words}  # ") for line in code), words
    for number, picture in re.findall(r"lessons/(\d\d)-([\w-]+)\.", pictures):
        (lesson,) = (text for name, text in TEXTS.items() if name.startswith(number))
        assert f"{picture}." in lesson or 'f"{name}.svg"' in lesson.replace("'", '"')
