"""Draw the kept pictures anew, and say what has changed."""

from __future__ import annotations

import difflib
from pathlib import Path

from tests.viz.golden import FOLDER, drawn


def changed(file: Path, new: str) -> str:
    """How the new text differs from the one that is kept; nothing where it does not."""
    if not file.exists():
        return "new"
    old = file.read_text(encoding="utf-8").splitlines()
    lines = [line for line in difflib.ndiff(old, new.splitlines()) if line[0] in "-+"]
    return f"{len(lines)} lines differ, first {lines[0][:150]}" if lines else ""


def main() -> None:
    made = {file: make() for file, make in drawn()}
    for file, text in made.items():
        said = changed(file, text)
        if said:
            print(f"{file.name}: {said}")
            file.write_text(text, encoding="utf-8", newline="\n")
    for file in sorted(set(FOLDER.glob("*.dot")) - set(made)):
        print(f"{file.name}: gone")
        file.unlink()
    print(f"{len(made)} pictures, {sum(len(text.encode()) for text in made.values()) / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
