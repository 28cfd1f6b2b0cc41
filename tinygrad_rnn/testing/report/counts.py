"""How much of what was drawn could be checked at all: points tried, and points that were rejected as kinks."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, NoReturn

from tinygrad_rnn.testing.report.findings import Kink

__all__ = ["tally"]


@dataclass
class Tally:
    """How many points were tried, how many of them were rejected, and why the last of these was."""

    points: int = 0
    rejected: int = 0
    reason: str = ""

    def check(self) -> None:
        """Raise Kink when more than half of the points were rejected: such a test checks too little.

        >>> Tally(points=10, rejected=6).check()
        Traceback (most recent call last):
        tinygrad_rnn.testing.report.findings.Kink: 6 of 10 points have no derivative: this test checks too little
          help      draw values away from the kinks: values(shape, away_from=(0,))
        """
        if 2 * self.rejected > self.points:
            raise Kink(
                f"{self.rejected} of {self.points} points have no derivative: this test checks too little",
                got=self.reason,
                help="draw values away from the kinks: values(shape, away_from=(0,))",
            )


TALLY: ContextVar[Tally | None] = ContextVar("tinygrad_rnn.testing.tally", default=None)


@contextmanager
def tally() -> Iterator[Tally]:
    """Count the points that the checks in the block try and reject; the pytest plugin does so around every test."""
    token = TALLY.set(Tally())
    try:
        yield TALLY.get()  # type: ignore[misc]
    finally:
        TALLY.reset(token)


def count(points: int = 0, rejected: int = 0, reason: str = "") -> None:
    counts = TALLY.get()
    if counts is not None:
        counts.points += points
        counts.rejected += rejected
        counts.reason = reason or counts.reason


def reject(kink: Kink) -> NoReturn:
    """Give the point up: Hypothesis draws another, anybody else gets the Kink."""
    said = str(kink).splitlines()[:2]
    count(rejected=1, reason=", ".join(line.removeprefix("  got").strip() for line in said))
    hypothesis: Any = sys.modules.get("hypothesis")
    if hypothesis is not None and hypothesis.currently_in_test_context():
        hypothesis.reject()
    raise kink
