"""One format, and built-in parents so that `except ValueError` keeps working."""

import pickle

import pytest

import tinygrad_rnn as tg


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
