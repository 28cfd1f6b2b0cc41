"""jvp: the tangent of anything, nested with itself and with reverse mode."""

import numpy as np
import pytest

import tinygrad_rnn as tg

X, V = np.array([0.3, -0.7]), np.array([1.0, 2.0])


def test_tangent_of_nested_arguments_and_results():
    def f(p, s):
        return {"y": p["w"] * s[0], "z": [s[1]]}

    y, dy = tg.jvp(f, ({"w": X}, (2.0, 3.0)), ({"w": V}, (1.0, 5.0)))
    assert y["y"].tolist() == (X * 2).tolist()
    assert dy["y"].tolist() == (V * 2 + X).tolist()
    assert dy["z"][0].item() == 5


def test_what_does_not_move_has_tangent_zero():
    assert tg.jvp(lambda x: tg.tensor([1.0, 2.0]), (X,), (V,))[1].tolist() == [0, 0]
    assert tg.jvp(lambda x: x > 0, (X,), (V,))[1].tolist() == [0, 0]


def test_an_argument_returned_keeps_its_tangent_to_itself():
    v = V.copy()
    _, dy = tg.jvp(lambda x: x, (X,), (v,))
    v[:] = 0
    assert dy.tolist() == V.tolist()


def test_what_the_function_closes_over_does_not_move():
    w = tg.tensor(3.0, requires_grad=True)
    _, dy = tg.jvp(lambda x: w * x, (X,), (V,))
    assert dy.tolist() == (3 * V).tolist()
    dy.sum().backward()  # and the tangent itself depends on w
    assert w.grad.item() == V.sum()


def test_jvp_of_jvp():
    def first(x):
        return tg.jvp(lambda x: x**3, (x,), (V,))[1]

    assert tg.jvp(first, (X,), (V,))[1].tolist() == pytest.approx(
        (6 * X * V * V).tolist(), rel=1e-14
    )  # one rounding each


def test_float32_tangents_stay_float32():
    y, dy = tg.jvp(tg.tanh, (X.astype(np.float32),), (V,))
    assert (y.dtype, dy.dtype) == (np.float32, np.float32)


def test_tangents_that_do_not_fit_are_refused():
    with pytest.raises(tg.ShapeError, match=r"expected  \(2,\)"):
        tg.jvp(tg.tanh, (X,), (np.ones(3),))
    with pytest.raises(tg.GraphError, match="expected  2 arrays"):
        tg.jvp(lambda a, b: a, (X, X), (V,))


def test_released_values_are_refused():
    x = tg.tensor(X, requires_grad=True)
    h = tg.tanh(x)

    def f(v):
        y = (h * v).sum()
        y.backward()
        return y

    with pytest.raises(tg.GraphError, match="released"):
        tg.jvp(f, (X,), (V,))


def test_bare_arguments_are_said_to_need_a_tuple():
    with pytest.raises(tg.GraphError, match="must each be a tuple"):
        tg.jvp(tg.sin, 1.0, 1.0)
