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
    with pytest.raises(tg.TinygradError, match="axes don't match"):
        cube.transpose(())
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


@pytest.mark.parametrize("op", [tg.tile, tg.repeat])
def test_a_fraction_is_no_number_of_times(op):
    with pytest.raises(tg.DTypeError, match=f"{op.__name__}: .*1.5"):
        op(tg.tensor([1.0, 2.0]), 1.5)


def test_repeat_takes_every_axis_that_there_is():
    x = np.arange(4.0).reshape(2, 2)
    for axis in (0, 1, -1, -2):
        assert tg.repeat(x, 2, axis).tolist() == np.repeat(x, 2, axis).tolist()
    for axis in (2, 3, -3):
        with pytest.raises(tg.ShapeError, match=f"there is no axis {axis}"):
            tg.repeat(x, 2, axis)


@pytest.mark.parametrize("mode", ["blend", "Constant"])
def test_pad_modes_that_there_are_not_are_refused(mode):
    with pytest.raises(tg.ShapeError, match=f"there is no mode {mode!r}"):
        tg.pad(np.ones(3), 1, mode)


@pytest.mark.parametrize(("shape", "reps"), [((2,), (2, 1, 3)), ((2, 3), 2), ((2, 1, 2), (3, 2))])
def test_tile_lines_up_with_the_last_axes(shape, reps):
    x = np.arange(float(np.prod(shape))).reshape(shape)
    assert tg.tile(x, reps).tolist() == np.tile(x, reps).tolist()


def test_the_gradient_of_a_transpose_goes_back_by_negative_axes_too():
    gy = np.arange(24.0).reshape(4, 3, 2)
    (gx,) = tg.vjp(lambda x: tg.transpose(x, (2, -2, 0)), np.zeros((2, 3, 4)))[1](gy)
    assert gx.tolist() == gy.transpose(2, 1, 0).tolist()


def test_the_gradient_of_nothing_spread_out_is_nothing():
    (gx,) = tg.vjp(lambda x: tg.broadcast_to(x, (2, 0, 3)), np.zeros((0, 3)))[1](np.zeros((2, 0, 3)))
    assert gx.shape == (0, 3)


def test_arrays_have_numpys_names():
    x = np.arange(4.0).reshape(2, 2)
    assert tg.tile(A=x, reps=2).tolist() == np.tile(A=x, reps=2).tolist()
    assert tg.repeat(a=x, repeats=2).tolist() == np.repeat(a=x, repeats=2).tolist()
    assert tg.pad(array=x, pad_width=1).tolist() == np.pad(array=x, pad_width=1).tolist()
    assert [part.tolist() for part in tg.split(ary=x, indices_or_sections=2)] == [[[0, 1]], [[2, 3]]]
    assert tg.trace(a=x) == np.trace(a=x)
    assert tg.outer(a=x[0], b=x[1]).tolist() == np.outer(a=x[0], b=x[1]).tolist()
    assert tg.concatenate(arrays=[x[0], x[1]]).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("axis", [None, 0, -1])
def test_a_number_is_repeated_as_a_vector_of_one(axis):
    x = tg.tensor(1.5, requires_grad=True)
    y = x.repeat(3, axis)
    assert y.tolist() == np.repeat(x.data, 3, axis).tolist() == [1.5, 1.5, 1.5]
    y.sum().backward()
    assert x.grad.item() == 3
    with pytest.raises(tg.ShapeError, match="there is no axis 1"):
        x.repeat(3, 1)


@pytest.mark.parametrize(
    ("shift", "axis"), [(2, None), (-9, 0), (np.uint8(1), 1), ((1, 2), (0, 1)), ([1, 2], (1, 1)), (1, (0, 1))]
)
def test_what_is_rolled_is_rolled_back(shift, axis):
    x, gy = np.arange(6.0).reshape(2, 3), np.arange(6.0).reshape(2, 3) ** 2
    y, pull = tg.vjp(lambda x: np.roll(x, shift, axis), x)
    shift = np.asarray(shift, int)  # before NumPy 2.2 unsigned ones overflow
    assert y.tolist() == np.roll(x, shift, axis).tolist()
    (gx,) = pull(gy)
    assert np.roll(gx.data, shift, axis).tolist() == gy.tolist()


@pytest.mark.parametrize("n", [1, 2, 3])
def test_so_many_axes_at_least(n):
    ours, theirs = (getattr(module, f"atleast_{n}d") for module in (tg, np))
    arrays = [np.array(2.0), np.ones(3), np.ones((2, 3)), np.ones((2, 1, 3))]
    tensors = [tg.tensor(x, requires_grad=True) for x in arrays]
    assert [y.shape for y in ours(*tensors)] == [y.shape for y in theirs(*arrays)]
    assert isinstance(theirs(*tensors), tuple)
    assert all(y.requires_grad for y in theirs(*tensors))
    assert ours(1.0).shape == theirs(1.0).shape
    assert ours() == ()
