"""How the trial of a mutation ended, and a folder that remembers: a line of JSON for each, a file for each source."""

from __future__ import annotations

import difflib
import json
import time
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.mutations import Mutation, read
from tests.fuzz.trial import killer


@dataclass(frozen=True)
class Verdict:
    """How a trial ended.

    Attributes:
        key: of the mutation.
        diff: the lines before and after, with - and +.
        killer: what noticed the mutation; None where it left no program, "" where nothing noticed.
    """

    key: str
    file: str
    line: int
    diff: list[str]
    killer: str | None
    seconds: float


def judge(mutation: Mutation, limit: int, suite: bool = False) -> Verdict:
    """Try one mutation, by the edge cases, and by the suite where asked."""
    start = time.perf_counter()
    source = mutation.source()
    found = None if source is None else killer(mutation.path, source, mutation.line, limit, suite)
    diff = changed(read(mutation.path), source or "")
    return Verdict(mutation.key, mutation.path.stem, mutation.line, diff, found, round(time.perf_counter() - start, 2))


def changed(before: str, after: str) -> list[str]:
    """The lines that differ, with - and +."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return [line for line in lines if line[0] in "-+" and line[:3] not in ("---", "+++")]


def remember(verdict: Verdict, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{verdict.file}.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(vars(verdict), ensure_ascii=False) + "\n")


def remembered(folder: Path) -> dict[str, Verdict]:
    """By key, the verdicts in a folder: of a mutation that was tried twice, the last."""
    lines = [line for path in sorted(folder.glob("*.jsonl")) for line in path.read_text(encoding="utf-8").splitlines()]
    return {verdict.key: verdict for verdict in (Verdict(**json.loads(line)) for line in lines)}
