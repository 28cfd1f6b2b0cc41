import numpy as np
import pytest

from tinygrad_rnn.testing.draw.builder import CLEARANCE
from tinygrad_rnn.testing.draw.call import Call
from tinygrad_rnn.testing.draw.source import RandomSource
from tinygrad_rnn.testing.specs.library import CALLABLE, LIBRARY, call_of

KINKED = sorted(name for name, spec in LIBRARY.items() if spec.kinks)


def distance(call):
    return LIBRARY[call.name].distance(*call.args, **call.static)


X = np.array([[0.5, -0.25], [2.0, 0.125]])


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (Call("tanh", (X,)), np.inf),
        (Call("abs", (X,)), 0.125),
        (Call("relu", (np.zeros(0),)), np.inf),
        (Call("maximum", (X, 0.25)), 0.125),
        (Call("less", (X, X[0])), 0.0),
        (Call("max", (X,), {"axis": 0}), 0.375),
        (Call("max", (X,), {"axis": ()}), np.inf),
        (Call("max", (np.ones(2),)), 0.0),
        (Call("argmin", (X,), {"axis": 1, "keepdims": True}), 0.75),
        (Call("sort", (X,), {"axis": None}), 0.375),
        (Call("clip", (X, None, 1.75)), 0.25),
        (Call("clip", (X, 1.0, 1.0625)), 0.0625),
        (Call("clip", (X,)), np.inf),
        (Call("norm", (np.zeros(2),)), 0.0),
        (Call("norm", (X,), {"ord": 1, "axis": 0}), 0.125),
        (Call("norm", (np.array([1.0, -1.0]),), {"ord": np.inf}), 0.0),
        (Call("std", (np.ones(3),)), 0.0),
        (Call("discretized", (X,), {"dtype": int}), 0.0),
    ],
    ids=str,
)
def test_distance_to_the_nearest_kink(call, expected):
    assert distance(call) == expected  # sums and differences of eighths: exact


@pytest.mark.parametrize("op", CALLABLE)
def test_fresh_calls_are_clear_of_kinks(op):
    assert all(distance(call_of(op, RandomSource(seed))) > CLEARANCE for seed in range(100))


SELDOM = {"std", "euclidean_norm", "hypot", "arctan2"}  # only where all are equal, or 0


@pytest.mark.parametrize("op", sorted(set(KINKED) - SELDOM))
def test_with_ties_they_are_at_them(op):
    near = [distance(call_of(op, RandomSource(seed), ties=True)) == 0 for seed in range(100)]
    assert np.mean(near) > 0.2
