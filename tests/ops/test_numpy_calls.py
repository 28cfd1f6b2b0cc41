"""NumPy's functions on Tensors are the ops of their names, and record; what is no op is refused in words."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import ops
from tinygrad_rnn.ops.numpy_calls import OPS

X = np.array([[1.0, 2.0], [3.0, 4.0]])
CALLS = {
    "tanh": np.tanh,
    "sum": lambda x: np.sum(x, axis=0),
    "mean": lambda x: np.mean(x, axis=1, keepdims=True),
    "amax": np.amax,
    "concatenate": lambda x: np.concatenate([x, x, X]),
    "stack": lambda x: np.stack([X, x], axis=1),
    "where": lambda x: np.where(X > 1, x, 0.0),
    "einsum": lambda x: np.einsum("ij,jk->ik", x, x),
    "reshape": lambda x: np.reshape(x, (4,)),
    "ravel": np.ravel,
    "norm": np.linalg.norm,
    "maximum": lambda x: np.maximum(x, 2.5),
    "matmul": lambda x: np.matmul(X, x),
    "moveaxis": lambda x: np.moveaxis(x, 0, 1),
    "pad": lambda x: np.pad(x, 1),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_function_of_numpys_records(call):
    x = tg.tensor(X, requires_grad=True)
    y = call(x)
    assert isinstance(y, tg.Tensor)
    assert y.requires_grad
    np.testing.assert_allclose(y.data, call(X), rtol=1e-15)
    y.sum().backward()
    assert x.grad.shape == X.shape


def test_every_public_op_that_numpy_has_is_called_by_numpys_function():
    missing = [name for name in ops.__all__ if callable(getattr(np, name, None)) and getattr(np, name) not in OPS]
    assert not missing


def test_arrays_meet_tensors_on_either_side():
    x = tg.tensor(X, requires_grad=True)
    for y in (X + x, X - x, X * x, X / x, X**x, X @ x, np.float64(2) * x, np.array(3.0) * x):
        assert isinstance(y, tg.Tensor)
        assert y.requires_grad
    assert (x > X).tolist() == [[False, False], [False, False]]
    assert (x == X).data.all()


def test_questions_about_values_are_answered():
    x = tg.tensor(X, requires_grad=True)
    assert np.allclose(x, X)
    assert np.array_equal(X, x)
    assert (np.shape(x), np.ndim(x), np.size(x)) == ((2, 2), 2, 4)
    assert np.zeros_like(x).tolist() == [[0, 0], [0, 0]]
    np.testing.assert_allclose(x.detach(), X)


@pytest.mark.parametrize("requires_grad", [False, True])
@pytest.mark.parametrize(
    ("call", "says"),
    [
        (np.ptp, r"np\.ptp: there is no op of this name that records(.|\n)*np\.ptp\(x\.numpy\(\)\)"),
        (np.linalg.svd, r"np\.svd"),
        (lambda x: np.heaviside(x, 0.5), r"np\.heaviside"),
        (np.add.reduce, r"np\.add\.reduce"),
        (lambda x: np.add(x, x, out=np.zeros((2, 2))), r"np\.add: of a Tensor it takes no options(.|\n)*out"),
        (lambda x: np.exp(x, dtype=np.float32), r"np\.exp: of a Tensor it takes no options"),
        (lambda x: np.sum(x, out=np.zeros(())), "out"),
    ],
)
def test_what_is_no_op_is_refused_in_words(call, says, requires_grad):
    with pytest.raises(tg.TinygradError, match=says) as refused:
        call(tg.tensor(X, requires_grad=requires_grad))
    assert isinstance(refused.value, TypeError)


def test_an_array_is_not_written_to_with_a_tensor():
    array, x = X.copy(), tg.tensor(X, requires_grad=True)
    with pytest.raises(tg.DTypeError, match=r"write array \+ t"):
        array += x
    assert array.tolist() == X.tolist()
