"""from_jax: a function of jax.numpy, by jax.vjp and jax.jvp.

JAX compiles every op for every shape and dtype, a tenth of a second each: few shapes are drawn.
"""

import numpy as np
import pytest
from hypothesis import given, settings

import tinygrad_rnn as tg
from tests.exchange.oracles import require
from tests.testing.adapters.laws import laws_of
from tinygrad_rnn.testing import GradMismatch, check_jvp, check_laws, check_vjp, from_jax, shapes, values

jax = require("jax")
jnp = jax.numpy
X = np.array([0.5, -1.0])


def square(backward):
    """x² with a custom_vjp: (x, g) → gx."""

    @jax.custom_vjp
    def square(x):
        return x * x

    square.defvjp(lambda x: (x * x, x), lambda x, g: (backward(x, g),))
    return square


def test_a_function_passes_in_both_modes_and_orders_with_every_law():
    f = from_jax(lambda x: jnp.tanh(x) * x)
    assert check_vjp(f, X, order=2).passed
    assert check_jvp(f, X, order=2).passed
    assert check_laws(f, X, laws=laws_of(f)).passed
    assert (f.modes, f.max_order) == ({"vjp", "jvp"}, None)


def test_arguments_and_outputs_are_nested_as_you_like():
    def f(d, times, *, axis):
        return {"product": times * d["a"] * d["b"], "rank": jnp.argsort(d["a"])}, [d["a"].sum(axis=axis)]

    adapted = from_jax(jax.jit(f, static_argnames=("times", "axis")))
    inputs = {"a": X, "b": np.array(3.0)}, 2
    assert check_vjp(lambda d, times: adapted(d, times, axis=0), *inputs).directions == 3
    assert check_jvp(lambda d, times: adapted(d, times, axis=0), *inputs).directions == 3


def test_float64_is_float64_and_the_setting_of_the_user_stays():
    assert not jax.config.jax_enable_x64
    f = from_jax(lambda x: x + jnp.zeros(2))
    assert f(X).dtype == np.float64
    assert f(X.astype(np.float32)).dtype == np.float32
    assert tg.grad(lambda x: f(x).sum())(X.astype(np.float32)).dtype == np.float32
    assert tg.grad(lambda x: f(x / 3).sum())(X)[0].data == 1 / 3
    assert not jax.config.jax_enable_x64


def test_a_right_custom_vjp_passes_and_has_no_jvp():
    f = square(lambda x, g: 2 * g * x)
    direct, jitted, inside = from_jax(f), from_jax(jax.jit(f)), from_jax(lambda x: f(x).sum())
    assert direct.modes == {"vjp"}
    for adapted in (direct, jitted, inside):
        assert check_vjp(adapted, X, order=2).passed
        assert check_laws(adapted, X, laws=laws_of(adapted)).passed
        assert adapted.modes == {"vjp"}  # found out by the first run
    with pytest.raises(tg.GraphError, match="square: it has no jvp"):
        tg.jvp(direct, (X,), (X,))
    with pytest.raises(TypeError, match="custom_vjp"):  # asked for, it is tried
        check_jvp(from_jax(f, modes=("vjp", "jvp")), X)


def test_a_custom_jvp_has_both_modes():
    @jax.custom_jvp
    def square(x):
        return x * x

    square.defjvp(lambda xs, dxs: (xs[0] ** 2, 2 * xs[0] * dxs[0]))
    assert check_vjp(from_jax(square), X, order=2).passed
    assert check_jvp(from_jax(square), X, order=2).passed
    square.defjvp(lambda xs, dxs: (xs[0] ** 2, xs[0] * dxs[0]))
    with pytest.raises(GradMismatch, match="by the jvp rules is wrong"):
        check_jvp(from_jax(square), X)


def test_a_wrong_custom_vjp_is_found_and_shrunk():
    wrong = from_jax(square(lambda x, g: g * jnp.where(x > 0, 2 * x, x)))

    @settings(database=None)
    @given(values(shapes(max_dims=1, max_side=2)))
    def check(x):
        check_vjp(wrong, x)

    with pytest.raises(GradMismatch, match=r"square: .*(.|\n)*argument  x, of shape \(\)(.|\n)*ratio     0.5"):
        check()


def test_a_backward_that_is_constant_is_found_at_order_2():
    f = from_jax(square(lambda x, g: 2 * g * jax.lax.stop_gradient(x)))
    assert check_vjp(f, X).passed
    with pytest.raises(GradMismatch, match="of order 2"):
        check_vjp(f, X, order=2)


def test_a_gradient_of_another_dtype_is_found_and_what_jax_refuses_it_says_itself():
    with pytest.raises(GradMismatch, match=r"another shape or dtype(.|\n)*\(2,\) float16"):
        check_vjp(from_jax(square(lambda x, g: (2 * g * x).astype(jnp.float16))), X)
    with pytest.raises(ValueError, match="Custom VJP bwd rule must produce"):
        check_vjp(from_jax(square(lambda x, g: (2 * g * x).sum())), X)


def test_the_highest_order_can_be_said():
    f = from_jax(jnp.sin, max_order=1)
    with pytest.raises(tg.GraphError, match=r"sin\.vjp: it has no vjp"):
        tg.grad(lambda x: tg.grad(lambda x: f(x).sum())(x).sum())(tg.tensor(X, requires_grad=True))
