"""A project of somebody else's, tests/user_package: public names are enough for it, and its tests find its mistakes."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import tinygrad_rnn as tg

pytest.importorskip("hypothesis")

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "tests" / "user_package"
FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.fixture
def copy(tmp_path):
    """The project, away from this one: no conftest, no setting and no file of this one reaches it."""
    return shutil.copytree(PACKAGE, tmp_path / "gated_decay", ignore=shutil.ignore_patterns("__pycache__", ".*"))


def run(folder, *options):
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTEST_ADDOPTS", "CI")}
    environment["PYTHONPATH"] = str(ROOT)  # in place of an installation
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_its_tests_pass_and_the_plugin_sums_up(copy):
    result = run(copy)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "gradients checked at" in result.stdout


@pytest.mark.parametrize(
    ("right", "wrong", "words"),
    [
        ("lambda gy, y, x, rate: -gy * y", "lambda gy, y, x, rate: gy * y", ["by the vjp rules", "hint      a sign"]),
        (
            "drate * y * (rate > 0)",
            "drate * y",
            ["by the jvp rules", "hint      the function does not depend on it"],
        ),
    ],
    ids=["sign", "corner"],
)
def test_a_wrong_rule_is_found_and_named(copy, right, wrong, words):
    op = copy / "gated_decay" / "op.py"
    text = op.read_text(encoding="utf-8")
    assert text.count(right) == 1
    op.write_text(text.replace(right, wrong), encoding="utf-8")
    result = run(copy, "-k", "every_registered_op")
    assert result.returncode == 1
    for word in ("GradMismatch: decay: the derivative", "node      decay: the first whose own rule disagrees", *words):
        assert word in result.stdout, result.stdout


def test_a_cell_that_forgets_its_past_is_found(copy):
    nets = copy / "gated_decay" / "nets.py"
    text = nets.read_text(encoding="utf-8")
    assert text.count("decay(h, self.rate)") == 1
    nets.write_text(text.replace("decay(h, self.rate)", "decay(h.detach(), self.rate)"), encoding="utf-8")
    result = run(copy, "-k", "test_the_cell")
    assert result.returncode == 1
    assert "GradMismatch: DecayCell: " in result.stdout
    assert "each recorded op agrees by itself" in result.stdout


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_it_imports_public_names_alone(path):
    allowed = {"numpy", "hypothesis", "tinygrad_rnn", "tinygrad_rnn.testing"}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        modules = [name.name for name in node.names] if isinstance(node, ast.Import) else []
        modules += [node.module] if isinstance(node, ast.ImportFrom) else []
        assert {module for module in modules if not module.startswith("gated_decay")} <= allowed
        if isinstance(node, ast.ImportFrom) and node.module == "tinygrad_rnn.testing":
            assert {name.name for name in node.names} <= set(tg.testing.__all__)


def test_every_public_name_is_callable_or_a_table():
    """A file of the same name as a strategy would hide it."""
    for name in tg.testing.__all__:
        value = getattr(tg.testing, name)
        assert callable(value) or isinstance(value, dict | tuple), f"tg.testing.{name} is {value!r}"
