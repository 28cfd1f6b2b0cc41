"""The pytest plugin, found by its entry point.

--tg-profile=dev|ci|fuzz      how many examples Hypothesis draws, and whether they are always the same
--tg-drawings=FOLDER          a failed check leaves the picture of what was recorded there
tg_op_spec                    a test with this argument runs once for every registered OpSpec

Around every Hypothesis test the points are counted: one that rejects more than half of them as kinks fails.

pytest imports the plugins of all installed projects when it starts, so this file stands beside the package and imports
nothing of it until one of the names above is used: a project that does not use them pays for one small file.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

PROFILES = ("dev", "ci", "fuzz")
COUNTED = "tinygrad_rnn: gradients checked, rejected"  # the property under which a test's report carries its counts


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("tinygrad_rnn", "property tests of gradients")
    group.addoption("--tg-profile", choices=PROFILES, help="dev: 100 examples; ci: the same each time; fuzz: 10,000")
    group.addoption("--tg-drawings", metavar="FOLDER", type=Path, help="draw the graph of every failed check")


def pytest_configure(config: pytest.Config) -> None:
    profile = config.getoption("--tg-profile")
    if profile:
        from tinygrad_rnn.testing.draw.shrinking import load_profile

        load_profile(profile)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "tg_op_spec" in metafunc.fixturenames:
        from tinygrad_rnn.testing.specs.opspec import REGISTERED

        metafunc.parametrize("tg_op_spec", REGISTERED.values(), ids=REGISTERED.keys())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    if not _checks_drawn_points(item):
        return (yield)
    from tinygrad_rnn.testing.report.counts import tally

    with tally() as counts:
        result = yield
    item.user_properties.append((COUNTED, (counts.points, counts.rejected)))
    counts.check()
    return result


def _checks_drawn_points(item: pytest.Item) -> bool:
    """Whether Hypothesis chooses points for our checks in this test: elsewhere a Kink is raised, and seen."""
    drawn = getattr(getattr(item, "obj", None), "is_hypothesis_test", False)
    return "tinygrad_rnn.testing" in sys.modules and (drawn or "tg_op_spec" in getattr(item, "fixturenames", ()))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    report = yield
    folder = item.config.getoption("--tg-drawings")
    if folder and call.excinfo:
        from tinygrad_rnn.testing.report.findings import GradMismatch

        error = call.excinfo.value
        if isinstance(error, GradMismatch) and error.report.graph is not None:
            report.sections.append(("what was recorded", f"drawn in {_drawn(error.report.graph, folder, item.name)}"))
    return report


def _drawn(graph: Any, folder: Path, test: str) -> Path:
    from viz import draw

    folder.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[^\w.-]+", "_", test)[:80]
    return draw(graph, view="op").save(folder / f"{name}.svg")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    reports = (report for reports in terminalreporter.stats.values() for report in reports)
    properties = (pair for report in reports for pair in getattr(report, "user_properties", ()))
    counts = [value for name, value in properties if name == COUNTED]
    points, rejected = (sum(column) for column in zip(*counts, strict=True)) if counts else (0, 0)
    if points and terminalreporter.verbosity >= 0:
        share = f"{rejected / points:.2%} of them rejected as kinks"
        terminalreporter.write_line(f"gradients checked at {points} points, {share}")
