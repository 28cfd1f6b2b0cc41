"""Python's operators: what they do not know is left to the other side; in place only where nothing is recorded."""

import operator
from unittest import mock

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import ops
from tinygrad_rnn.ops import aliases

BINARY = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "truediv": operator.truediv, "pow": operator.pow,
    "matmul": operator.matmul, "floordiv": operator.floordiv, "mod": operator.mod,
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


MASKS = {"and": operator.and_, "or": operator.or_, "xor": operator.xor}


@pytest.mark.parametrize("name", MASKS)
def test_masks_are_combined(name):
    array = np.array([-1.0, 0.5, 2.0])
    x, combine = tg.tensor(array, requires_grad=True), MASKS[name]
    a, b = array > 0, array < 1
    for y in (combine(x > 0, x < 1), combine(a, x < 1), combine(x > 0, b), combine(x > 0, b.tolist())):
        assert isinstance(y, tg.Tensor)
        assert y.tolist() == combine(a, b).tolist()
    assert combine(tg.tensor([6, 5]), 3).tolist() == combine(np.array([6, 5]), 3).tolist()
    with pytest.raises(tg.DTypeError, match=f"bitwise_{name}: float64 and bool"):
        combine(x, a)
    with pytest.raises(TypeError, match="unsupported operand"):
        combine(x > 0, "text")
    assert tg.where(~((x > 0) & (x < 1)), x, 0.0).sum().requires_grad


def test_a_mask_is_asked():
    x = tg.tensor([-1.0, 0.5, 2.0])
    assert (~(x > 0)).tolist() == [True, False, False]
    assert (x > 0).any()
    assert not (x > 0).all()
    with pytest.raises(tg.DTypeError, match="invert"):
        ~x


def test_what_is_left_over():
    array = np.array([-7.5, 0.5, 7.25])
    x = tg.tensor(array, requires_grad=True)
    for quotient, rest in (divmod(x, 2), (x // 2, x % 2)):
        assert quotient.tolist() == (array // 2).tolist()
        assert rest.tolist() == (array % 2).tolist()
    quotient, rest = divmod(20, x)
    assert (quotient.tolist(), rest.tolist()) == ((20 // array).tolist(), (20 % array).tolist())
    (x % 2 + x // 2).sum().backward()
    assert x.grad.tolist() == [1, 1, 1]
    assert round(x[2]).item() == 7
    assert round(x, 1).tolist() == np.round(array, 1).tolist()


def test_every_op_of_one_array_is_a_method():
    declared = {name: getattr(getattr(tg, name), "op", None) for name in ops.__all__ if name != "getitem"}
    declared = {name: op for name, op in declared.items() if name not in aliases.__all__}
    of_one = [name for name, op in declared.items() if op and len(op.params) == 1 and not op.variadic]
    missing = [
        name
        for name in (*of_one, "norm", "pad", "tile", "split", "median", "topk", "gelu", "tril")
        if not hasattr(tg.Tensor, name)
    ]
    assert not missing


def test_a_method_is_the_op_of_its_name():
    x = tg.tensor([[0.5, 2.0], [1.0, 3.0]], requires_grad=True)
    for name in ("exp", "log", "sigmoid", "relu", "softmax", "logsumexp", "flip", "norm", "abs", "square", "tanh"):
        assert getattr(x, name)().tolist() == getattr(tg, name)(x).tolist(), name
    assert x.softmax(axis=0).node.op is tg.softmax.op
    assert [part.shape for part in x.split(2, axis=1)] == [(2, 1), (2, 1)]
