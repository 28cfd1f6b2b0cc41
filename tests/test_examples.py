"""Every lesson runs, from a copy, so that the gallery of this checkout stays as it is; so does every block of text.

Each in a process of its own: what a reader declares there, ops above all, is nobody else's.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
GUIDE = ROOT / "examples" / "testing-gradients.md"


def run(file, *before):
    """What the file prints, run as a reader does, with every warning an error."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-W", "error", *before, file.name]
    options = {"cwd": file.parent, "env": environment, "capture_output": True, "encoding": "utf-8"}
    result = subprocess.run(command, check=False, **options)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def blocks(path, language):
    return re.findall(rf"```{language}\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("lesson", sorted((ROOT / "examples").glob("[0-9]*.py")), ids=lambda p: p.stem)
def test_a_lesson_runs(lesson, tmp_path):
    if "hypothesis" in lesson.read_text(encoding="utf-8"):
        pytest.importorskip("hypothesis")
    (tmp_path / "gallery").mkdir()
    run(Path(shutil.copy(lesson, tmp_path)))
    assert list((tmp_path / "gallery").iterdir())


def test_the_readmes_examples_run(tmp_path):
    examples = blocks(ROOT / "README.md", "python")
    assert len(examples) >= 2
    file = tmp_path / "readme.py"
    file.write_text("\n".join(examples), encoding="utf-8")
    run(file)
    assert (tmp_path / "rnn.svg").stat().st_size > 1000


FEW = """from hypothesis import settings

settings.register_profile("few", max_examples=3, deadline=None)
settings.load_profile("few")
"""


def test_the_guides_examples_run_its_tests_pass_and_print_what_it_says(tmp_path):
    pytest.importorskip("hypothesis")
    file = tmp_path / "test_guide.py"
    text = "\n".join(blocks(GUIDE, "python"))
    file.write_text(FEW + text, encoding="utf-8")
    printed = run(file, "-m", "pytest", "-s", "-p", "no:cacheprovider")
    assert f"{text.count('def test_')} passed" in printed
    for shown in blocks(GUIDE, "text"):
        assert shown in printed


def test_the_guide_lists_every_public_name():
    from tinygrad_rnn import testing

    _, _, table = GUIDE.read_text(encoding="utf-8").partition("## Names")
    names = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    assert set(re.findall(r"`(\w+)`", "".join(names))) == set(testing.__all__)
