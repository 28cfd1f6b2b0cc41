"""From a wrong number to its cause: hints, places, sources, the guilty node."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.autodiff.functions import record_function
from tinygrad_rnn.engine.op import REGISTRY
from tinygrad_rnn.testing import GradMismatch, check_vjp
from tinygrad_rnn.testing.checks.explain import hint
from tinygrad_rnn.testing.laws.nodes import local
from tinygrad_rnn.testing.oracles.case import Case, joined, parted
from tinygrad_rnn.testing.report.text import source


@pytest.mark.parametrize(
    ("analytic", "numeric", "words"),
    [
        (-3.0, 3.0, "a sign"),
        (6.0, 3.0, "2 times it: one use counted two times"),
        (1.5, 3.0, "1/2 of it: two uses of one value, of which one is counted"),
        (12.0, 3.0, "4 times it"),
        (0.0, 3.0, "nothing arrives"),
        (3.0, 0.0, "does not depend on it"),
        (float("nan"), 3.0, "not finite"),
        (float("inf"), 3.0, "not finite"),
        (3.7, 3.0, ""),
    ],
)
def test_hints(analytic, numeric, words):
    assert words in hint(analytic, numeric)
    assert bool(words) == bool(hint(analytic, numeric))


@pytest.mark.parametrize(
    "value",
    [
        np.array([[1.5, -0.1], [1e-300, 3.0]]),
        np.array(2.5),
        np.zeros((0, 3)),
        np.array([1.0, 2.0], np.float32),
        np.array([1, 2]),
        np.array([True, False]),
        {"w": [np.ones(2), (np.zeros(1),)], 3: None},
        ("axis", -1, 2.5),
        slice(1, None, 2),
    ],
)
def test_source_reads_back_as_the_value(value):
    back = eval(source(value), {"np": np})

    def same(a, b):
        if isinstance(a, np.ndarray):
            return a.dtype == b.dtype and a.shape == b.shape and np.array_equal(a, b)
        if isinstance(a, dict):
            return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
        if isinstance(a, list | tuple):
            return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
        return a == b

    assert same(back, value)


def test_large_arrays_are_named_not_written_out():
    assert source(np.zeros((10, 10))) == "<(10, 10) float64>"
    assert source(tg.tensor([1.0])) == "np.array([1.0])"


def test_a_recorded_op_is_a_case_of_its_own():
    (y,) = record_function(lambda x, w: tg.concatenate([x, w, x]), [np.ones(2), np.zeros(3)])[1:2]
    case = local(y.node)
    assert case.name == "concatenate"
    assert case.names == ("xs[0]", "xs[1]", "xs[2]")
    assert case.vector(case.xs).tolist() == [1, 1, 0, 0, 0, 1, 1]


def test_the_first_wrong_op_is_named_not_the_ones_after_it(monkeypatch):
    for op in ("exp", "sin"):
        monkeypatch.setattr(REGISTRY[op], "vjps", [lambda g, y, x: g * 2])
    with pytest.raises(GradMismatch, match="node      sin, step 2: the first whose own rule disagrees"):
        check_vjp(chain, np.array([0.3]))


def chain(x):
    with tg.step(1):
        x = tg.tanh(x)
    with tg.step(2):
        x = tg.sin(x)
    with tg.step(3):
        return tg.exp(x)


def test_a_labelled_value_is_called_by_its_name(monkeypatch):
    monkeypatch.setattr(REGISTRY["sigmoid"], "vjps", [lambda g, y, x: g])
    cell = tg.nn.LSTMCell(2, 2, dtype=np.float64, rng=0)
    with pytest.raises(GradMismatch, match="sigmoid → i, LSTMCell, step 1: the first whose own rule disagrees"):
        check_vjp(cell, np.ones((1, 2)))


def test_joined_and_parted_are_inverse():
    parts = [np.arange(6.0).reshape(2, 3), np.array(7.0), np.zeros((0, 2)), np.array([1.0], np.float32)]
    for part, back in zip(parts, parted(joined(parts), parts), strict=True):
        assert part.dtype == back.dtype
        np.testing.assert_array_equal(part, back)


def test_names_of_arguments():
    def f(x, /, w, *rest):
        return x

    a = np.ones(1)
    assert Case.of(f, (a, {"k": [a, 3]}, a, (a,))).names == ("x", "w['k'][0]", "rest0", "rest1[0]")
    assert Case.of(tg.matmul, (a, a)).names == ("a", "b")
    assert Case.of(lambda *xs: xs, (a, a)).names == ("xs0", "xs1")
    assert Case.of(max, (a,)).names == ("x0",)
    assert "lambda at" in Case.of(lambda x: x, (a,)).name


def test_what_was_moved_is_drawn_under_its_name():
    with pytest.raises(GradMismatch) as caught:
        check_vjp(lambda x, w: x.detach() * w, np.ones(2), np.ones(2))
    assert [node.name for node in caught.value.report.graph.nodes if node.role == "input"] == ["w"]  # x is detached
