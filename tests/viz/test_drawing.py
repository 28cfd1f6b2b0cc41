"""draw(): what it refuses, and in which words."""

import numpy as np
import pytest

import viz
from tests.viz.samples import net
from tinygrad_rnn.errors import OptionError, TinygradError

RANGE = "expected  the first and the last step, as steps=(2, 5), or range(2, 6)"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"view": "cel"}, ["view='cel' is not an option", "expected  'rolled', 'cell', 'gate' or 'op'",
                           "help      did you mean 'cell'?"]),
        ({"view": None}, ["view=None is not an option", "expected  'rolled', 'cell', 'gate' or 'op'"]),
        ({"theme": "drak"}, ["theme='drak' is not an option", "expected  'light' or 'dark'",
                             "help      did you mean 'dark'?"]),
        ({"title": 3}, ["title=3 is not text", "expected  a str, or None for the usual title"]),
        ({"steps": 2}, ["steps=2 is not a range of steps", RANGE, "help      steps=(2, 2) draws step 2 alone"]),
        ({"steps": True}, ["steps=True is not a range of steps", RANGE]),
        ({"steps": (True, 2)}, ["steps=(True, 2) is not a range of steps", RANGE]),
        ({"steps": "12"}, ["steps='12' is not a range of steps", RANGE]),
        ({"steps": ()}, ["steps=() is not a range of steps", RANGE]),
        ({"steps": (1, 2, 3)}, ["steps=(1, 2, 3) is not a range of steps", RANGE]),
        ({"steps": (1.0, 2.0)}, ["steps=(1.0, 2.0) is not a range of steps", RANGE]),
        ({"steps": (3, 1)}, ["steps=(3, 1) is not a range of steps", RANGE]),
        ({"steps": range(2, 2)}, ["steps=range(2, 2) is not a range of steps", RANGE]),
        ({"steps": range(1, 4, 2)}, ["steps=range(1, 4, 2) is not a range of steps", RANGE]),
        ({"steps": (5, 9)}, ["steps=(5, 9) leaves nothing to draw", "expected  steps from 1 to 3"]),
    ],
    ids=str,
)  # fmt: skip
def test_an_option_out_of_range_is_refused_in_words(options, said):
    with pytest.raises(OptionError) as refused:
        viz.draw(net("RNN"), **options)
    head, *facts = str(refused.value).splitlines()
    assert [head.removeprefix("viz.draw: "), *map(str.strip, facts)] == said


@pytest.mark.parametrize(("x", "kind"), [(3, "int"), (np.ones(3), "ndarray"), (None, "NoneType")])
def test_what_cannot_be_drawn_is_said(x, kind):
    said = f"viz.draw: cannot draw a value of type {kind}\n  expected  a Tensor, or the Graph"
    with pytest.raises(TypeError, match=said) as refused:
        viz.draw(x)
    assert isinstance(refused.value, TinygradError)


def test_gradients_of_a_graph_that_was_made_without_are_refused():
    with pytest.raises(OptionError, match="this Graph has none"):
        viz.draw(net("RNN").graph(), gradients=True)
    assert viz.draw(net("RNN").graph(gradients=True), gradients=True).dot == viz.draw(net("RNN"), gradients=True).dot


@pytest.mark.parametrize("steps", [(2, 3), [2, 3], range(2, 4), (np.int64(2), np.int64(3))], ids=repr)
def test_steps_may_be_given_in_several_ways(steps):
    assert "the steps 2, 3." in viz.draw(net("RNN", 5), steps=steps).description
