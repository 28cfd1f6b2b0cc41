"""One format, and built-in parents so that `except ValueError` keeps working."""

import pickle

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.errors import OptionError, check_sequence


def test_the_format():
    error = tg.ShapeError(
        "cell: x has 12 features", expected="x (B, 10)", got="x (32, 12)", where="step 3", help="slice"
    )
    assert str(error).splitlines() == [
        "cell: x has 12 features",
        "  expected  x (B, 10)",
        "  got       x (32, 12)",
        "  where     step 3",
        "  help      slice",
    ]


def test_unknown_facts_are_left_out():
    assert str(tg.GraphError("head", help="h")) == "head\n  help      h"


@pytest.mark.parametrize(
    ("ours", "parents"),
    [
        (tg.ShapeError, (ValueError, IndexError)),
        (tg.DTypeError, (TypeError,)),
        (tg.GraphError, (RuntimeError,)),
        (tg.GradientError, (ArithmeticError,)),
        (tg.AnomalyError, (tg.GradientError,)),
        (tg.CheckpointError, (ValueError,)),
    ],
)
def test_parents(ours, parents):
    assert issubclass(ours, (tg.TinygradError, *parents)[0])
    assert all(issubclass(ours, parent) for parent in parents)


def test_errors_cross_processes():
    error = tg.ShapeError("head", got="x")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


@pytest.mark.parametrize("value", ["", "text", b"", {}, {"x": 1}, np.array(1.0), np.void(b"ab"), None, 3, np.zeros])
def test_what_is_not_a_sequence_is_refused_even_where_it_can_be_gone_through(value):
    with pytest.raises(OptionError, match="f: the things are not a sequence"):
        check_sequence("f", "the things", value)


@pytest.mark.parametrize("value", [[0, 1], (0, 1), {0, 1}, np.arange(2), range(2), iter([0, 1]), (k for k in (0, 1))])
def test_a_sequence_is_taken_and_none_of_it_is_used_up(value):
    check_sequence("f", "the things", value)
    assert list(value) == [0, 1]
