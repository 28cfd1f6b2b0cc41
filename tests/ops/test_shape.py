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


def test_concatenating_two_dtypes_gives_each_its_gradient():
    a = tg.tensor([1.0], dtype=np.float32, requires_grad=True)
    b = tg.tensor([2.0], requires_grad=True)
    tg.concatenate([a, b]).sum().backward()
    assert (a.grad.dtype, b.grad.dtype) == (np.float32, np.float64)


@pytest.mark.parametrize("op", [tg.tile, tg.repeat])
def test_a_fraction_is_no_number_of_times(op):
    with pytest.raises(tg.DTypeError, match=f"{op.__name__}: .*1.5"):
        op(tg.tensor([1.0, 2.0]), 1.5)


def test_split_takes_every_axis_that_there_is():
    x = np.arange(4.0).reshape(2, 2)
    assert [part.tolist() for part in tg.split(x, 2)] == [[[0, 1]], [[2, 3]]]
    for axis in (1, -1):
        assert [part.tolist() for part in tg.split(x, 2, axis)] == [[[0], [2]], [[1], [3]]]
    assert [part.tolist() for part in tg.split(x, 1, -2)] == [x.tolist()]
    for axis in (2, 3, -3):
        with pytest.raises(tg.ShapeError, match=f"there is no axis {axis}"):
            tg.split(x, 1, axis)


@pytest.mark.parametrize("parts", [0, -1, 3])
def test_split_into_parts_that_are_not_equal(parts):
    with pytest.raises(tg.ShapeError, match=f"4 does not divide into {parts} equal parts"):
        tg.split(np.ones(4), parts)


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


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -3])
def test_what_was_joined_along_any_axis_is_parted_there(axis):
    a, b = np.ones((2, 2, 2)), np.ones((2, 2, 2))
    gy = np.arange(16.0).reshape(np.concatenate([a, b], axis).shape)
    ga, gb = tg.vjp(lambda a, b: tg.concatenate([a, b], axis), a, b)[1](gy)
    assert [ga.tolist(), gb.tolist()] == [part.tolist() for part in np.split(gy, 2, axis)]


def test_the_gradient_of_nothing_spread_out_is_nothing():
    (gx,) = tg.vjp(lambda x: tg.broadcast_to(x, (2, 0, 3)), np.zeros((0, 3)))[1](np.zeros((2, 0, 3)))
    assert gx.shape == (0, 3)


@pytest.mark.parametrize("f", [tg.concatenate, tg.stack])
def test_joining_into_another_dtype(f):
    a = tg.tensor([1.5, 2.5], requires_grad=True)
    y = f([a, np.ones(2, np.float32)], 0, None, dtype="f4")
    assert (y.dtype, y.tolist()) == (np.float32, getattr(np, f.__name__)([a.data, np.ones(2)]).tolist())
    y.sum().backward()
    assert a.grad.tolist() == [1, 1]
    assert f([a, a], dtype=int, casting="unsafe").dtype == int
    with pytest.raises(tg.DTypeError, match=f"{f.__name__}: float64 does not become int64 by casting='same_kind'"):
        f([a, a], dtype=int)
    with pytest.raises(tg.OptionError, match=f"{f.__name__}: no array is written to"):
        f([a, a], out=np.zeros(4))


def test_arrays_have_numpys_names():
    x = np.arange(4.0).reshape(2, 2)
    assert tg.tile(A=x, reps=2).tolist() == np.tile(A=x, reps=2).tolist()
    assert tg.repeat(a=x, repeats=2).tolist() == np.repeat(a=x, repeats=2).tolist()
    assert tg.pad(array=x, pad_width=1).tolist() == np.pad(array=x, pad_width=1).tolist()
    assert [part.tolist() for part in tg.split(ary=x, indices_or_sections=2)] == [[[0, 1]], [[2, 3]]]
    assert tg.trace(a=x) == np.trace(a=x)
    assert tg.outer(a=x[0], b=x[1]).tolist() == np.outer(a=x[0], b=x[1]).tolist()
    assert tg.concatenate(arrays=[x[0], x[1]]).tolist() == [0, 1, 2, 3]


def test_a_span_of_time_does_not_say_where_to_cut():
    with pytest.raises(tg.DTypeError, match="timedelta64"):
        tg.split(tg.tensor([1.0, 2.0]), np.timedelta64(1, "D"))
