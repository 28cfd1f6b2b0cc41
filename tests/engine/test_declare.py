"""Declaring an op: rules are checked when it is declared, arguments when it is called."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import elementwise, linear, nondifferentiable, primitive
from tinygrad_rnn.engine.op import REGISTRY


@pytest.fixture(autouse=True)
def same_registry():
    before = dict(REGISTRY)
    yield
    REGISTRY.clear()
    REGISTRY.update(before)


def test_an_elementwise_op_has_both_modes_and_every_order():
    @elementwise(x=lambda y, x: 3 * x * x)
    def cube(x):
        """y = x³.  dy/dx = 3x²."""
        return x * x * x

    assert cube(2.0) == 8
    assert cube(np.array([2.0])).tolist() == [8]
    assert tg.grad(cube)(2.0).item() == 12
    assert tg.jvp(cube, (2.0,), (10.0,))[1].item() == 120
    assert tg.grad(tg.grad(tg.grad(cube)))(2.0).item() == 6


def test_a_linear_op_is_its_own_jvp():
    @linear(transpose=lambda gy, x, *, k: gy * k)
    def times(x, *, k=2.0):
        """y = k·x."""
        return x * k

    assert tg.jvp(lambda x: times(x, 5.0), (1.0,), (3.0,))[1].item() == 15
    assert tg.grad(times)(1.0).item() == 2


def test_a_nondifferentiable_op_is_not_recorded():
    @nondifferentiable
    def whole(x):
        """y = ⌊x⌋."""
        return np.floor(x)

    assert not whole(tg.tensor(1.5, requires_grad=True)).requires_grad


@pytest.mark.parametrize("kind", ["vjp", "jvp"])
def test_a_rule_for_no_argument_is_refused(kind):
    @primitive
    def twice(x, *, k=2):
        """y = k·x."""
        return k * x

    for name in ("z", "k"):
        with pytest.raises(TypeError, match=f"twice has no array argument '{name}': it takes x"):
            getattr(twice, kind)(**{name: lambda gy, y, x: gy})


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda x: tg.sum(x, axes=0), "there is no option 'axes'(.|\n)*did you mean 'axis'"),
        (lambda x: tg.sum(), "sum: x is missing"),
        (tg.reshape, "reshape: shape is missing"),
        (lambda x: tg.sum(x, 0, False, 1), "sum: too many arguments"),
        (lambda x: tg.sum(x, 0, axis=0), "sum: axis is given twice"),
        (lambda x: tg.where(x > 0, x), "where: y is missing"),
    ],
)
def test_a_call_that_does_not_fit_the_signature(call, says):
    with pytest.raises(TypeError, match=says):
        call(tg.tensor([1.0, 2.0], requires_grad=True))


def test_static_arguments_by_position_and_by_name():
    x = tg.tensor([[1.0, 2.0]], requires_grad=True)
    for y in (tg.sum(x, 0, True), tg.sum(x, axis=0, keepdims=True), tg.sum(x=x, axis=0, keepdims=True), x.sum(0, True)):
        assert y.shape == (1, 2)
    assert tg.clip(x, a_max=1.5).tolist() == [[1.0, 1.5]]


def test_what_is_recorded_of_constants():
    x = tg.tensor([1.0], requires_grad=True)
    assert (x * 2.0).node.inputs[1] is None
    assert (x * np.ones(1)).node.inputs[1].requires_grad is False
    assert (x.detach() * 2.0).node.op is None


def test_refusals_show_formula_shapes_place_and_numpys_words():
    a = tg.tensor(np.ones((2, 3)), requires_grad=True)
    with tg.scope("encoder"), tg.step(3, of=20), pytest.raises(tg.ShapeError) as caught:
        a @ np.ones((2, 4))
    first, *rest = str(caught.value).splitlines()
    assert first == "matmul: (2, 3) and (2, 4) do not fit"
    assert rest[0].startswith("  expected  y = a @ b")
    assert "ga =" not in rest[0]  # what a caller did wrong, the derivative does not tell
    assert rest[1] == "  got       a (2, 3) float64, b (2, 4) float64"
    assert rest[2] == "  where     encoder, step 3 of 20"
    assert rest[3].startswith("  help      NumPy says: ")


def test_refusals_on_plain_arrays_are_ours_too():
    with pytest.raises(tg.ShapeError, match="add"):
        tg.add(np.ones(2), np.ones(3))
    with pytest.raises(tg.DTypeError):
        tg.tanh("text")
    with pytest.raises(tg.DTypeError):
        tg.exp(None)


def test_a_static_argument_that_requires_grad_is_refused():
    """It would be taken as a constant, and its gradient be missing silently."""
    x, v = tg.tensor([1.0], requires_grad=True), tg.tensor(2.0, requires_grad=True)
    with pytest.raises(tg.GraphError, match=r"detach\(\)"):
        tg.pad(x, 1, constant_values=v)
    assert tg.pad(x, 1, constant_values=v.detach()).tolist() == [2, 1, 2]


def test_a_list_of_tensors_is_no_array():
    s = tg.tensor(2.0, requires_grad=True)
    for lose in (lambda: tg.sum([s, s]), lambda: tg.tensor([s, s]), lambda: tg.add(s, [s, 1.0])):
        with pytest.raises(tg.GraphError, match="lose the graph"):
            lose()
