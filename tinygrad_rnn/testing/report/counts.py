"""How much of what was drawn could be checked at all: points tried, and points that were rejected as kinks."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from tinygrad_rnn.testing.report.findings import Kink

__all__ = ["tally"]


@dataclass
class Tally:
    """How many points were tried, and how many of them rejected as kinks."""

    points: int = 0
    rejected: int = 0

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


def count(points: int = 0, rejected: int = 0) -> None:
    counts = TALLY.get()
    if counts is not None:
        counts.points += points
        counts.rejected += rejected


def reject(name: str, kinks: list[Kink]) -> None:
    """Give the point up: Hypothesis draws another, anybody else gets the Kink."""
    count(rejected=1)
    hypothesis: Any = sys.modules.get("hypothesis")
    if hypothesis is not None and hypothesis.currently_in_test_context():
        hypothesis.reject()
    raise Kink(
        f"{name}: no derivative here along {len(kinks)} of the directions tried",
        got=str(kinks[0]),
        help="check at another point, or what the rule chooses there: check_laws(…, laws=['ties'])",
    )
