"""Texts that are kept: what was said when somebody last looked, word for word."""

from pathlib import Path


def check_kept(path: Path, now: str) -> None:
    """Fail unless the text is the one that is kept at `path`; what it is now is left beside it, to be looked at."""
    new = path.with_name(f"{path.name}.new")
    if now == path.read_text(encoding="utf-8"):
        new.unlink(missing_ok=True)
        return
    new.write_text(now, encoding="utf-8")
    raise AssertionError(f"{path.name} says something else: look at {new.name}, and put it in its place if it is meant")
