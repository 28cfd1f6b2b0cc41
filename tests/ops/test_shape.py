"""What arranging keeps: views, dtypes, and no gradient through integers."""

import numpy as np
import pytest

import tinygrad_rnn as tg


def test_astype_carries_the_gradient_home():
    x = tg.tensor([1.0, 2.0], dtype=np.float32, requires_grad=True)
    (x.astype(np.float64) * 3.0).sum().backward()
    assert x.grad.dtype == np.float32
    assert x.grad.tolist() == [3, 3]


@pytest.mark.parametrize("dtype", [int, bool, "int32"])
def test_nothing_passes_through_integers(dtype):
    x = tg.tensor([1.5, 2.5], requires_grad=True)
    assert not x.astype(dtype).requires_grad
    (x.astype(dtype) * 2.0 + x).sum().backward()
    assert x.grad.tolist() == [1, 1]


def test_methods_take_sizes_as_numpy_does():
    x = tg.tensor(np.arange(6.0), requires_grad=True)
    assert x.reshape(2, 3).shape == x.reshape((2, 3)).shape == x.reshape([2, -1]).shape == (2, 3)
    cube = x.reshape(1, 2, 3)
    assert cube.transpose(2, 0, 1).shape == cube.transpose((2, 0, 1)).shape == (3, 1, 2)
    assert cube.T.shape == cube.transpose().shape == (3, 2, 1)
    assert cube.mT.shape == (1, 3, 2)
    assert cube.flatten().shape == cube.ravel().shape == (6,)


def test_arrays_may_be_lists():
    assert tg.tile([1, 2], 2).tolist() == [1, 2, 1, 2]
    assert tg.repeat([1, 2], 2).tolist() == [1, 1, 2, 2]
    assert tg.pad([1, 2], 1, mode="edge").tolist() == [1, 1, 2, 2]
    assert [part.tolist() for part in tg.split([1, 2, 3, 4], 2)] == [[1, 2], [3, 4]]


@pytest.mark.parametrize("mode", ["mean", "linear_ramp", "maximum", "empty"])
def test_pad_modes_that_compute_new_numbers_are_refused(mode):
    with pytest.raises(tg.ShapeError, match="expected  constant, edge, reflect, symmetric, wrap"):
        tg.pad(np.ones(3), 1, mode=mode)


def test_pad_widths_that_do_not_fit_are_refused():
    for mode in ("constant", "edge"):
        with pytest.raises(tg.ShapeError, match="pad"):
            tg.pad(np.ones(3), -1, mode=mode)


def test_repeat_and_split_name_the_axis_that_is_missing():
    for f in (lambda x: tg.repeat(x, 2, axis=1), lambda x: tg.split(x, 1, axis=-2)):
        with pytest.raises(tg.ShapeError, match="there is no axis"):
            f(np.ones(3))


def test_concatenating_two_dtypes_gives_each_its_gradient():
    a = tg.tensor([1.0], dtype=np.float32, requires_grad=True)
    b = tg.tensor([2.0], requires_grad=True)
    tg.concatenate([a, b]).sum().backward()
    assert (a.grad.dtype, b.grad.dtype) == (np.float32, np.float64)


@pytest.mark.parametrize("op", [tg.tile, tg.repeat])
def test_a_fraction_is_no_number_of_times(op):
    with pytest.raises(tg.DTypeError, match=f"{op.__name__}: .*1.5"):
        op(tg.tensor([1.0, 2.0]), 1.5)
