"""What adding an op takes: in a package of one's own, and in the library itself, as examples/adding-an-op.md says."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("hypothesis")

ROOT = Path(__file__).parent.parent
GUIDE = ROOT / "examples" / "adding-an-op.md"
OP = '''
import numpy as np

import tinygrad_rnn as tg


@tg.elementwise(x=lambda y, x: tg.sigmoid(x) * (1 + x - y))
def swish(x):
    """y = x·σ(x).  dy/dx = σ(x)·(1 + x − y)."""
    return x / (1 + np.exp(-x))
'''
TESTS = """
import numpy as np
from hypothesis import given
from swish import swish

import tinygrad_rnn as tg
from tinygrad_rnn.testing import OpSpec, check_jvp, check_vjp, programs, register, values

SPEC = register(
    OpSpec(
        "swish",
        swish,
        inputs=values(),
        reference=lambda x: x * (1 + np.tanh(x / 2)) / 2,
        errors=[("text", tg.DTypeError, "array of numbers")],
    )
)


def test_every_check(tg_op_spec):
    tg_op_spec.run()


@given(programs(["add", "multiply", "sum", SPEC], max_nodes=6))
def test_inside_random_programs(program):
    check_vjp(program, *program.inputs, order=2)
    check_jvp(program, *program.inputs)
"""


def run(folder, *options, root=ROOT):
    """pytest in a folder, with the library of `root` and nothing else of this project."""
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTEST_ADDOPTS", "CI")}
    environment["PYTHONPATH"] = str(root)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--tg-profile=ci", *options]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


# in a package of one's own


@pytest.fixture
def package(tmp_path):
    (tmp_path / "swish.py").write_text(OP, encoding="utf-8")
    (tmp_path / "test_swish.py").write_text(TESTS, encoding="utf-8")
    return tmp_path


def test_an_op_in_one_file_and_its_spec_in_another(package):
    status, said = run(package, "-rA")
    assert status == 0, said
    assert said.count("PASSED") == 2, said


@pytest.mark.parametrize(
    ("right", "wrong", "tests", "said"),
    [
        ("(1 + x - y)", "(1 + x + y)", "", "the derivative by the vjp rules is wrong"),
        ("tg.sigmoid(x) *", "(tg.sigmoid(x.detach()) if hasattr(x, 'detach') else tg.sigmoid(x)) *", "", "of order 2"),
        ("np.exp(-x))", "np.exp(-x) + 1e-9)", "every_check", "the values are not the reference's"),
        ("return x /", "x *= 1\n    return x /", "every_check", "read-only"),
        ("(1 + x - y)", "(1 + x - y) * 1.01", "programs", "swish: the first whose own rule disagrees"),
    ],
    ids=["rule", "second order", "values", "laws", "programs"],
)
def test_each_check_finds_what_is_wrong(package, right, wrong, tests, said):
    assert OP.count(right) == 1
    (package / "swish.py").write_text(OP.replace(right, wrong), encoding="utf-8")
    status, output = run(package, "-k", tests)
    assert status == 1, output
    assert said in output, output


def test_a_refusal_that_does_not_come_is_found(package):
    tests = package / "test_swish.py"
    tests.write_text(TESTS.replace('("text", tg.DTypeError, "array of numbers")', "(1.0, tg.DTypeError)"), "utf-8")
    status, output = run(package, "-k", "every_check")
    assert status == 1
    assert "instead of raising DTypeError" in output


# in the library itself


def hunks():
    """(file, before, after) for each place that the guide's diff changes; a place is found by its lines."""
    (diff,) = re.findall(r"```diff\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    for part in diff.split("--- a/")[1:]:
        head, *changes = part.split("@@\n")
        for change in changes:
            lines = change.splitlines(keepends=True)
            before, after = ("".join(line[1:] for line in lines if line[0] in kinds) for kinds in (" -", " +"))
            yield head.partition("\n")[0], before, after


@pytest.fixture
def library(tmp_path):
    """A copy of the library and of what tests its ops, with the guide's diff applied."""
    for name in ("tinygrad_rnn", "tests", "viz"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for file, before, after in hunks():
        path = tmp_path / file
        text = path.read_text(encoding="utf-8")
        assert text.count(before) == 1, f"{file}: the guide is out of date: {before}"
        path.write_text(text.replace(before, after), encoding="utf-8")
    return tmp_path


def test_the_guide_names_every_file_and_counts_its_lines():
    added = {}
    for file, before, after in hunks():
        lines = [line for line in after.splitlines() if line.strip() and line not in before.splitlines()]
        added.setdefault(file, []).extend(lines)
    counts = {file.removeprefix("tinygrad_rnn/"): len(lines) for file, lines in added.items()}
    assert counts == {"ops/pointwise.py": 4 + 1, "ops/__init__.py": 2, "testing/specs/pointwise.py": 1}


def test_the_guides_op_passes_every_check(library):
    status, said = run(
        library, "-rA", "tests/ops", "tests/testing/specs", "-k", "reciprocal or has_a_spec", root=library
    )
    assert status == 0, said
    for test in (
        "value_anywhere",
        "derivatives_anywhere",
        "refusal_is_ours",
        "output_is_not_finite",
        "every_call_runs",
    ):
        assert re.search(rf"PASSED .*{test}.*reciprocal", said), f"{test}\n{said}"


def test_the_guides_op_without_its_spec_is_asked_for(library):
    path = library / "tinygrad_rnn" / "testing" / "specs" / "pointwise.py"
    path.write_text(
        path.read_text(encoding="utf-8").replace('    unary("reciprocal", "nonzero"),\n', ""), encoding="utf-8"
    )
    status, said = run(library, "tests/ops/test_rules.py", "-k", "has_a_spec", root=library)
    assert status == 1
    assert "no spec in tinygrad_rnn/testing/specs for: reciprocal" in said
