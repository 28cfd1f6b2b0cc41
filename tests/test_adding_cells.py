"""Adding a cell costs one file and one test: in a project of one's own, and in this library as the guide shows it."""

import re

import pytest

from tests.guides import ROOT, blocks, changed_library, run_python
from tests.test_user_package import run

GUIDE = ROOT / "examples" / "adding-a-cell.md"

CELL = '''\
"""A cell that leaks: h′ = a ⊙ h + (1 − a) ⊙ tanh(W_ih x + b_ih + W_hh h + b_hh), a = σ(leak), which is learnt."""

import numpy as np

import tinygrad_rnn as tg


class LeakyCell(tg.nn.Cell):
    def __init__(self, *sizes, leak=1.0, **options):
        super().__init__(*sizes, **options)
        self.leak = tg.nn.Parameter(np.full(self.hidden_size, leak, self.weight_hh.dtype))

    def step(self, x, state):
        (h,) = state
        a = tg.sigmoid(self.leak)
        return (a * h + (1 - a) * tg.tanh(self.project_input(x) + self.project_state(h)),)


class Leaky(tg.nn.Recurrent):
    cell_type = LeakyCell
'''

TESTS = """\
import inspect

import numpy as np
import pytest
from leaky import Leaky, LeakyCell

import tinygrad_rnn as tg
import viz
from tinygrad_rnn.testing import check_module, check_recurrent

X = np.random.default_rng(0).standard_normal((3, 2, 2))


def test_the_formula_in_numpy():
    cell = LeakyCell(2, 3, leak=0.5, rng=0, dtype=np.float64)
    p, x, h = cell.state_dict(), X[0], np.random.default_rng(1).standard_normal((2, 3))
    candidate = np.tanh(x @ p["weight_ih"].T + p["bias_ih"] + h @ p["weight_hh"].T + p["bias_hh"])
    a = 1 / (1 + np.exp(-p["leak"]))
    np.testing.assert_allclose(cell(x, h).data, a * h + (1 - a) * candidate, rtol=1e-12)  # float64


def test_one_step_and_every_law_of_the_cell():
    check_module(LeakyCell(2, 3, rng=0, dtype=np.float64), X[0], order=2)
    check_recurrent(LeakyCell(2, 3, rng=0), X)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_every_law_of_a_layer(bidirectional):
    layer = Leaky(2, 3, num_layers=2, bidirectional=bidirectional, learn_initial=True, layer_norm=True, rng=0)
    report = check_recurrent(layer, X, lengths=[3, 1])
    assert {"differences", "rows alone", "pads"} <= set(report.laws)


def test_it_streams_and_drops_like_the_librarys_own():
    layer, state = Leaky(2, 3, rng=0), None
    output, _ = layer(X)
    for x, whole in zip(X, output, strict=True):
        h, state = layer.step(x, state)
        np.testing.assert_array_equal(h.data, whole.data)
    kept = Leaky(2, 3, recurrent_dropout=0.5, rng=0)
    assert not np.array_equal(kept(X)[0].data, kept.eval()(X)[0].data)


def test_its_own_option_is_the_layers_too():
    assert "leak" in inspect.signature(Leaky).parameters
    assert Leaky(2, 3, leak=2.0).leak_l0.data.tolist() == [2, 2, 2]
    with pytest.raises(ValueError, match="Leaky: there is no option 'leek'"):
        Leaky(2, 3, leek=2.0)


def test_it_is_drawn():
    output, _ = Leaky(2, 3, rng=0)(X)
    dot = viz.draw(output[-1].sum()).dot
    assert all(name in dot for name in ("weight_hh", "leak"))
"""

WRONG = {
    "the past is cut off": ("a * h +", "a * h.detach() +", "GradMismatch: "),
    "another formula": ("(1 - a) *", "(1 + a) *", "test_the_formula_in_numpy"),
    "no tuple": ("(h)),)", "(h)))", "LeakyCell.step: it has to return the parts of its new state"),
    "rows see each other": ("(h,) = state", "h = state[0] + state[0].mean(axis=0)", "law 'rows alone' is broken"),
    "a value is kept back": (
        "        return (a * h",
        "        self.count = getattr(self, 'count', 0) + 1\n        return (self.count * a * h",
        "LeakyCell: run again, it gives other values",
    ),
}


@pytest.fixture
def project(tmp_path):
    """A project of one cell: its file and its test's."""
    (tmp_path / "leaky.py").write_text(CELL, encoding="utf-8")
    (tmp_path / "test_leaky.py").write_text(TESTS, encoding="utf-8")
    return tmp_path


def test_a_cell_of_ones_own_passes_every_check(project):
    result = run(project)
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"{TESTS.count('def test_') + 1} passed" in result.stdout  # one of them is run both ways


@pytest.mark.parametrize(("right", "wrong", "said"), WRONG.values(), ids=WRONG)
def test_a_broken_step_is_found(project, right, wrong, said):
    assert CELL.count(right) == 1
    (project / "leaky.py").write_text(CELL.replace(right, wrong), encoding="utf-8")
    result = run(project)
    assert result.returncode == 1, result.stdout + result.stderr
    assert said in result.stdout


# the guide


@pytest.fixture
def library(tmp_path):
    return changed_library(GUIDE, tmp_path)


def added():
    """How many lines the change adds to each file."""
    files = re.split(r"^\+\+\+ b/", "".join(blocks(GUIDE, "diff")), flags=re.MULTILINE)[1:]
    return {text.split("\n", 1)[0]: len(re.findall(r"^\+", text, re.MULTILINE)) for text in files}


CHECKS = ["tests/nn/test_mgu.py", "tests/nn/test_layers.py", "tests/nn/test_registry.py", "tests/test_architecture.py"]


def checked(library, *options):
    """The new cell's own test, and what the library asks of each cell that it knows."""
    return run(library, *options, "-k", "mgu or registry or architecture", *CHECKS)


def test_the_guide_counts_its_lines():
    lines = added()
    own = sum(count for file, count in lines.items() if "mgu" in file and not file.startswith("tests/"))
    tests = sum(count for file, count in lines.items() if "mgu" in file and file.startswith("tests/"))
    other = sum(lines.values()) - own - tests
    assert f"{own} lines of its own, {tests} of its test, {other} where the library lists its names" in " ".join(
        GUIDE.read_text(encoding="utf-8").split()
    )


def test_the_guides_cell_is_one_of_the_librarys(library):
    result = checked(library)
    assert result.returncode == 0, result.stdout + result.stderr
    words = "from tinygrad_rnn.train import CharModel; print(CharModel('mgu', 28, hidden=8).rnn)"
    made = run_python(library, words)
    assert made.startswith("MGU(8, 8, num_layers=2)  "), made


def test_the_guides_cell_broken_is_found(library):
    cell = library / "tinygrad_rnn" / "nn" / "mgu.py"
    text = cell.read_text(encoding="utf-8")
    assert text.count("f * n") == 1
    cell.write_text(text.replace("f * n", "f.detach() * n"), encoding="utf-8")
    result = checked(library, "-x", "--ignore=tests/nn/test_registry.py")
    assert result.returncode == 1
    assert blocks(GUIDE, "text")[0].strip() in result.stdout


def test_the_guides_cell_of_a_project_of_ones_own():
    assert "'rows alone', 'pads')" in run_python(ROOT, blocks(GUIDE, "python")[0])
