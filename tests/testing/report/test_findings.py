import pickle

import pytest

from tinygrad_rnn.errors import TinygradError
from tinygrad_rnn.testing import GradMismatch, GradReport, Kink, tally
from tinygrad_rnn.testing.report.findings import Mismatch

FOUND = Mismatch("the derivative is wrong", argument="x[1]", analytic="4", numeric="12  (complex step)", hint="a sign")


def test_a_report_says_what_was_compared():
    report = GradReport("tanh", "complex step", directions=6, kinks=2, worst=1e-16, laws=("linear", "zero"))
    assert report.passed
    assert str(report) == (
        "tanh: 6 slopes agree with complex step to 1.0e-16; 2 at kinks left out; laws that hold: linear, zero"
    )


def test_a_mismatch_is_an_assertion_that_lists_the_facts_it_knows():
    error = GradMismatch(GradReport("cube", mismatch=FOUND))
    assert isinstance(error, AssertionError)
    assert isinstance(error, TinygradError)
    assert not error.report.passed
    assert str(error).splitlines() == [
        "cube: the derivative is wrong",
        "  argument  x[1]",
        "  analytic  4",
        "  numeric   12  (complex step)",
        "  hint      a sign",
    ]


def test_a_mismatch_travels_between_processes():
    error = GradMismatch(GradReport("cube", mismatch=FOUND))
    twin = pickle.loads(pickle.dumps(error))
    assert (str(twin), twin.report) == (str(error), error.report)


def test_a_kink_is_no_mismatch():
    assert not issubclass(Kink, AssertionError)


def test_tallies_nest_and_do_not_leak():
    with tally() as outer:
        outer.points = 4
        with tally() as inner:
            inner.points, inner.rejected = 4, 3
        with pytest.raises(Kink, match="3 of 4 points have no derivative"):
            inner.check()
        outer.check()
    assert (outer.points, outer.rejected) == (4, 0)
