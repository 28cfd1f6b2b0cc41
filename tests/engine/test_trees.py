"""Nests come back as they were."""

from collections import namedtuple

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.autodiff.functions import as_tensors
from tinygrad_rnn.engine.trees import flatten

Pair = namedtuple("Pair", ["a", "b"])


@pytest.mark.parametrize("nest", [1, (), [], {}, (1, [2, {"x": (3,)}]), Pair(1, (2, 3)), {"b": 1, "a": [2, []]}])
def test_round_trip(nest):
    leaves, build = flatten(nest)
    again = build(leaves)
    assert again == nest
    assert type(again) is type(nest)


def test_gradients_come_nested_like_a_named_tuple():
    g = tg.grad(lambda p: p.a * p.b)(Pair(2.0, 3.0))
    assert isinstance(g, Pair)
    assert (g.a.item(), g.b.item()) == (3, 2)


def test_leaves_become_tensors_and_tensors_stay():
    x = tg.tensor(1.0)
    found = as_tensors([x, 2.0, np.ones(2)], "an argument")
    assert found[0] is x
    assert all(isinstance(t, tg.Tensor) for t in found)
    with pytest.raises(tg.GraphError, match="an argument is not an array"):
        as_tensors([None], "an argument")
