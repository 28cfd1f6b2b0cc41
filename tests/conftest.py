"""One thread per process, since the tests run side by side on small arrays; and how much Hypothesis draws.

NumPy is imported by the time the environment is set below, too late for this process: it is for those that the tests
start. `--tg-profile` goes before the profile chosen here.
"""

import os

import pytest
from hypothesis import settings
from threadpoolctl import threadpool_limits

from tinygrad_rnn.cli import main
from tinygrad_rnn.engine.op import REGISTRY
from tinygrad_rnn.testing.draw.shrinking import load_profile
from tinygrad_rnn.testing.specs.opspec import REGISTERED

for threads in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(threads, "1")
threadpool_limits(1)

pytest_plugins = "pytester"

settings.register_profile("tests", deadline=None, max_examples=20)  # a slow machine is no wrong gradient
CI = os.environ.get("CI", "").lower() not in ("", "0", "false")  # as 1, true, yes
if CI:
    load_profile("ci")
    settings.register_profile("tests in ci", settings(), max_examples=50)
    settings.load_profile("tests in ci")
else:
    settings.load_profile("tests")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    return nothing_skipped((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report():
    return nothing_skipped((yield))


def nothing_skipped(report):
    """In CI all that a test may need is installed: there a skip is a failure."""
    if CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome, report.longrepr = "failed", f"skipped, in CI: {report.longrepr[-1]}"
    return report


@pytest.fixture
def refused(capsys):
    """refused(argument, …): the one line with which the command line refuses them, and ends with status 2."""

    def line(*arguments):
        try:
            status = main(arguments)
        except SystemExit as exit:
            status = exit.code
        error = capsys.readouterr().err
        assert status == 2
        assert error.count("\n") == 1
        return error

    return line


def as_it_was(table):
    """The table, from which what a test adds is gone when it ends."""
    before = dict(table)
    yield table
    table.clear()
    table.update(before)


@pytest.fixture
def registry():
    """The declared ops, as they were."""
    yield from as_it_was(REGISTRY)


@pytest.fixture
def specs():
    """The registered OpSpecs, as they were."""
    yield from as_it_was(REGISTERED)
