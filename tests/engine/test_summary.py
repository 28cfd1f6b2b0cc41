"""A value in a few numbers."""

import numpy as np
import pytest

from tinygrad_rnn.engine.summary import Summary, magnitude


def test_the_norm_of_what_would_overflow():
    assert magnitude(np.array([3e200, 4e200])) == pytest.approx(5e200)
    assert magnitude(np.array([3e-200, 4e-200])) == pytest.approx(5e-200)
    assert magnitude(np.array([3 + 4j])) == 5.0
    assert np.isnan(magnitude(np.array([1.0, np.nan])))


def test_of_complex_numbers_only_size_and_zero_are_told():
    assert Summary.of(np.array([3 + 4j])) == Summary(zero=False, norm=5.0)
    assert Summary.of(np.zeros(2, complex)).zero


def test_of_nothing_and_of_many():
    assert Summary.of(np.zeros(0)) == Summary(True, 0.0, None, None, ())
    many = Summary.of(np.arange(65))
    assert (many.numbers, many.min, many.max) == (None, 0.0, 64.0)
