"""A second name of NumPy's is the op itself: one thing, in one table, that NumPy's function of either name calls."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.ops import aliases
from tinygrad_rnn.testing.specs.library import CALLABLE


@pytest.mark.parametrize("name", aliases.__all__)
def test_an_alias_is_an_op_of_another_name(name):
    op = getattr(tg, name)
    assert op.__name__ != name
    assert getattr(tg, op.__name__) is op
    assert name not in CALLABLE
    x = tg.tensor(np.full((2, 2), 0.5), requires_grad=True)
    args = {"atan2": (x, x), "mod": (x, 2), "pow": (x, 2), "true_divide": (x, 2), "concat": ([x, x],)}.get(name, (x,))
    if name == "acosh":
        args = (1 + x,)
    y = getattr(np, name)(*args)
    assert y.requires_grad
    assert y.tolist() == op(*args).tolist()


def test_one_name_in_pictures_and_messages():
    x = tg.tensor([4.0], requires_grad=True)
    assert tg.absolute(x).node.op is tg.abs.op
    with pytest.raises(tg.DTypeError, match=r"^remainder: "):
        tg.mod(x, "text")
