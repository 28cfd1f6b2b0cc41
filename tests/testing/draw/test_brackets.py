import numpy as np
import pytest

from tinygrad_rnn.testing.draw.brackets import index, part_of, places, position
from tinygrad_rnn.testing.draw.source import RandomSource

SHAPES = [(), (4,), (1,), (2, 3), (3, 1, 2), (0,), (0, 3), (3, 0)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("duplicates", [True, False])
def test_any_index_fits(shape, duplicates):
    """None is out of bounds; without duplicates no element is read twice."""
    x = np.arange(np.prod(shape, dtype=int)).reshape(shape)
    for seed in range(300):
        found = x[index(RandomSource(seed), shape, duplicates)]
        assert duplicates or np.unique(found).size == np.size(found)


def kinds(found):
    parts = found if isinstance(found, tuple) else (found,)
    for part in parts:
        yield type(part).__name__
        if isinstance(part, slice):
            yield "backwards" if part.step is not None and part.step < 0 else "forwards"
        if isinstance(part, np.ndarray):
            yield f"{part.dtype} of {part.ndim}"


def test_every_kind_of_index_is_drawn():
    found = [index(RandomSource(seed), (3, 4)) for seed in range(500)]
    seen = {kind for one in found for kind in kinds(one)}
    assert seen >= {"int", "slice", "backwards", "forwards", "ellipsis", "NoneType", "list", "bool of 1", "bool of 2",
                    "int64 of 0", "int64 of 1", "int64 of 2"}  # fmt: skip


def test_an_element_is_often_read_twice():
    x = np.arange(12).reshape(3, 4)
    read = [x[index(RandomSource(seed), x.shape)] for seed in range(300)]
    assert sum(np.unique(y).size < np.size(y) for y in read) > 15


@pytest.mark.parametrize("size", [1, 3])
def test_positions_slices_and_places(size):
    x = np.arange(size)
    for seed in range(100):
        source = RandomSource(seed)
        x[position(source, size)]
        x[part_of(source, size)]
        assert np.shape(x[places(source, size, shape=(2, 2))]) == (2, 2)
