"""Draw the kept pictures anew, measure the others, and say what has changed."""

from __future__ import annotations

import difflib
from pathlib import Path

from tests.viz.golden import FOLDER, MEASURED, MEASURES, drawn, measures


def changed(file: Path, new: str) -> list[str]:
    """The lines in which the new text differs from the one that is kept, with - and +."""
    old = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    lines = difflib.unified_diff(old, new.splitlines(), n=0, lineterm="")
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


def main() -> None:
    made = {file: make() for file, make in drawn()}
    made[MEASURES] = "".join(f"{line}\n" for name in MEASURED for line in measures(name))
    for file, text in made.items():
        lines = changed(file, text)
        if lines:
            print(f"{file.name}: {len(lines)} lines differ, first {lines[0]:.150}")
            file.write_text(text, encoding="utf-8", newline="\n")
    for file in sorted(set(FOLDER.glob("*.dot")) - set(made)):
        print(f"{file.name}: gone")
        file.unlink()
    print(f"{len(made) - 1} pictures, {sum(len(text.encode()) for text in made.values()) / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
