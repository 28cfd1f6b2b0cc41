"""A view that is added as the guide says is drawn without a fault, and known wherever views are."""

import pytest

from tests.guides import ROOT, blocks, changed_library, run_python

GUIDE = ROOT / "examples" / "adding-a-view.md"
DRAWN = """
from tests.viz.album import album
from tests.viz.topologies import TOPOLOGIES
for name in ("rnn", "lstm two layers", "gru both ways", "attention", "truncated by the library"):
    pictures = list(album(name, TOPOLOGIES[name], lambda options: options["view"] == "apart"))
    print(len(pictures), *(f"{p.told} | {offence}" for p in pictures for offence in p.offences))
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return changed_library(GUIDE, tmp_path_factory.mktemp("library"))


def test_the_guide_counts_its_lines():
    added = [line for line in "".join(blocks(GUIDE, "diff")).splitlines() if line.startswith("+") and "+++" not in line]
    assert f"It takes {len(added)} lines." in " ".join(GUIDE.read_text(encoding="utf-8").split())


def test_every_picture_in_it_is_clear_and_true(library):
    counts = run_python(library, DRAWN).splitlines()
    assert len(counts) == 5
    assert all(int(count) >= 8 for count in counts)  # a number alone: no offence stands behind it


def test_the_guides_block_draws_it_and_help_names_it(library):
    code = blocks(GUIDE, "python")[0]
    assert run_python(library, code) == "apart.svg\n"
    assert "apart: the inside of each step" in run_python(library, "import viz; print(viz.draw.__doc__)")
    drawn = (library / "apart.svg").read_text(encoding="utf-8")
    run_python(library, code.replace('"apart"', '"gate"').replace("apart.svg", "gate.svg"))
    assert drawn.count("<ellipse") > (library / "gate.svg").read_text(encoding="utf-8").count("<ellipse")
