"""Functions of functions: keywords, None in a nest, arguments that do not matter, numbers that leave the graph."""

import math

import numpy as np
import pytest

import tinygrad_rnn as tg

ONE = np.ones(2)


def scaled(x, scale=1.0):
    return (x * x * scale).sum()


CALLS = {
    "grad": lambda **kw: tg.grad(scaled)(ONE, **kw),
    "value_and_grad": lambda **kw: tg.value_and_grad(scaled)(ONE, **kw)[1],
    "jacobian": lambda **kw: tg.jacobian(scaled)(ONE, **kw),
    "hessian": lambda **kw: tg.hessian(scaled)(ONE, **kw).sum(axis=0),
    "hvp": lambda **kw: tg.hvp(scaled)(ONE, ONE, **kw),
    "vjp": lambda **kw: tg.vjp(scaled, ONE, **kw)[1](1.0)[0],
    "jvp": lambda **kw: tg.jvp(scaled, (ONE,), (np.array([1.0, 0.0]),), **kw)[1] * ONE,
    "checkpoint": lambda **kw: tg.grad(tg.checkpoint(scaled))(ONE, **kw),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_keyword_arguments_are_handed_on(call):
    assert call().tolist() == [2, 2]
    assert call(scale=3.0).tolist() == [6, 6]


def nested(p, unused=None):
    return (p["weight"] * p["weight"]).sum()


def test_None_in_a_nest_stays_None():
    p = {"weight": ONE, "bias": None, "more": (None, [ONE, None])}
    dp = {"weight": ONE, "bias": None, "more": (None, [ONE, None])}
    for g in (tg.grad(nested)(p), tg.vjp(nested, p)[1](1.0)[0], tg.jacobian(nested)(p), tg.hvp(nested)(p, dp)):
        assert g["weight"].tolist() == [2, 2]
        assert g["bias"] is None
        assert g["more"][0] is None
        assert g["more"][1][0].tolist() == [0, 0]
    assert tg.jvp(nested, (p,), (dp,))[1].item() == 4
    assert tg.hessian(nested)(p)["weight"]["weight"].tolist() == [[2, 0], [0, 2]]
    assert tg.grad(lambda x, none: (x * x).sum(), argnums=(0, 1))(ONE, None)[1] is None
    assert tg.checkpoint(lambda p: p["weight"] * 2)(p).tolist() == [2, 2]


def test_None_among_the_outputs_stays_None():
    y, pullback = tg.vjp(lambda x: (x * x, None), ONE)
    assert y[1] is None
    assert pullback((ONE, None))[0].tolist() == [2, 2]
    assert tg.jvp(lambda x: {"y": x * x, "state": None}, (ONE,), (ONE,))[1]["state"] is None


UNCONNECTED = {
    "another argument": (lambda a, b: a * 2, 1),
    "none of them": (lambda a, b: 3.0, 0),
    "a number of NumPy's": (lambda a, b: np.float64(3.0), 0),
    "a constant Tensor": (lambda a, b: tg.tensor(3.0), 0),
}


@pytest.mark.parametrize(("f", "k"), UNCONNECTED.values(), ids=UNCONNECTED)
def test_what_does_not_matter_has_gradient_zero(f, k):
    args = (1.0, 2.0)
    assert tg.grad(f, argnums=k)(*args).tolist() == 0
    assert tg.value_and_grad(f, argnums=k)(*args)[0].item() == float(f(*args))
    assert tg.grad(tg.grad(lambda x: x * 3.0))(2.0).tolist() == 0
    assert tg.jacobian(f, argnums=k)(*args).tolist() == 0
    assert tg.vjp(lambda a: tg.tensor(3.0), 1.0)[1](1.0)[0].tolist() == 0
    assert tg.jvp(lambda a: tg.tensor(3.0), (1.0,), (1.0,))[1].tolist() == 0


def into_an_array(x):
    out = np.zeros(2)
    out[0] = x[0] ** 2
    return (out * x).sum()


LOST = {
    "an array's element": into_an_array,
    "math.exp": lambda x: x[0] * math.exp(x[1]),
    "float": lambda x: x[0] * float(x[1]),
    "a list of floats": lambda x: tg.tensor([float(v) for v in x]).sum(),
}
EVERY = {
    "grad": lambda f: tg.grad(f)(ONE),
    "vjp": lambda f: tg.vjp(f, ONE),
    "jvp": lambda f: tg.jvp(f, (ONE,), (ONE,)),
    "jacobian": lambda f: tg.jacobian(f)(ONE),
    "hessian": lambda f: tg.hessian(f)(ONE),
    "hvp": lambda f: tg.hvp(f)(ONE, ONE),
}


@pytest.mark.parametrize("f", LOST.values(), ids=LOST)
@pytest.mark.parametrize("of", EVERY.values(), ids=EVERY)
def test_a_number_that_leaves_the_graph_is_refused_with_its_line(f, of):
    with pytest.raises(tg.GraphError, match=rf"float: the number would leave the graph(.|\n)*{__file__}:\d+:"):
        of(f)


def test_what_is_taken_on_purpose_is_allowed():
    def f(x):
        assert float(x.detach()[0]) == 1
        assert f"{x.sum():.1f}" == "2.0"
        with tg.no_grad():
            scale = float(x[0])
        return (x * scale * x.sum().item()).sum()

    assert tg.grad(f)(ONE).tolist() == [2, 2]
    loss = (tg.tensor(ONE, requires_grad=True) ** 2).sum()
    assert float(loss) == 2  # a training loop adds up its losses


def test_a_number_read_off_is_not_a_constant():
    for read in (lambda y: y.item(), lambda y: y.numpy(), lambda y: y.tolist(), lambda y: y.data + 0):
        with pytest.raises(tg.GraphError, match=rf"returns a number, and no gradient(.|\n)*{__file__}:\d+: .*read"):
            tg.grad(lambda x, read=read: read((x * x).sum()))(ONE)


@pytest.mark.parametrize("gy", [[np.ones(2), None], [None], (np.ones(2), np.ones(2))])
def test_a_cotangent_or_a_tangent_with_a_hole_is_refused(gy):
    with pytest.raises(tg.GraphError, match="vjp: the cotangent is not nested like the output"):
        tg.vjp(tg.sin, np.ones(2))[1](gy)
    with pytest.raises(tg.GraphError, match="jvp: the tangents are not nested like the arguments"):
        tg.jvp(tg.sin, (np.ones(2),), (gy,))
