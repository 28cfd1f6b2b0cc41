"""The scripts run and leave the checkout as it is, and so does every block of text; the lessons are in course/.

Each in a process of its own: what a reader declares there, ops above all, is nobody else's.
"""

import os
import re
import shutil
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from tests.guides import ROOT, blocks

EXAMPLES = ROOT / "examples"
GUIDE = EXAMPLES / "testing-gradients.md"
GALLERY = EXAMPLES / "gallery"
WALK = EXAMPLES / "testing" / "step_by_step.py"


def run(file, *before, after=(), **variables):
    """What the file prints, run as a reader does, with every warning an error."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", **variables}
    command = [sys.executable, "-W", "error", *before, file.name, *after]
    options = {"cwd": file.parent, "env": environment, "capture_output": True, "encoding": "utf-8"}
    result = subprocess.run(command, check=False, **options)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def copied(tmp_path):
    """The examples as in a checkout, and what is in each file."""
    folder = shutil.copytree(EXAMPLES, tmp_path / "examples", ignore=shutil.ignore_patterns("__pycache__"))
    return folder, contents(folder)


def contents(folder):
    """Every file's bytes by its path, apart from what Hypothesis keeps beside any script, and git ignores."""
    files = [path for path in folder.rglob("*") if path.is_file() and ".hypothesis" not in path.parts]
    return {path.relative_to(folder): path.read_bytes() for path in files}


def temporary(tmp_path):
    """Variables of a process whose temporary files shall be under `tmp_path`."""
    (tmp_path / "temporary").mkdir()
    return dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(tmp_path / "temporary"))


def drawn(tmp_path):
    """The pictures that a script has written into a folder of its own, and the page with them, by name."""
    return {path.name: path for path in (tmp_path / "temporary").rglob("*.*") if path.suffix in (".svg", ".md")}


def said(file):
    """Ids, classes and words in an SVG: no places, which each Graphviz rounds in its own way, and no fractions.

    Of a plot what it says of itself: the rest is as the version of matplotlib has it. Of a page all.
    """
    if file.suffix == ".md":
        return file.read_text(encoding="utf-8")
    root = ElementTree.parse(file).getroot()
    if "aria-label" in root.attrib:
        found = [root.get("aria-label")]
    else:
        parts = [(e.get("id", "").partition("-")[2], e.get("class"), *(e.text or "").split()) for e in root.iter()]
        found = map(str, parts)
    return sorted(re.sub(r"\d+\.\d+(e[+-]?\d+)?", "#", text) for text in found)


def test_testing_step_by_step_leaves_the_checkout_as_it_is_and_draws_what_the_gallery_shows(tmp_path):
    pytest.importorskip("hypothesis")
    examples, before = copied(tmp_path)
    printed = run(examples / WALK.relative_to(EXAMPLES), **temporary(tmp_path))
    assert contents(examples) == before
    pictures = drawn(tmp_path)
    assert len(pictures) == 2
    for name, path in pictures.items():
        assert str(path) in printed
        assert said(path) == said(GALLERY / name)


def test_the_gallery_is_what_its_script_draws_the_same_each_time_and_nowhere_else(tmp_path):
    pytest.importorskip("matplotlib")
    pytest.importorskip("hypothesis")
    examples, before = copied(tmp_path)
    told = tmp_path / "told"
    run(examples / "gallery.py", after=("--into", str(told)), PYTHONHASHSEED="1")
    printed = run(examples / "gallery.py", PYTHONHASHSEED="2", **temporary(tmp_path))
    assert contents(examples) == before
    pictures = drawn(tmp_path)
    assert str(pictures["rnn.svg"]) in printed
    assert {name: path.read_bytes() for name, path in pictures.items()} == {
        path.name: path.read_bytes() for path in told.iterdir()
    }
    for name, path in pictures.items():
        assert said(path) == said(GALLERY / name)
    assert {path.name for path in GALLERY.iterdir()} == pictures.keys()
    assert max(path.stat().st_size for path in GALLERY.iterdir()) < 200_000


def test_the_pictures_of_the_readme_can_be_read_where_a_page_shows_them():
    """GitHub's column is 830 pixels wide: letters of 12 points, of the page 15 pixels, are at least 10 high there."""
    shown = re.findall(r"!\[.+\]\((.+)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert len(shown) >= 3
    for path in shown:
        if path.endswith(".png"):
            width = int.from_bytes((ROOT / path).read_bytes()[16:20], "big")
            assert 15 * 830 / width >= 10, path
            continue
        width = ElementTree.parse(ROOT / path).getroot().get("width")
        assert 12 * 830 / float(width.removesuffix("pt")) >= 10, path


def test_the_readmes_examples_run(tmp_path):
    examples = blocks(ROOT / "README.md", "python")
    assert len(examples) >= 2
    file = tmp_path / "readme.py"
    file.write_text("\n".join(examples), encoding="utf-8")
    run(file)
    assert (tmp_path / "rnn.svg").stat().st_size > 1000


def test_the_guide_to_compiling_prints_what_it_shows(tmp_path):
    guide = EXAMPLES / "compiling.md"
    file = tmp_path / "compiling.py"
    file.write_text("\n".join(blocks(guide, "python")), encoding="utf-8")
    printed = run(file)
    assert len(blocks(guide, "text")) == 2
    for shown in blocks(guide, "text"):
        assert shown in printed


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
