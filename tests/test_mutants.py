"""The tests of the derivative rules notice a slip: a slice of tests/fuzz/mutants.py."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a trial is a fork of the process")
@pytest.mark.skipif(not find_spec("cosmic_ray"), reason="cosmic-ray makes the mutants: pip install -e .[dev]")
def test_a_dozen_mutants_are_killed_and_the_one_that_changes_nothing_is_not():
    command = [sys.executable, "-m", "tests.fuzz.dozen"]
    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("noticed by ") == 13
