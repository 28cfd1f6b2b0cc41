"""Long runs and many alike as one shape each, where there are no steps."""

from functools import reduce
from operator import add

import pytest

import tinygrad_rnn as tg
import viz
from tests.viz.reading import read


def labels(loss):
    return [shape.label for shape in read(viz.draw(loss).dot).drawn]


def leaf(name):
    return tg.tensor(1.0, requires_grad=True, name=name)


@pytest.mark.parametrize(("n", "gathered"), [(12, False), (13, True)])
def test_twelve_in_a_row_are_drawn_one_by_one_and_thirteen_as_one(n, gathered):
    x = leaf("x")
    for _ in range(n):
        x = tg.tanh(x)
    assert labels(x) == (["x", f"tanh ×{n}"] if gathered else ["x"] + ["tanh"] * n)


@pytest.mark.parametrize(("n", "gathered"), [(12, False), (13, True)])
def test_twelve_alike_are_drawn_one_by_one_and_thirteen_as_one(n, gathered):
    said = labels(reduce(add, [leaf("v"), *(leaf("w") for _ in range(n)), leaf("v")]))
    assert said.count("w") == (0 if gathered else 12)
    assert said.count("w\n13 alike") == gathered


def test_what_has_another_name_or_another_use_is_not_alike():
    terms = [leaf(f"w{k}") for k in range(13)]
    assert labels(tg.stack(terms))[:2] == ["w0", "w1"]
    same = [leaf("w") for _ in range(13)]
    assert "w\n13 alike" not in labels(reduce(add, [w**2 if k else w for k, w in enumerate(same)]))
