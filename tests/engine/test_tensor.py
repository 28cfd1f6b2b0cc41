"""Tensor: what it holds, how it copies, what Python may ask of it."""

import copy
import pickle

import numpy as np
import pytest

import tinygrad_rnn as tg


@pytest.mark.parametrize(
    ("data", "dtype"),
    [
        (1.0, np.float64),
        ([1, 2], np.int64),
        (True, bool),
        (np.float32(1), np.float32),
        (np.ones(2, np.float16), np.float16),
    ],
)
def test_dtypes_are_numpys(data, dtype):
    assert tg.tensor(data).dtype == dtype


def test_weak_scalars_keep_float32():
    x = tg.tensor([1.0], dtype=np.float32, requires_grad=True)
    for y in (x * 2.0, 2.0 * x, x + 1, x**2, x**0.5, x / 3.0, 1.0 - x, tg.maximum(x, 0.0), tg.where(x > 0, x, 0.0)):
        assert y.dtype == np.float32
    assert (x * np.ones(1)).dtype == np.float64


@pytest.mark.parametrize("data", [[[1, 2], [3]], "text", None, [None], {"a": 1}, object()])
def test_what_holds_no_numbers_is_refused(data):
    with pytest.raises((tg.ShapeError, tg.DTypeError), match="tensor"):
        tg.tensor(data)


def test_integers_cannot_require_grad():
    with pytest.raises(tg.DTypeError, match=r"write 3[.]0 for 3"):
        tg.tensor([1, 2], requires_grad=True)
    x = tg.tensor([1, 2])
    with pytest.raises(tg.DTypeError):
        x.requires_grad = True
    assert not x.requires_grad


def test_requires_grad_is_set_on_leaves_only():
    y = tg.tensor(1.0, requires_grad=True) * 2
    with pytest.raises(tg.GraphError, match="only be set on a leaf"):
        y.requires_grad = False
    x = tg.tensor(1.0, requires_grad=True, name="x")
    x.requires_grad = False
    assert not (x * 2).requires_grad
    assert x.name == "x"


def test_grad_may_be_set_and_must_fit():
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    x.grad = [3, 4]
    (x * 1.0).sum().backward()
    assert x.grad.tolist() == [4, 5]
    with pytest.raises(tg.ShapeError, match="grad"):
        x.grad = np.ones(3)


def named():
    x = tg.label(tg.tensor([1.0, 2.0], dtype=np.float32, requires_grad=True), "parameter", "w")
    (x * x).sum().backward()
    return x


@pytest.mark.parametrize("twin", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_twins_of_a_leaf(twin):
    x = named()
    y = twin(x)
    assert (y.tolist(), y.dtype, y.requires_grad, y.name) == ([1, 2], np.float32, True, "w")
    assert y.node.label == ("parameter", "w")
    assert not np.shares_memory(x.data, y.data)
    y.assign([9.0, 9.0])
    y.grad = None
    (y * y).sum().backward()
    assert x.tolist() == [1, 2]
    assert x.grad.tolist() == [2, 4]
    assert y.grad.tolist() == [18, 18]


def test_deepcopy_keeps_what_is_shared_shared():
    x = named()
    a, b = copy.deepcopy([x, x])
    assert a is b
    assert a is not x


def test_results_are_not_copied():
    with pytest.raises(tg.GraphError, match="result of an op"):
        copy.deepcopy(named() * 2)


def test_pickles_of_constants():
    x = tg.tensor([1, 2])
    y = pickle.loads(pickle.dumps(x))
    assert y.tolist() == [1, 2]
    assert not y.requires_grad


def test_numpy_asks_for_what_is_recorded_and_is_refused():
    x = tg.tensor([1.0], requires_grad=True)
    with pytest.raises(tg.GraphError, match="NumPy would lose the graph"):
        np.asarray(x)
    assert np.add(np.ones(1), x).requires_grad
    assert np.asarray(x.detach()).tolist() == [1]


def test_python_asks():
    x = tg.tensor([[1.5, 2.0]])
    assert (len(x), x.ndim, x.size, x.shape) == (1, 2, 2, (1, 2))
    assert [row.tolist() for row in x] == [[1.5, 2.0]]
    assert float(x[0, 0]) == 1.5
    assert int(x[0, 1]) == 2
    assert f"{x[0, 0]:.2f}" == "1.50"
    assert [10, 20][tg.tensor(1)] == 20
    assert bool(tg.tensor(1.0))
    assert {x: 1}[x] == 1
    assert (abs(-x)).tolist() == (+x).tolist() == [[1.5, 2.0]]


@pytest.mark.parametrize(
    ("ask", "error"),
    [
        (bool, tg.ShapeError),
        (lambda x: x.item(), tg.ShapeError),
        (float, tg.ShapeError),
        (lambda x: len(x.sum()), tg.DTypeError),
        (lambda x: iter(x.sum()), tg.DTypeError),
        (lambda x: [1, 2][x[0]], tg.DTypeError),
        (lambda x: x + "text", TypeError),
        (lambda x: tg.add(x, "text"), tg.DTypeError),
        (lambda x: x + [[1, 2], [3]], tg.ShapeError),
        (lambda x: x[5], tg.ShapeError),
    ],
)
def test_python_asks_too_much(ask, error):
    with pytest.raises(error):
        ask(tg.tensor([1.0, 2.0]))


def test_repr_shows_values_and_where_they_come_from():
    x = tg.tensor([1.0, 2.0], dtype=np.float32, requires_grad=True)
    assert repr(x) == "tensor([1., 2.], dtype=float32, requires_grad=True)"
    assert repr(x * 2) == "tensor([2., 4.], dtype=float32, op=multiply)"
    assert repr(tg.tensor(1)) == "tensor(1)"


def test_a_leaf_is_what_no_op_made():
    x = tg.tensor(1.0, requires_grad=True)
    assert x.is_leaf
    assert not (x * 2).is_leaf
    assert (x * 2).detach().is_leaf
    with tg.no_grad():
        assert (x * 2).is_leaf


def test_operators_record_on_either_side():
    x = tg.tensor([2.0, 3.0], requires_grad=True)
    y = 1 + x - 1
    y = (2 - x) * 3 / x + (2**x) + (x / 2) ** 2 + (1 / x) - x + y
    y.sum().backward()
    v = np.array([2.0, 3.0])
    exact = -6 / v**2 + 2**v * np.log(2) + v / 2 - 1 / v**2
    np.testing.assert_allclose(x.grad.data, exact, rtol=1e-14)  # a few roundings


def test_what_cannot_be_a_dtype_or_a_value_is_said():
    with pytest.raises(tg.DTypeError, match="there is no dtype 'nonsense'"):
        tg.tensor(1.0, dtype="nonsense")
    with pytest.raises(tg.ShapeError, match="assign: the values are not a rectangular array"):
        tg.tensor([1.0, 2.0]).assign([[1.0], [1.0, 2.0]])
