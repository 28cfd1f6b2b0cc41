"""The guides' blocks: those to run, and the changes to the library, applied to a copy of it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def blocks(path: Path, language: str) -> list[str]:
    """The blocks of a language in a text."""
    return re.findall(rf"```{language}\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)


def changed_library(guide: Path, folder: Path) -> Path:
    """A copy of this library with the guide's changes applied to it."""
    if not shutil.which("git"):
        pytest.skip("git is not installed, and it applies the guide's change")
    dirt = shutil.ignore_patterns("__pycache__", ".*", "gallery", "benchmarks", "user_package")
    for name in ("tinygrad_rnn", "viz", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=dirt)
    shutil.copy(ROOT / "pyproject.toml", folder)
    command = ["git", "apply", "-C1", "--whitespace=error-all", "-"]
    change = "".join(blocks(guide, "diff"))
    result = subprocess.run(command, check=False, input=change, cwd=folder, capture_output=True, encoding="utf-8")
    assert result.returncode == 0, f"{guide.name} does not fit the library any more: {result.stderr}"
    return folder


def run_python(library: Path, code: str, cwd: Path | None = None) -> str:
    """What the code prints, run with that library."""
    environment = {**os.environ, "PYTHONPATH": str(library), "PYTHONIOENCODING": "utf-8"}
    options = {"cwd": cwd or library, "env": environment, "capture_output": True, "encoding": "utf-8"}
    result = subprocess.run([sys.executable, "-c", code], check=False, **options)
    assert result.returncode == 0, result.stderr
    return result.stdout
