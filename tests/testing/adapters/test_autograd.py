"""from_autograd: a function of autograd.numpy, by make_vjp and make_jvp."""

import numpy as np
import pytest
from hypothesis import given, settings

import tinygrad_rnn as tg
from tests.exchange.oracles import require
from tests.testing.adapters.laws import laws_of
from tinygrad_rnn.testing import GradMismatch, check_jvp, check_laws, check_vjp, from_autograd, shapes, values

anp, extend = require("autograd.numpy"), require("autograd.extend")
X = np.array([0.5, -1.0])


def square(pull, push=None):
    """x² as a primitive: gx = pull(x, g), dy = push(x, dx)."""

    @extend.primitive
    def square(x):
        return x * x

    extend.defvjp(square, lambda y, x: lambda g: pull(x, g))
    if push is not None:
        extend.defjvp(square, lambda dx, y, x: push(x, dx))
    return square


def right(x, g):
    return 2 * g * x


@pytest.mark.parametrize("f", [lambda x: anp.tanh(x) * x, square(right, right)])
def test_a_function_passes_in_both_modes_and_orders_with_every_law(f):
    adapted = from_autograd(f)
    assert check_vjp(adapted, X, order=2).passed
    assert check_jvp(adapted, X, order=2).passed
    assert check_laws(adapted, X, laws=laws_of(adapted)).passed
    assert (adapted.modes, adapted.max_order) == ({"vjp", "jvp"}, None)


def test_arguments_and_outputs_are_nested_as_you_like():
    def f(d, times):
        return {"product": times * d["a"] * d["b"], "rank": anp.argsort(d["a"])}, [anp.sum(d["a"])]

    inputs = {"a": X, "b": np.array(3.0)}, 2
    assert check_vjp(from_autograd(f), *inputs, order=2).directions == 6
    assert check_jvp(from_autograd(f), *inputs).directions == 3


def test_a_right_defvjp_passes_and_has_no_jvp():
    f = square(right)
    direct, inside = from_autograd(f), from_autograd(lambda x: anp.sum(f(x)))
    assert direct.modes == {"vjp"}
    for adapted in (direct, inside):
        assert check_vjp(adapted, X, order=2).passed
        assert check_laws(adapted, X, laws=laws_of(adapted)).passed
        assert adapted.modes == {"vjp"}  # found out by the first run
    assert str(direct.__signature__) == "(x)"
    with pytest.raises(NotImplementedError, match="JVP of square"):  # asked for, it is tried
        check_jvp(from_autograd(f, modes=("vjp", "jvp")), X)


def test_a_wrong_defvjp_is_found_and_shrunk():
    wrong = from_autograd(square(lambda x, g: g * anp.where(x > 0, 2 * x, x)))

    @settings(database=None)
    @given(values(shapes(max_dims=2)))
    def check(x):
        check_vjp(wrong, x)

    with pytest.raises(GradMismatch, match=r"square: .*(.|\n)*argument  x, of shape \(\)(.|\n)*ratio     0.5"):
        check()


def test_a_wrong_defjvp_is_found():
    f = from_autograd(square(right, lambda x, dx: dx))
    assert check_vjp(f, X).passed
    with pytest.raises(GradMismatch, match="by the jvp rules is wrong"):
        check_jvp(f, X)


def test_a_rule_that_is_constant_is_found_at_order_2():
    f = from_autograd(square(lambda x, g: 2 * g * getattr(x, "_value", x)))
    assert check_vjp(f, X).passed
    with pytest.raises(GradMismatch, match="of order 2"):
        check_vjp(f, X, order=2)


@pytest.mark.parametrize(
    ("by_b", "words"),
    [
        (lambda y, a, b: lambda g: g * a, r"argument  b(.|\n)*\(2,\) float64(.|\n)*\(\) float64"),  # not summed back
        (lambda y, a, b: lambda g: anp.sum(g * a)[None], r"argument  b(.|\n)*\(1,\) float64"),
        (lambda y, a, b: lambda g: np.float32(anp.sum(g * a)), r"argument  b(.|\n)*\(\) float32"),
    ],
)
def test_a_gradient_of_another_shape_or_dtype_is_found(by_b, words):
    @extend.primitive
    def scaled(a, b):
        return a * b

    extend.defvjp(scaled, lambda y, a, b: lambda g: g * b, by_b)
    with pytest.raises(GradMismatch, match=words):
        check_vjp(from_autograd(scaled), X, np.array(3.0))


def test_a_rule_that_writes_to_its_gradient_breaks_a_law():
    def pull(x, g):
        g *= 2 * x
        return g

    with pytest.raises(GradMismatch, match="the cotangent of y"):
        check_laws(from_autograd(square(pull)), X, laws=["inputs kept"])


def test_an_output_that_no_argument_reaches_has_gradient_0():
    f = from_autograd(lambda x: (anp.sin(x), np.ones(2)))
    x = tg.tensor(X, requires_grad=True)
    assert not tg.grad(lambda x: f(x)[1].sum())(x).data.any()
