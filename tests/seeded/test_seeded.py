"""The checks are checked: each of these mistakes is found, and right rules are left in peace.

A slice: the first bug of each kind, its commonest form. All of them: python -m tests.fuzz.seeded; right rules by the
hundred thousand: python -m tests.fuzz.alarms.
"""

from contextlib import nullcontext

import numpy as np
import pytest

from tests.fuzz import alarms
from tests.seeded.bugs import BUGS, Bug
from tinygrad_rnn.autodiff import accumulate, backprop, forward, returned, reverse
from tinygrad_rnn.engine.op import REGISTRY
from tinygrad_rnn.testing import Kink

EXAMPLES = 100
FIRST = {bug.kind: bug for bug in reversed(BUGS)}


@pytest.mark.parametrize("kind", sorted(FIRST))
def test_a_wrong_rule_is_found(kind):
    assert FIRST[kind].caught(EXAMPLES), FIRST[kind].name


def test_right_rules_layers_and_modules_are_left_in_peace():
    results = alarms.examine((0, 0, tuple(alarms.TRIALS)))
    assert not [alarm for *_, alarm in results if alarm]
    assert len(results) > 5 * sum(rejected for _, _, rejected, _ in results)  # most points can be checked at all


def test_a_bug_of_each_kind_that_differs_by_name():
    assert len(BUGS) == len({(bug.kind, bug.name) for bug in BUGS})
    assert len(FIRST) > 30


def test_every_patch_is_taken_out_again():
    before = state()
    for bug in BUGS:
        with bug.patch():
            pass
    assert state() == before


def state():
    """All that the patches replace."""
    engine = [getattr(accumulate.Shortcuts, name) for name in ("add", "buffer", "defer", "flush", "pop")]
    engine += [
        returned.sum_to,
        returned.astype,
        backprop.ancestors,
        backprop._leading_to,
        reverse._backprop_tensors,
    ]
    engine += [returned.broadcast_to, forward.ancestors]
    ops = [(*op.vjps, *op.jvps, op.into, *op.together.values()) for op in REGISTRY.values()]
    forwards = [cell.cell_contents for op in REGISTRY.values() for cell in op.public.__closure__]
    return engine, ops, [forward for forward in forwards if callable(forward)]


def test_a_kink_is_no_catch_and_anything_else_is():
    def fails(error):
        def check():
            raise error

        return Bug("kind", "name", nullcontext, lambda source: iter([("check", check)]))

    assert fails(Kink("here")).caught(3) is None
    assert fails(ValueError("no such axis")).caught(3) == (1, "check", "ValueError: no such axis")


def test_examples_are_the_same_every_time():
    bug = next(bug for bug in BUGS if bug.kind == "ties")
    with np.errstate(all="ignore"):
        assert bug.caught(EXAMPLES) == bug.caught(EXAMPLES)
