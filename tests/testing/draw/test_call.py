from itertools import islice

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.testing import check_vjp
from tinygrad_rnn.testing.draw.call import Call, names, public
from tinygrad_rnn.testing.report.text import Name, text

A, B = np.array([0.5, -1.0]), np.array([[2.0], [0.25]])


def test_str_names_the_arrays_and_repr_writes_them():
    call = Call("concatenate", ([A, A],), {"axis": 0})
    assert str(call) == "tg.concatenate([a, b], axis=0)"
    assert repr(call) == "tg.concatenate([np.array([0.5, -1.0]), np.array([0.5, -1.0])], axis=0)"


def test_the_function_of_its_arrays_alone():
    call = Call("where", (np.array([True, False]), A, 2.0))
    assert [x is A for x in call.arrays] == [True]
    assert call.run().tolist() == [0.5, 2.0]
    assert call.function(3 * A).tolist() == [1.5, 2.0]
    assert check_vjp(call.function, *call.arrays).passed


def test_arrays_in_lists_are_found_and_replaced():
    call = Call("einsum", ("i,ji->j", A, B.T @ np.ones((2, 2))))
    assert len(call.arrays) == 2
    assert call.replaced(lambda x: Name("x") if isinstance(x, np.ndarray) else x) == ("i,ji->j", "x", "x")


def test_an_op_that_is_not_public_is_found_in_the_registry():
    assert public("tanh") is tg.tanh
    call = Call("logistic_slope", (A,))
    assert repr(call) == "REGISTRY['logistic_slope'].public(np.array([0.5, -1.0]))"
    assert call.run().shape == (2,)


def test_an_op_of_ones_own():
    call = Call("twice", (A,), {"by": 3}, fn=lambda x, by: by * x)
    assert str(call) == "twice(a, by=3)"
    assert call.run().tolist() == [1.5, -3.0]


@pytest.mark.parametrize(
    "value",
    [np.array(0.1), B, np.zeros((0, 3)), np.array([1, 2]), np.array([[True]]), np.float32([0.1]), np.zeros(2, np.uint8),
     (1,), (), [A, 2], slice(1, None, -1), ..., None, "ij->", np.float64, int, np.inf, (..., [0, 0])],
    ids=repr,
)  # fmt: skip
def test_text_is_the_value_again(value):
    again = eval(text(value))
    assert type(again) is type(value)
    if isinstance(value, np.ndarray):
        np.testing.assert_array_equal(again, value, strict=True)
    elif not isinstance(value, list):
        assert again == value


def test_names_never_end():
    assert list(islice(names(), 28))[24:] == ["y", "z", "a1", "b1"]
    assert repr([Name("a"), Name("b")]) == "[a, b]"
