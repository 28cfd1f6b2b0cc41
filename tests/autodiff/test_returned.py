"""What a rule returns is looked at where it is added up: shape, dtype, and whether it is an array at all."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.testing import check_call, check_laws, check_vjp

X = np.arange(6.0).reshape(2, 3)
pytestmark = pytest.mark.usefixtures("registry")


def op_with(vjp=None, jvp=None):
    @tg.primitive
    def copied(x):
        """y = x, along one line."""
        return np.reshape(x, -1)

    right = {"vjp": lambda gy, y, x: tg.reshape(gy, x.shape), "jvp": lambda dx, y, x: tg.reshape(dx, -1)}
    for mode, rule in {"vjp": vjp, "jvp": jvp}.items():
        getattr(copied, mode)(x=rule or right[mode])
    return copied


WRONG = {
    "another shape": (lambda g, y, x: np.ones(5), tg.ShapeError, r"\(5,\)"),
    "too many axes": (lambda g, y, x: np.ones((2, 2, 5)), tg.ShapeError, r"\(2, 2, 5\)"),
    "nothing": (lambda g, y, x: None, tg.GraphError, "NoneType"),
    "a list": (lambda g, y, x: [1.0], tg.GraphError, "list"),
    "a number of Python's": (lambda g, y, x: 2.0, tg.GraphError, "float"),
    "complex": (lambda g, y, x: 1j * np.ones(y.shape if g.shape == x.shape else x.shape), tg.DTypeError, "complex128"),
}
each_wrong = pytest.mark.parametrize(("rule", "error", "says"), WRONG.values(), ids=WRONG)


@each_wrong
@pytest.mark.parametrize("record", [False, True])
def test_backward_names_the_rule(rule, error, says, record):
    x = tg.tensor(X, requires_grad=True)
    with tg.scope("encoder"), tg.step(3):
        y = op_with(vjp=rule)(x)
    words = rf"copied: the vjp rule of its argument x (.|\n)*{says}(.|\n)*where     encoder, step 3"
    with pytest.raises(error, match=words):
        y.sum().backward(create_graph=record)
    assert x.grad is None


@each_wrong
@pytest.mark.parametrize("record", [False, True])
def test_jvp_names_the_rule(rule, error, says, record):
    op = op_with(jvp=rule)
    dx = tg.tensor(X, requires_grad=record)
    with pytest.raises(error, match=rf"copied: the jvp rule of its argument x (.|\n)*{says}"):
        tg.jvp(op, (X,), (dx,))


def test_both_shapes_are_told():
    x = tg.tensor(X, requires_grad=True)
    with pytest.raises(tg.ShapeError, match=r"expected  \(2, 3\)\n  got       \(6,\)"):
        op_with(vjp=lambda gy, y, x: gy)(x).sum().backward()


@pytest.mark.parametrize("check", [check_vjp, check_laws, check_call])
def test_the_checks_say_so_too(check):
    with pytest.raises(tg.ShapeError, match="copied: the vjp rule of its argument x does not return the argument's"):
        check(op_with(vjp=lambda gy, y, x: gy), X)


@pytest.mark.parametrize("narrow", [np.float32, np.float16])
def test_a_gradient_has_its_arguments_dtype(narrow):
    x = tg.tensor(X, dtype=narrow, requires_grad=True)
    wide = op_with(vjp=lambda gy, y, x: np.ones(x.shape), jvp=lambda dx, y, x: np.ones(y.shape))
    wide(x).sum().backward()
    assert x.grad.dtype == narrow
    assert tg.jvp(wide, (x.detach(),), (x.detach(),))[1].dtype == narrow


def test_what_was_broadcast_is_summed():
    x = tg.tensor(np.ones((1, 3)), requires_grad=True)
    wide = tg.elementwise(x=lambda y, x: 1.0)(lambda x: x + np.zeros((4, 2, 3)))
    wide(x).sum().backward()
    assert x.grad.tolist() == [[8, 8, 8]]


def test_a_missing_rule_raises_and_None_says_that_nothing_flows():
    @tg.primitive
    def gated(x, mask):
        """y = x where the mask is positive."""
        return np.where(mask > 0, x, 0.0)

    gated.vjp(x=lambda gy, y, x, mask: tg.where(mask > 0, gy, 0.0))
    x, mask = (tg.tensor(X, requires_grad=True) for _ in range(2))
    tg.grad(lambda x: gated(x, mask.detach()).sum())(x)
    with pytest.raises(tg.GraphError, match=r"gated: the vjp rule of its argument mask is missing(.|\n)*mask=None"):
        gated(x, mask).sum().backward()
    with pytest.raises(tg.GraphError, match="gated: the jvp rule of its argument x is missing"):
        tg.jvp(lambda x: gated(x, X), (X,), (X,))
    gated.vjp(mask=None)
    gated(x, mask).sum().backward()
    assert mask.grad is None


@pytest.mark.parametrize("parts", [None, [1.0], "text"])
def test_a_joint_rule_returns_one_cotangent_for_each_argument(parts):
    @tg.primitive
    def total(*xs):
        """y = the sum of all of them."""
        return np.sum(xs, axis=0)

    total.vjp(xs=lambda gy, y, *xs, needed: parts)
    x = tg.tensor(X, requires_grad=True)
    with pytest.raises(tg.GraphError, match="total: the vjp rule of its argument xs does not return a list"):
        total(x, x).sum().backward()
