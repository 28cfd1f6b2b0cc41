"""The pytest plugin, found by its entry point.

--grad-profile=dev|ci|fuzz    how many examples Hypothesis draws, and whether they are always the same
--grad-drawings=FOLDER        a failed check leaves the picture of what was recorded there
op_spec                       a test with this argument runs once for every registered OpSpec

Around every Hypothesis test the points are counted: one that rejects more than half of them as kinks fails.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from tinygrad_rnn.testing.report.counts import tally
from tinygrad_rnn.testing.report.findings import GradMismatch
from tinygrad_rnn.testing.specs.opspec import REGISTERED

PROFILES = ("dev", "ci", "fuzz")
COUNTED = "gradients checked, rejected"  # the property under which a test's report carries its counts


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("tinygrad_rnn", "property tests of gradients")
    group.addoption("--grad-profile", choices=PROFILES, help="dev: 100 examples; ci: the same each time; fuzz: 10,000")
    group.addoption("--grad-drawings", metavar="FOLDER", type=Path, help="draw the graph of every failed check")


def pytest_configure(config: pytest.Config) -> None:
    profile = config.getoption("--grad-profile")
    if profile:
        from tinygrad_rnn.testing.draw.shrinking import load_profile

        load_profile(profile)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "op_spec" in metafunc.fixturenames:
        metafunc.parametrize("op_spec", REGISTERED.values(), ids=REGISTERED.keys())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    with tally() as counts:
        result = yield
    if _draws(item):
        item.user_properties.append((COUNTED, (counts.points, counts.rejected)))
        counts.check()
    return result


def _draws(item: pytest.Item) -> bool:
    """Whether Hypothesis chooses the points of this test: elsewhere a Kink is raised, and seen."""
    drawn = getattr(getattr(item, "obj", None), "is_hypothesis_test", False)
    return drawn or "op_spec" in getattr(item, "fixturenames", ())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    report = yield
    folder = item.config.getoption("--grad-drawings")
    error = call.excinfo.value if call.excinfo else None
    if folder and isinstance(error, GradMismatch) and error.report.graph is not None:
        from viz import draw

        name = re.sub(r"[^\w.-]+", "_", item.name)[:80]
        folder.mkdir(parents=True, exist_ok=True)
        path = draw(error.report.graph, view="op").save(folder / f"{name}.svg")
        report.sections.append(("what was recorded", f"drawn in {path}"))
    return report


def pytest_terminal_summary(terminalreporter: Any) -> None:
    reports = (report for reports in terminalreporter.stats.values() for report in reports)
    properties = (pair for report in reports for pair in getattr(report, "user_properties", ()))
    counts = [value for name, value in properties if name == COUNTED]
    points, rejected = (sum(column) for column in zip(*counts, strict=True)) if counts else (0, 0)
    if points and terminalreporter.verbosity >= 0:
        share = f"{rejected / points:.2%} of them rejected as kinks"
        terminalreporter.write_line(f"gradients checked at {points} points, {share}")
