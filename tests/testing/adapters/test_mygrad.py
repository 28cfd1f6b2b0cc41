"""from_mygrad: a function of MyGrad's tensors, by backward()."""

import numpy as np
import pytest
from hypothesis import given, settings

import tinygrad_rnn as tg
from tests.exchange.oracles import require
from tests.testing.adapters.laws import laws_of
from tinygrad_rnn.testing import GradMismatch, check_laws, check_vjp, from_mygrad, shapes, values

mygrad = require("mygrad")
X = np.array([0.5, -1.0])


def square(backward):
    """x² as an operation: gx = backward(x, g)."""

    class Square(mygrad.operation_base.Operation):
        def __call__(self, x):
            self.variables = (x,)
            return x.data**2

        def backward_var(self, grad, index, **options):
            return backward(self.variables[index].data, grad)

    def square(x):
        return mygrad.execute_op(Square, x)

    return from_mygrad(square)


@pytest.mark.parametrize("f", [from_mygrad(lambda x: mygrad.tanh(x) * x), square(lambda x, g: 2 * g * x)])
def test_a_function_passes_in_reverse_mode_with_every_law(f):
    assert check_vjp(f, X).passed
    assert check_laws(f, X, laws=laws_of(f)).passed
    assert (f.modes, f.max_order) == ({"vjp"}, 1)


def test_arguments_and_outputs_are_nested_as_you_like():
    def f(d, times):
        return {"product": times * d["a"] * d["b"], "rank": np.argsort(d["a"].data)}, [d["a"].sum()]

    assert check_vjp(from_mygrad(f), {"a": X, "b": np.array(3.0)}, 2).directions == 3


def test_a_wrong_operation_is_found_and_shrunk():
    wrong = square(lambda x, g: g * np.where(x > 0, 2 * x, x))

    @settings(database=None)
    @given(values(shapes(max_dims=2)))
    def check(x):
        check_vjp(wrong, x)

    with pytest.raises(GradMismatch, match=r"square: .*(.|\n)*argument  x, of shape \(\)(.|\n)*ratio     0.5"):
        check()


def test_what_left_the_graph_is_found():
    with pytest.raises(GradMismatch, match="nothing arrives"):
        check_vjp(from_mygrad(lambda x: x.data * 2), X)
    with pytest.raises(GradMismatch, match=r"ratio     0\.5"):
        check_vjp(from_mygrad(lambda x: x * x.data), X)


def test_there_is_reverse_mode_of_order_1_and_no_more():
    f = from_mygrad(mygrad.sin)
    with pytest.raises(tg.GraphError, match="it has no jvp"):
        tg.jvp(f, (X,), (X,))
    with pytest.raises(tg.GraphError, match=r"\.vjp: it has no vjp"):
        tg.grad(lambda x: tg.grad(lambda x: f(x).sum())(x).sum())(tg.tensor(X, requires_grad=True))


def test_complex_numbers_are_refused_by_mygrad():
    assert check_vjp(from_mygrad(mygrad.sin), X).oracle == "Richardson"
    with pytest.raises(TypeError, match="complex"):
        from_mygrad(mygrad.sin)(X + 0j)
