"""Put together: along an axis that is there or a new one, in another dtype, and each part gets its gradient."""

import numpy as np
import pytest

import tinygrad_rnn as tg


def test_concatenating_two_dtypes_gives_each_its_gradient():
    a = tg.tensor([1.0], dtype=np.float32, requires_grad=True)
    b = tg.tensor([2.0], requires_grad=True)
    tg.concatenate([a, b]).sum().backward()
    assert (a.grad.dtype, b.grad.dtype) == (np.float32, np.float64)


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -3])
def test_what_was_joined_along_any_axis_is_parted_there(axis):
    a, b = np.ones((2, 2, 2)), np.ones((2, 2, 2))
    gy = np.arange(16.0).reshape(np.concatenate([a, b], axis).shape)
    ga, gb = tg.vjp(lambda a, b: tg.concatenate([a, b], axis), a, b)[1](gy)
    assert [ga.tolist(), gb.tolist()] == [part.tolist() for part in np.split(gy, 2, axis)]


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


JOINTS = {
    "vstack": [[(3,), (3,)], [(2, 3), (3,)], [(), ()], [(1, 2, 2), (3, 2, 2)]],
    "hstack": [[(3,), (2,)], [(2, 3), (2, 1)], [(), ()], [(2, 1, 2), (2, 3, 2)]],
    "dstack": [[(3,), (3,)], [(2, 3), (2, 3)], [(), ()], [(2, 3, 1), (2, 3)]],
    "column_stack": [[(3,), (3,)], [(3, 2), (3,)], [(), ()], [(3, 1), (3, 4)]],
}


@pytest.mark.parametrize(("name", "shapes"), [(name, shapes) for name, cases in JOINTS.items() for shapes in cases])
def test_joints_of_every_rank(name, shapes):
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(shape) for shape in shapes]
    tensors = [tg.tensor(x, requires_grad=True) for x in arrays]
    expected = getattr(np, name)(arrays)
    y = getattr(np, name)([tensors[0], *arrays[1:]])
    assert y.requires_grad
    np.testing.assert_array_equal(y.data, expected)
    gy = np.arange(float(expected.size)).reshape(expected.shape)
    getattr(tg, name)(tensors).backward(gy)
    places = getattr(np, name)([np.full(x.shape, k) for k, x in enumerate(arrays)])
    for k, x in enumerate(tensors):
        assert x.grad.data.sum() == gy[places == k].sum()


@pytest.mark.parametrize("f", [tg.vstack, tg.hstack])
def test_stacks_in_another_dtype(f):
    a = tg.tensor([1.5, 2.5], requires_grad=True)
    assert f([a, a], dtype="f4").dtype == np.float32
    with pytest.raises(tg.DTypeError, match=f"{f.__name__}: float64 does not become int64"):
        f([a, a], dtype=int)
    with pytest.raises(tg.OptionError, match=f"{f.__name__}: the arrays are not a sequence"):
        f(3)


@pytest.mark.parametrize("axis", [None, 0, -1])
def test_append(axis):
    a, b = np.arange(4.0).reshape(2, 2), 10 + np.arange(4.0).reshape(2, 2)
    y = np.append(tg.tensor(a, requires_grad=True), b, axis)
    assert y.tolist() == np.append(a, b, axis).tolist()
    assert y.requires_grad
    assert tg.append(arr=a, values=b, axis=axis).tolist() == y.tolist()
