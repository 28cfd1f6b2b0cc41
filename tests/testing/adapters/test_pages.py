"""The pages of the guide for other libraries: their blocks run, their tests pass, they print what is pasted there."""

import re

import pytest

from tests.exchange.oracles import require
from tests.test_examples import FEW, ROOT, blocks, run

PAGES = ROOT / "examples" / "testing"


def rounded(text):
    """Numbers to six digits: in the last ones machines differ, and versions of a library."""
    return re.sub(r"\d+\.\d+(e-?\d+)?", lambda number: f"{float(number[0]):.6g}", text)


@pytest.mark.parametrize("page", sorted(PAGES.glob("*.md")), ids=lambda page: page.stem)
def test_a_page_runs_its_tests_pass_and_it_prints_what_it_says(page, tmp_path):
    require(page.stem)
    text = "\n".join(blocks(page, "python"))
    file = tmp_path / "test_page.py"
    file.write_text(FEW + text, encoding="utf-8")
    printed = run(file, "-m", "pytest", "-s", "-p", "no:cacheprovider")
    assert f"{text.count('def test_')} passed" in printed
    shown = blocks(page, "text")
    assert shown
    for answer in shown:
        assert rounded(answer) in rounded(printed)


def test_the_guide_and_the_readme_lead_to_every_page():
    readme, guide = (ROOT / name for name in ("README.md", "examples/testing-gradients.md"))
    for page in PAGES.glob("*.md"):
        assert f"(examples/testing/{page.name})" in readme.read_text(encoding="utf-8")
        assert f"(testing/{page.name})" in guide.read_text(encoding="utf-8")
