import numpy as np
import pytest

from tinygrad_rnn.engine.summary import magnitude


def test_the_norm_of_what_would_overflow():
    assert magnitude(np.array([3e200, 4e200])) == pytest.approx(5e200)
    assert magnitude(np.array([3e-200, 4e-200])) == pytest.approx(5e-200)
    assert magnitude(np.array([3 + 4j])) == 5.0
    assert np.isnan(magnitude(np.array([1.0, np.nan])))
