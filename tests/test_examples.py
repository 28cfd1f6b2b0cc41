"""Every lesson runs, from a copy, so that the gallery of this checkout stays as it is; so does the README's example."""

import re
import runpy
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("lesson", sorted((ROOT / "examples").glob("[0-9]*.py")), ids=lambda p: p.stem)
def test_a_lesson_runs(lesson, tmp_path):
    (tmp_path / "gallery").mkdir()
    copy = shutil.copy(lesson, tmp_path)
    runpy.run_path(str(copy), run_name="__main__")
    assert list((tmp_path / "gallery").iterdir())


def test_the_readmes_examples_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) >= 2
    for block in blocks:
        exec(block, names)
    assert (tmp_path / "rnn.svg").stat().st_size > 1000
