"""The source that Hypothesis chooses for, so that what was drawn shrinks: the one file here that needs it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

try:
    from hypothesis import HealthCheck, given, settings
    from hypothesis import strategies as st
    from hypothesis.strategies import DrawFn, SearchStrategy
except ModuleNotFoundError as error:
    words = "tinygrad_rnn.testing: to draw inputs it needs Hypothesis: pip install 'tinygrad-rnn[test]'"
    raise ModuleNotFoundError(words, name=error.name) from error

from tinygrad_rnn.testing.draw.source import Source

__all__ = ["DrawFn", "Drawn", "SearchStrategy", "chosen", "for_each", "integers", "load_profile", "st"]

T = TypeVar("T")
integers = lru_cache(maxsize=None)(st.integers)


class Drawn:
    """The Source that Hypothesis chooses for; it draws from strategies too."""

    def __init__(self, draw: DrawFn) -> None:
        self.draw = draw

    def integer(self, low: int, high: int) -> int:
        return low if low == high else self.draw(integers(low, high))


@st.composite
def chosen(draw: DrawFn, choose: Callable[[Source], T]) -> T:
    """What `choose` makes of a source, as a strategy."""
    return choose(Drawn(draw))


PROFILES: dict[str, dict[str, Any]] = {
    "dev": {"max_examples": 100, "derandomize": False},
    "ci": {"max_examples": 100, "derandomize": True, "print_blob": True},
    "fuzz": {"max_examples": 10_000, "derandomize": False, "suppress_health_check": list(HealthCheck)},
}


def load_profile(name: str) -> None:
    """Make one of these Hypothesis's settings: "dev", "ci" (the same every time) or "fuzz" (10,000 examples).

    >>> before = settings.get_current_profile_name()
    >>> load_profile("fuzz")
    >>> settings().max_examples
    10000
    >>> settings.load_profile(before)
    """
    settings.register_profile(f"tinygrad_rnn.{name}", deadline=None, **PROFILES[name])
    settings.load_profile(f"tinygrad_rnn.{name}")


def for_each(strategy: SearchStrategy[T], check: Callable[[T], Any], **options: Any) -> None:
    """Call `check` with what the strategy draws, under Hypothesis: what fails is shrunk and raised.

    >>> seen = []
    >>> for_each(st.integers(), seen.append, max_examples=5)
    >>> len(seen)
    5
    """

    @settings(**options)
    @given(strategy)
    def run(drawn: T) -> None:
        check(drawn)

    run()
