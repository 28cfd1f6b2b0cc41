import numpy as np
import pytest

from tinygrad_rnn.testing.draw.memory import LAYOUTS, layout
from tinygrad_rnn.testing.draw.source import RandomSource


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("x", [np.array(2.0), np.arange(6.0).reshape(2, 3), np.zeros((0, 2)), np.ones((3, 2), int)])
def test_a_layout_keeps_the_values(layout, x):
    y = layout(x)
    assert y.dtype == x.dtype
    np.testing.assert_array_equal(x, y, strict=True)
    assert y is not x
    assert not np.shares_memory(x, y)


def test_the_layouts_are_what_they_say():
    x = np.arange(6.0).reshape(2, 3)
    strides = {layout.__name__: layout(x).strides for layout in LAYOUTS}
    assert strides["_fortran"] == (8, 16)
    assert strides["_reversed"] == (-24, -8)
    assert strides["_strided"] == (112, 16)
    assert LAYOUTS[-1](np.ones((2, 3))).strides == (0, 0)
    assert LAYOUTS[-1](np.array([[1.0, 2.0], [1.0, 2.0]])).strides == (0, 8)
    assert not LAYOUTS[-2](x).flags.writeable


def test_every_layout_is_drawn():
    kinds = {layout(RandomSource(seed), np.arange(6.0).reshape(2, 3)).strides for seed in range(100)}
    assert len(kinds) >= 4
