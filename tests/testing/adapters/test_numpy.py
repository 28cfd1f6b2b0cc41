"""from_numpy: a function of arrays with rules by hand."""

import copy

import numpy as np
import pytest
from hypothesis import given, settings

import tinygrad_rnn as tg
from tinygrad_rnn.engine.op import REGISTRY
from tinygrad_rnn.testing import GradMismatch, OpSpec, check_jvp, check_laws, check_vjp, from_numpy, shapes, values

X = np.array([0.5, -1.0])


def sin(x):
    return np.sin(x)


def pull(gy, y, x):
    return gy * np.cos(x)


def push(dx, y, x):
    return dx * np.cos(x)


def pull_of_pull(g, gx, gy, y, x):
    return g * np.cos(x), None, -g * gy * np.sin(x)


def push_of_pull(dxs, gx, gy, y, x):
    dgy, _, dx = dxs
    return dgy * np.cos(x) - gy * np.sin(x) * dx


sine = from_numpy(sin, vjp=from_numpy(pull, vjp=pull_of_pull, jvp=push_of_pull), jvp=push)


def scaled(d, times):
    """Nested both ways: two floats and integers come out."""
    return {"product": times * d["a"] * d["b"], "rank": np.argsort(d["a"])}, [d["a"].sum()]


def pull_scaled(gy, y, d, times):
    by_product, by_sum = gy[0]["product"], gy[1][0]
    assert not gy[0]["rank"].any()
    assert np.array_equal(y[0]["rank"], np.argsort(np.asarray(d["a"])))
    return {"a": times * by_product * d["b"] + by_sum, "b": (times * by_product * d["a"]).sum()}, None


def push_scaled(dxs, y, d, times):
    (dd, _) = dxs
    return {"product": times * (dd["a"] * d["b"] + d["a"] * dd["b"]), "rank": None}, [dd["a"].sum()]


def test_right_rules_of_both_modes_and_orders_pass_with_every_law():
    assert check_vjp(sine, X, order=2).passed
    assert check_jvp(sine, X, order=2).passed
    assert check_laws(sine, X).passed
    assert (sine.modes, sine.max_order) == ({"vjp", "jvp"}, 2)


def test_arguments_and_outputs_are_nested_as_you_like_and_integers_are_held():
    f = from_numpy(scaled, vjp=pull_scaled, jvp=push_scaled)
    inputs = {"a": np.array([0.5, -1.0, 2.0]), "b": np.array(3.0)}, 2
    assert check_vjp(f, *inputs).directions == check_jvp(f, *inputs).directions == 4
    assert check_laws(f, *inputs).passed
    assert check_jvp(f, *inputs, wrt=0).passed
    made, (total,) = f({"a": tg.tensor(X, requires_grad=True), "b": 3.0}, 2)
    assert made["rank"].dtype.kind == "i"
    assert made["product"].requires_grad
    assert total.requires_grad


def test_on_arrays_it_is_the_function_itself():
    assert isinstance(sine(X), np.ndarray)
    assert not sine(tg.tensor(X)).requires_grad
    with tg.no_grad():
        assert not sine(tg.tensor(X, requires_grad=True)).requires_grad


def test_complex_numbers_pass_through_and_are_not_differentiated():
    assert np.array_equal(sine(X + 1j), np.sin(X + 1j))
    with pytest.raises(tg.DTypeError, match="complex128 are not an array of numbers"):
        tg.vjp(sine, X + 1j)


def test_an_argument_that_does_not_move_has_tangent_0():
    product = from_numpy(np.multiply, jvp=lambda dxs, y, a, b: dxs[0] * b + a * dxs[1])
    weights = tg.tensor([3.0, 4.0], requires_grad=True)
    _, dy = tg.jvp(lambda x: product(x, weights), (X,), (np.ones(2),))
    assert np.array_equal(dy.data, [3.0, 4.0])


def test_options_reach_the_function_and_its_rules():
    def pull(gy, y, x, *, power):
        return gy * power * x ** (power - 1)

    cube = from_numpy(lambda x, *, power: x**power, vjp=pull)
    assert OpSpec("cube", cube, inputs=None, reference=lambda x, *, power: x**power).check_value(X, power=3) is None
    assert np.allclose(tg.grad(lambda x: cube(x, power=3).sum())(X), 3 * X**2)
    with pytest.raises(tg.GraphError, match="an option requires grad"):
        cube(tg.tensor(X), power=tg.tensor(3.0, requires_grad=True))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda gy, y, x: gy * np.sin(x), "the derivative by the vjp rules is wrong"),
        (lambda gy, y, x: (gy * np.cos(x)).sum(), r"the vjp gives an array of another shape(.|\n)*\(\) float64"),
        (lambda gy, y, x: np.stack([gy * np.cos(x)] * 2) / 2, r"another shape(.|\n)*\(2, 2\) float64"),
        (lambda gy, y, x: (gy * np.cos(x)).astype(np.float32), r"dtype(.|\n)*argument  x(.|\n)*\(2,\) float32"),
    ],
)
def test_a_wrong_vjp_is_found_and_so_is_one_of_another_shape_or_dtype(wrong, words):
    with pytest.raises(GradMismatch, match=words):
        check_vjp(from_numpy(sin, vjp=wrong), X)


