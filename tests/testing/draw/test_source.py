import numpy as np
import pytest

from tinygrad_rnn.testing.draw.source import RandomSource, choose, flag, sample


class Simplest:
    """Always the lowest: what Hypothesis shrinks to."""

    def integer(self, low, high):
        return low


def test_integers_lie_between_their_bounds():
    source = RandomSource(0)
    assert {source.integer(-1, 2) for _ in range(100)} == {-1, 0, 1, 2}
    assert source.integer(5, 5) == 5


def test_the_seed_or_the_generator_decides():
    a, b = RandomSource(3), RandomSource(np.random.default_rng(3))
    assert [a.integer(0, 99) for _ in range(10)] == [b.integer(0, 99) for _ in range(10)]


def test_what_is_derived_is_simplest_first():
    source = Simplest()
    assert choose(source, "xyz") == "x"
    assert flag(source) is False
    assert sample(source, range(9), 6) == [0, 1, 2, 3, 4, 5]


def test_a_flag_is_true_once_in_so_many():
    source = RandomSource(0)
    share = np.mean([flag(source, 4) for _ in range(4000)])
    assert share == pytest.approx(0.25, abs=0.03)  # four standard deviations


@pytest.mark.parametrize("count", [0, 1, 4, 5, 9])
def test_a_sample_has_no_element_twice(count):
    found = sample(RandomSource(count), range(9), count)
    assert len(set(found)) == len(found) == count


def test_any_order_can_be_sampled():
    source = RandomSource(0)
    assert len({tuple(sample(source, range(4), 4)) for _ in range(500)}) == 24
