"""Bugs as people write them: one of each kind is found, and nothing without it; the rest can still be built."""

import pytest
from hypothesis import settings

from tests.fuzz.people.__main__ import prepare, try_one
from tests.fuzz.people.bug import BUGS, forgotten_afterwards

ONE_OF_EACH_KIND = (
    "softsign",
    "elu",
    "window_sums",
    "shifted_exp",
    "variance",
    "detached_weight",
    "cell_state_cut",
    "first_state_ignored",
)


@pytest.fixture
def few_examples():
    settings.register_profile("as before", settings.default)
    prepare(examples=5, shrink=False)
    yield
    settings.load_profile("as before")


@pytest.mark.parametrize("name", ONE_OF_EACH_KIND)
def test_a_slip_is_caught_and_nothing_without_it(name, few_examples):
    assert try_one(name).caught
    assert not try_one(name, right=True).caught


def test_there_are_a_hundred_of_eight_kinds_and_no_two_are_the_same():
    assert len(BUGS) >= 100
    assert len({bug.how for bug in BUGS.values()}) == len(BUGS)
    assert {BUGS[name].kind for name in ONE_OF_EACH_KIND} == {bug.kind for bug in BUGS.values()}


def test_every_piece_can_be_built_with_its_slip_and_without():
    with forgotten_afterwards():
        for bug in BUGS.values():
            assert callable(bug.build(True)), bug.name
            assert callable(bug.build(False)), bug.name