@pytest.mark.parametrize("wrong", [lambda dx, y, x: dx, lambda dx, y, x: (dx * np.cos(x))[:1]])
def test_a_wrong_jvp_is_found(wrong):
    with pytest.raises(GradMismatch):
        check_jvp(from_numpy(sin, jvp=wrong), X)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda g, gx, gy, y, x: (g * np.cos(x), None, g * gy * np.sin(x)),  # by x
        lambda g, gx, gy, y, x: (g, None, -g * gy * np.sin(x)),  # by the cotangent
    ],
)
def test_a_wrong_rule_of_a_rule_is_found_at_order_2(wrong):
    f = from_numpy(sin, vjp=from_numpy(pull, vjp=wrong))
    assert check_vjp(f, X).passed
    with pytest.raises(GradMismatch):  # by the cotangent too, as tg.vjp of the pullback does
        check_vjp(lambda x, gy: tg.vjp(f, x)[1](gy)[0], X, 2 * X)


def test_a_rule_that_writes_to_its_cotangent_breaks_a_law():
    def pull(gy, y, x):
        gy *= np.cos(x)
        return gy

    with pytest.raises(GradMismatch, match="the cotangent of y"):
        check_laws(from_numpy(sin, vjp=pull), X, laws=["inputs kept"])


def test_a_wrong_rule_is_shrunk():
    wrong = from_numpy(sin, vjp=lambda gy, y, x: gy * np.cos(x) * np.sign(x))

    @settings(database=None)
    @given(values(shapes(max_dims=2)))
    def check(x):
        check_vjp(wrong, x)

    with pytest.raises(GradMismatch, match=r"argument  x, of shape \(\)"):
        check()


def test_what_is_not_there_is_said():
    f = from_numpy(sin, vjp=pull)
    assert (f.modes, f.max_order) == ({"vjp"}, 1)
    x = tg.tensor(X, requires_grad=True)
    with pytest.raises(tg.GraphError, match="sin: it has no jvp"):
        tg.jvp(f, (X,), (X,))
    with pytest.raises(tg.GraphError, match=r"sin\.vjp: it has no vjp"):
        tg.grad(lambda x: tg.grad(lambda x: f(x).sum())(x).sum())(x)
    pushed = from_numpy(sin, jvp=push)(x).sum()
    with pytest.raises(tg.GraphError, match="sin: it has no vjp"):
        pushed.backward()
    with pytest.raises(tg.OptionError, match="no rule"):
        from_numpy(sin)
    with pytest.raises(tg.GraphError, match="the vjp gives 2 arrays"):
        tg.grad(lambda x: from_numpy(sin, vjp=lambda gy, y, x: (gy, gy))(x).sum())(x)


@pytest.mark.parametrize(
    ("rules", "order"),
    [
        ({"vjp": pull}, 1),
        ({"jvp": push}, 1),
        ({"vjp": from_numpy(pull, vjp=pull_of_pull)}, 2),
        ({"vjp": from_numpy(pull, vjp=pull_of_pull), "jvp": push}, 1),  # nothing pushes the pullback forward
        ({"vjp": from_numpy(pull, vjp=from_numpy(pull_of_pull, vjp=pull))}, 3),
    ],
)
def test_the_highest_order_follows_from_the_rules(rules, order):
    assert from_numpy(sin, **rules).max_order == order


def test_it_is_no_op_of_the_library_and_can_be_copied():
    before = dict(REGISTRY)
    assert check_vjp(copy.copy(sine), X, order=2).passed
    assert before == REGISTRY


def test_it_is_called_as_the_function_is():
    def swish(signal):
        return signal

    f = from_numpy(swish, vjp=lambda gy, y, signal: 2 * gy)
    with pytest.raises(GradMismatch, match=r"swish: .*(.|\n)*argument  signal\[0\]"):
        check_vjp(f, X)
    assert str(f.__signature__) == "(signal)"
    assert repr(f) == "<swish, by from_numpy>"
