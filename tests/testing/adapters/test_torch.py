"""from_torch: a function of torch tensors, by torch.autograd.grad and forward mode."""

import numpy as np
import pytest
from hypothesis import given, settings

import tinygrad_rnn as tg
from tests.oracles import require_torch
from tests.testing.adapters.laws import laws_of
from tinygrad_rnn.testing import GradMismatch, check_jvp, check_laws, check_vjp, from_torch, shapes, values

torch = require_torch()
torch.set_num_threads(1)
X = np.array([0.5, -1.0])


class Square(torch.autograd.Function):
    """x²"""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 2 * g * x


class Both(Square):
    """x², in both modes."""

    @staticmethod
    def forward(x):
        return x * x

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)
        ctx.save_for_forward(*inputs)

    @staticmethod
    def jvp(ctx, dx):
        (x,) = ctx.saved_tensors
        return 2 * dx * x


def with_backward(backward):
    """Square with gx = backward(x, g) instead."""

    class Other(Square):
        @staticmethod
        def backward(ctx, g):
            return backward(*ctx.saved_tensors, g)

    return from_torch(Other.apply)


@pytest.mark.parametrize("f", [lambda x: torch.tanh(x) * x, Both.apply])
def test_a_function_passes_in_both_modes_and_orders_with_every_law(f):
    adapted = from_torch(f)
    assert check_vjp(adapted, X, order=2).passed
    assert check_jvp(adapted, X, order=2).passed
    assert check_laws(adapted, X, laws=laws_of(adapted)).passed
    assert (adapted.modes, adapted.max_order) == ({"vjp", "jvp"}, None)


def test_arguments_and_outputs_are_nested_as_you_like():
    def f(d, times):
        return {"product": times * d["a"] * d["b"], "rank": torch.argsort(d["a"])}, [d["a"].sum(), 2 * d["a"].detach()]

    inputs = {"a": X, "b": np.array(3.0)}, 2
    with pytest.raises(GradMismatch, match="nothing arrives"):  # what is detached is an output too
        check_vjp(from_torch(f), *inputs)
    kept = from_torch(lambda d, times: (f(d, times)[0], f(d, times)[1][:1]))
    assert check_vjp(kept, *inputs).directions == check_jvp(kept, *inputs).directions == 3


def test_the_parameters_of_a_module_are_arguments():
    module = torch.nn.Linear(2, 3)
    f = from_torch(lambda w, x: torch.func.functional_call(module, w, (x,)))
    w = {name: p.detach().numpy() for name, p in module.named_parameters()}
    assert check_vjp(f, w, X.astype(np.float32), order=2).passed
    assert check_laws(f, w, X, laws=laws_of(f)).passed


def test_a_right_function_passes_and_has_no_forward_mode():
    direct, inside = from_torch(Square.apply), from_torch(lambda x: Square.apply(x).sum())
    assert direct.modes == {"vjp"}
    for adapted in (direct, inside):
        assert check_vjp(adapted, X, order=2).passed
        assert check_laws(adapted, X, laws=laws_of(adapted)).passed
        assert adapted.modes == {"vjp"}  # found out by the first run
    with pytest.raises(NotImplementedError, match="jvp"):  # asked for, it is tried
        check_jvp(from_torch(Square.apply, modes=("vjp", "jvp")), X)


def test_it_is_called_as_the_function_is():
    for kind in (Square, Both):
        adapted = from_torch(kind.apply)
        assert (adapted.__name__, str(adapted.__signature__)) == (kind.__name__, "(x)")


def test_a_wrong_function_is_found_and_shrunk():
    wrong = with_backward(lambda x, g: g * torch.where(x > 0, 2 * x, x))

    @settings(database=None)
    @given(values(shapes(max_dims=2)))
    def check(x):
        check_vjp(wrong, x)

    with pytest.raises(GradMismatch, match=r"Other: .*(.|\n)*argument  x, of shape \(\)(.|\n)*ratio     0.5"):
        check()


def test_a_wrong_jvp_is_found():
    class Wrong(Both):
        @staticmethod
        def jvp(ctx, dx):
            return dx

    assert check_vjp(from_torch(Wrong.apply), X).passed
    with pytest.raises(GradMismatch, match="by the jvp rules is wrong"):
        check_jvp(from_torch(Wrong.apply), X)


def test_a_backward_that_is_constant_is_found_at_order_2():
    f = with_backward(lambda x, g: 2 * g * x.detach())
    assert check_vjp(f, X).passed
    with pytest.raises(GradMismatch, match="of order 2"):
        check_vjp(f, X, order=2)


def test_a_backward_that_leaves_torch_has_order_1():
    f = with_backward(lambda x, g: torch.from_numpy(2 * g.numpy() * x.numpy()))
    assert check_vjp(f, X).passed
    with pytest.raises(RuntimeError, match="requires grad"):  # torch says it
        check_vjp(f, X, order=2)


def test_a_backward_that_writes_to_its_gradient_breaks_a_law():
    with pytest.raises(GradMismatch, match="the cotangent of y"):
        check_laws(with_backward(lambda x, g: g.mul_(2 * x)), X, laws=["inputs kept"])


def test_a_backward_that_cannot_take_what_is_not_contiguous_is_found():
    f = with_backward(lambda x, g: 2 * (g.view(-1) * x.reshape(-1)).view(x.shape))
    assert check_vjp(f, np.ones((2, 3))).passed
    with pytest.raises(RuntimeError, match="view size is not compatible"):
        check_laws(f, np.ones((2, 3)), laws=["layout"])


def test_what_is_returned_by_numpy_has_left_the_graph():
    with pytest.raises(GradMismatch, match="nothing arrives"):
        check_vjp(from_torch(lambda x: np.sin(x.detach().numpy())), X)


def test_it_runs_where_torch_records_nothing():
    with torch.no_grad():
        assert check_vjp(from_torch(torch.sin), X, order=2).passed


def test_read_only_arrays_reach_it_without_a_warning():
    X32 = np.broadcast_to(np.float32(0.5), (2, 3))
    assert from_torch(torch.exp)(X32).dtype == np.float32
    assert not from_torch(torch.exp)(tg.tensor(X32)).requires_grad
