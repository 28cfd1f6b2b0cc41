"""Python's operators: what they do not know is left to the other side; in place only where nothing is recorded."""

import operator
from unittest import mock

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import ops

BINARY = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "truediv": operator.truediv, "pow": operator.pow,
    "matmul": operator.matmul,
}  # fmt: skip
COMPARISONS = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le", "eq": "eq", "ne": "ne"}


class Knowing:
    """A class that computes with Tensors from the other side, in every operator."""


for _name in BINARY:
    setattr(Knowing, f"__r{_name}__", lambda self, other, name=_name: name)
for _name in COMPARISONS:
    setattr(Knowing, f"__{_name}__", lambda self, other, name=_name: name)


@pytest.mark.parametrize("name", BINARY)
def test_the_other_side_is_asked(name):
    assert BINARY[name](tg.tensor([1.0, 2.0]), Knowing()) == name
    with pytest.raises(TypeError, match="unsupported operand"):
        BINARY[name](tg.tensor([1.0, 2.0]), object())


@pytest.mark.parametrize(("name", "other"), COMPARISONS.items())
def test_the_other_side_is_asked_to_compare(name, other):
    assert getattr(operator, name)(tg.tensor([1.0, 2.0]), Knowing()) == other


def test_equal_to_something_else_is_false():
    x = tg.tensor([1.0, 2.0])
    assert (x == "text") is False
    assert (x != "text") is True
    assert (x == None) is False  # noqa: E711
    assert x not in ["text", None, object()]
    assert x == mock.ANY
    assert (x == [1.0, 3.0]).tolist() == [True, False]


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("other", [2.0, np.array([[0.5, 1.0], [2.0, 1.5]])], ids=["number", "array"])
def test_in_place_on_a_parameter(name, other):
    if name == "matmul" and np.ndim(other) == 0:
        other = np.eye(2)
    write = getattr(operator, f"i{name}")
    p = before = tg.tensor([[1.0, 2.0], [3.0, 4.0]], dtype=np.float32, requires_grad=True)
    expected = BINARY[name](p.numpy(), other)
    with pytest.raises(tg.GraphError, match=r"is not written to while ops are recorded(.|\n)*no_grad"):
        write(p, other)
    loss = (p * p).sum()
    with tg.no_grad():
        p = write(p, other)
    assert p is before
    assert p.dtype == np.float32
    np.testing.assert_array_equal(p.data, expected.astype(np.float32))
    with pytest.raises(tg.GraphError, match="was assigned after it was used"):
        loss.backward()


def test_in_place_on_anything_else_makes_a_new_tensor():
    p = tg.tensor([1.0, 2.0], requires_grad=True)
    total = first = p * 2
    total += p
    assert total is not first
    assert total.requires_grad
    x = constant = tg.tensor([1.0, 2.0])
    x += 1
    assert (x.tolist(), constant.tolist()) == ([2, 3], [1, 2])


def test_in_place_does_not_change_the_shape():
    p = tg.tensor([1.0, 2.0], requires_grad=True)
    with tg.no_grad(), pytest.raises(tg.ShapeError, match="assign"):
        p += np.ones((3, 2))
    with tg.no_grad(), pytest.raises(TypeError, match="unsupported operand"):
        p += "text"
    assert p.tolist() == [1, 2]


def test_every_op_of_one_array_is_a_method():
    declared = {name: getattr(getattr(tg, name), "op", None) for name in ops.__all__ if name != "getitem"}
    of_one = [name for name, op in declared.items() if op and len(op.params) == 1 and not op.variadic]
    missing = [name for name in (*of_one, "norm", "pad", "tile", "split") if not hasattr(tg.Tensor, name)]
    assert not missing


def test_a_method_is_the_op_of_its_name():
    x = tg.tensor([[0.5, 2.0], [1.0, 3.0]], requires_grad=True)
    for name in ("exp", "log", "sigmoid", "relu", "softmax", "logsumexp", "flip", "norm", "abs", "square", "tanh"):
        assert getattr(x, name)().tolist() == getattr(tg, name)(x).tolist(), name
    assert x.softmax(axis=0).node.op is tg.softmax.op
    assert [part.shape for part in x.split(2, axis=1)] == [(2, 1), (2, 1)]
