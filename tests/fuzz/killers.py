"""What may notice that an op is wrong: its edge cases, then the tests of whatever is built on it.

The edge cases are those of tests/ops/test_rules.py, run without pytest: cheap, and they kill nearly all.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from inspect import unwrap
from pathlib import Path
from typing import Any

import hypothesis
import pytest

ROOT = Path(__file__).parents[2]
NEAR = 5  # ops
Test = tuple[str, Callable[[], Any]]
SUITE = [
    "tests/test_architecture.py",
    "tests/autodiff/test_higher.py",
    "tests/autodiff/test_forward.py",
    "tests/engine/test_tensor.py",
]


def at_the_edges(module: str, line: int) -> str:
    """Run tests/ops/test_rules.py at the edges of the ops nearest to a line, without pytest; say what fails first."""
    rules = importlib.import_module("tests.ops.test_rules")
    rules.test_every_op_has_a_spec()
    near = nearest(module, line, rules.LIBRARY)[: NEAR if line else None]
    for tests in (cheap, dear):
        for said, test in (pair for name in near for pair in tests(rules, name)):
            try:
                with warnings.catch_warnings(action="error"):
                    test()
            except Exception as error:
                return f"{said}: {type(error).__name__}: {error}"
    return ""


def cheap(rules: Any, op: str) -> Iterator[Test]:
    """(what, its test): values, refusals, and the law that compares the two rules of an op without any differences."""
    for spec, call in _edges(rules.EDGES, op):
        yield f"test_value_at_an_edge, {call}", partial(rules.test_value_at_an_edge, spec, call)
    for _, call in _edges(rules.SMOOTH, op):
        yield f"check_laws, {call}", partial(rules.check_laws, call.function, *call.arrays, laws=["adjoint"])
    yield f"test_refusal_is_ours, {op}", partial(rules.test_refusal_is_ours, rules.LIBRARY[op])


def dear(rules: Any, op: str) -> Iterator[Test]:
    for spec, call in _edges(rules.SMOOTH, op):
        yield f"test_derivatives_at_an_edge, {call}", partial(rules.test_derivatives_at_an_edge, spec, call)


def _edges(parameters: Any, op: str) -> Iterator[tuple[Any, Any]]:
    return ((spec, call) for spec, call in (case.values for case in parameters) if spec.name == op)


def nearest(module: str, line: int, specs: Any) -> list[str]:
    """The ops of a module, those defined nearest to a line first."""
    public = importlib.import_module("tinygrad_rnn.testing.draw.call").public
    functions = {name: unwrap(public(name)) for name in specs}
    own = [name for name, function in functions.items() if function.__module__ == module]
    return sorted(own, key=lambda name: abs(functions[name].__code__.co_firstlineno - line))


def pytest_says(path: Path) -> str:
    """Run the file's own tests, then the engine's; name the test that fails first."""
    hypothesis.settings.register_profile("mutants", max_examples=20, derandomize=True, deadline=None)
    seen = FirstFailure()
    tests = [ROOT / "tests" / "ops" / f"test_{path.stem}.py", *(ROOT / part for part in SUITE)]
    options = ["-x", "--hypothesis-profile=mutants", "-p", "no:cacheprovider", f"--rootdir={ROOT}"]
    options += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # hypothesis is here already
    code = pytest.main([*options, *map(str, tests)], plugins=[seen])
    return "" if code == pytest.ExitCode.OK else seen.name or f"pytest: {code!r}"


class FirstFailure:
    """Remembers the first test, or the first file, that failed."""

    name = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.name = self.name or report.nodeid

    pytest_collectreport = pytest_runtest_logreport
