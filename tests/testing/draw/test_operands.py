import numpy as np
import pytest

from tinygrad_rnn.testing.draw.operands import (
    ANY,
    FULL,
    Fresh,
    broadcasting,
    dims,
    exactly,
    narrower,
    right_factors,
    with_sizes,
)
from tinygrad_rnn.testing.draw.source import RandomSource

FAMILIES = {
    "any": ANY,
    "full": FULL,
    "two axes or three, sides of two or more": dims(2, 3, side=2),
    "exactly": exactly((2, 3)),
    "broadcasting": broadcasting((2, 1)),
    "narrower": narrower((2, 3)),
    "right factors of a row": right_factors((3,)),
    "right factors of a batch": right_factors((2, 3, 4)),
    "with sizes": with_sizes((2, 2, 3)),
}
DRAWN = [(2, 2), (), (3,), (2, 3), (0, 3), (2, 1, 3), (3, 2, 1), (4,), (1, 4, 2), (2, 4, 2), (4, 1), (3, 2, 2)]


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES.keys())
def test_what_is_drawn_fits(family):
    assert all(family.fits(family.draw(RandomSource(seed))) for seed in range(200))


@pytest.mark.parametrize("shape", DRAWN, ids=str)
def test_what_fits_is_what_numpy_takes(shape):
    def takes(f):
        try:
            f()
        except ValueError:
            return False
        return True

    assert broadcasting((2, 1)).fits(shape) == takes(lambda: np.broadcast_shapes((2, 1), shape))
    assert narrower((2, 3)).fits(shape) == takes(lambda: np.broadcast_to(np.zeros(shape), (2, 3)))
    for left in [(3,), (2, 3), (2, 3, 4), (1, 3, 3)]:
        assert right_factors(left).fits(shape) == takes(lambda left=left: np.matmul(np.zeros(left), np.zeros(shape)))


def test_sizes_may_be_anywhere():
    assert with_sizes((2, 3)).fits((3, 1, 2))
    assert not with_sizes((2, 2)).fits((2, 3))


def test_fresh_operands_have_no_value_in_common():
    for seed in range(20):
        pick = Fresh(RandomSource(seed))
        values = np.concatenate([pick(dims(1)).ravel() for _ in range(4)])
        assert np.unique(values).size == values.size


def test_fresh_operands_are_what_was_asked_for():
    pick = Fresh(RandomSource(0), empty=True)
    assert pick(exactly((2, 3)), "positive").min() > 0
    assert pick(exactly((9,)), (0, 2), "i").dtype == np.int64
    assert pick(exactly((9,)), kind="b").dtype == np.bool_


def test_empty_ones_come_seldom_and_only_where_they_fit():
    sizes = [Fresh(RandomSource(seed), empty=True)(ANY).size for seed in range(400)]
    assert 5 < sizes.count(0) < 60
    assert all(Fresh(RandomSource(seed), empty=True)(FULL).size for seed in range(400))
