"""Triangles and diagonals of every shape, and in every dtype, as NumPy has them."""

import numpy as np
import pytest

import tinygrad_rnn as tg


@pytest.mark.parametrize("name", ["tril", "triu"])
@pytest.mark.parametrize("shape", [(4,), (3, 4), (4, 3), (2, 3, 3), (0, 3), (0,)])
@pytest.mark.parametrize("k", [-5, -1, 0, 1, 5])
@pytest.mark.parametrize("dtype", [float, np.float32, int, bool])
def test_triangles(name, shape, k, dtype):
    x = np.arange(1, 1 + np.prod(shape)).reshape(shape).astype(dtype)
    expected = getattr(np, name)(x, k)
    ours = getattr(tg, name)
    for found in (ours(x, k), ours(tg.tensor(x), k).data, getattr(np, name)(tg.tensor(x), k).data):
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)


def test_what_is_left_out_passes_exactly_nothing():
    x = tg.tensor(np.full((2, 2), np.inf), requires_grad=True)
    tg.tril(x).backward(np.full((2, 2), np.nan))
    assert x.grad.data[0, 1] == 0


@pytest.mark.parametrize("k", [-2, 0, 1])
def test_a_diagonal_there_and_back(k):
    v = tg.tensor([1.0, 2.0, 3.0], requires_grad=True)
    assert tg.diag(tg.diag(v, k), k).tolist() == v.tolist()
    assert tg.diag(v, k).tolist() == np.diag(v.data, k).tolist()
    tg.diag(v, k).backward(np.arange(float((3 + abs(k)) ** 2)).reshape(3 + abs(k), -1))
    assert v.grad.tolist() == np.diag(np.arange(float((3 + abs(k)) ** 2)).reshape(3 + abs(k), -1), k).tolist()


@pytest.mark.parametrize("f", [tg.tril, tg.diag])
def test_what_has_no_matrix_is_refused(f):
    with pytest.raises(tg.ShapeError, match="there is no matrix"):
        f(tg.tensor(1.0))
    with pytest.raises(tg.OptionError, match=r"k=0\.5"):
        f(np.ones((2, 2)), 0.5)
