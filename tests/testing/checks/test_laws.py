"""Every law holds for what is right, and is broken by what is planted against it."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.engine.op import REGISTRY
from tinygrad_rnn.testing import DEFAULT, LAWS, GradMismatch, check_laws
from tinygrad_rnn.testing.laws import linear_map, ownership
from tinygrad_rnn.testing.laws.rows import batched

X = np.random.default_rng(0).standard_normal((3, 4))
TIED = np.array([0.0, 1.0, -1.0, 0.0])


def broken(law, fn, *inputs):
    with pytest.raises(GradMismatch, match=f"law '{law}' is broken: ") as raised:
        check_laws(fn, *inputs, laws=[law])
    return str(raised.value)


@pytest.fixture
def rule(monkeypatch):
    """Replace a rule of an op: its vjp, or its jvp."""

    def replace(name, wrong, table="vjps"):
        monkeypatch.setattr(REGISTRY[name], table, [wrong, *getattr(REGISTRY[name], table)[1:]])

    return replace


def nested(parameters, x):
    h = tg.tanh(tg.matmul(x, parameters["W"]))
    return {"h": h, "parts": (h.sum(axis=0), tg.softmax(h))}


@pytest.mark.parametrize(
    ("fn", "inputs"),
    [
        (tg.tanh, (X,)),
        (tg.tanh, (0.5,)),
        (lambda x: x, (X,)),
        (lambda x: x.reshape(2, 6).T, (X,)),
        (lambda x: 3.0 * tg.ones_like(x) if hasattr(tg, "ones_like") else x * 0 + 3, (X,)),
        (nested, ({"W": X.T}, X)),
        (lambda x, ids: x[ids], (X, np.array([0, 2, 0]))),
        (lambda x: tg.softmax(x).sum(), (X,)),  # the gradient is 0 but for rounding
        (tg.einsum, ("ij,kj->ik", X, X)),
        (tg.checkpoint(lambda x: tg.tanh(x) * x), (X,)),
        (nn.LSTM(4, 2, 2, rng=0), (X,)),
        (nn.Embedding(4, 3, rng=0), (np.array([[0, 1], [1, 1]]),)),
    ],
)
def test_the_laws_hold(fn, inputs):
    report = check_laws(fn, *inputs)
    assert report.passed
    assert report.laws == DEFAULT


def test_float32_inputs_are_checked_in_float64_and_in_float32():
    assert check_laws(nested, {"W": X.T.astype(np.float32)}, X.astype(np.float32)).passed


# one planted wrong for each law


def test_linear(rule):
    rule("tanh", lambda g, y, x: g * np.abs(g))
    message = broken("linear", tg.tanh, X)
    assert "Jᵀ(αu + βw) = α·Jᵀu + β·Jᵀw" in message
    assert "argument  the gradient of x[" in message
    assert "12 of 12 elements differ" in message


def test_zero(rule):
    rule("tanh", lambda g, y, x: g + 1e-200)
    assert check_laws(tg.tanh, X, laws=["linear"]).passed  # too small for any law with a tolerance
    broken("zero", tg.tanh, X)


def test_zero_times_infinity(rule):
    rule("tanh", lambda g, y, x: g * np.inf)
    broken("zero", tg.tanh, X)


def test_adjoint(rule):
    rule("tanh", lambda g, y, x: g * (1 + y * y), "jvps")
    broken("adjoint", tg.tanh, X)


def test_deterministic(rule):
    rng = np.random.default_rng(0)
    rule("tanh", lambda g, y, x: g * (1 + 1e-15 * rng.standard_normal(g.shape)))
    broken("deterministic", tg.tanh, X)


def test_layout(rule):
    rule("tanh", lambda g, y, x: g * np.ravel(1 - y * y, order="K").reshape(y.shape))
    message = broken("layout", tg.tanh, X)
    assert "hint      the arrays came in Fortran's order" in message


def test_float32_that_drifts():
    message = broken("float32", lambda x: x * np.ones(4), X)
    assert "analytic  (3, 4) float64" in message


def test_float32_that_is_far_from_float64():
    broken("float32", lambda x: (x + 1e5) - 1e5, X)


def test_inputs_kept_by_the_backward(rule):
    rule("tanh", lambda g, y, x: np.multiply(g, 1 - y * y, out=g))
    assert "the cotangent of y" in broken("inputs kept", tg.tanh, X)


def test_inputs_kept_by_the_forward():
    def writes(x):
        x._array[0] = 9
        return tg.tanh(x)

    assert "argument  x[" in broken("inputs kept", writes, X)


def test_inputs_written_back_as_they_were():
    def writes(x):
        x._array[0] = x._array[0].copy()
        return tg.tanh(x)

    assert "with read-only arrays" in broken("inputs kept", writes, X)


def test_outputs_kept_by_the_backward(rule):
    rule("tanh", lambda g, y, x: g * np.square(y, out=y))
    assert "argument  y[" in broken("inputs kept", tg.tanh, X)


def test_memory(monkeypatch):
    def shares(f, *xs):
        return [f(*xs)[0]], lambda gys: [gys[0]] * len(xs)

    monkeypatch.setattr(linear_map, "vjp", shares)
    assert "the gradient of a and the gradient of b" in broken("memory", lambda a, b: a + b, X, X)
    assert "the gradient of x and the cotangent of y" in broken("memory", lambda x: x, X)


def test_freed():
    kept = []

    def keeps(x):
        kept.append(tg.tanh(x))
        return kept[-1] * 2

    assert "tanh: 1 arrays outlive the output, with no backward" in broken("freed", keeps, X)


def test_freed_from_a_cycle():
    def circles(x):
        y = tg.tanh(x)
        circle = [y]
        circle.append(circle)
        return y

    broken("freed", circles, X)


def test_grad_twice(rule):
    rule("tanh", lambda g, y, x: g * np.multiply(y, 0.5, out=y))
    broken("grad twice", tg.tanh, X)


def test_second_backward_refused(monkeypatch):
    backward = tg.Tensor.backward
    monkeypatch.setattr(tg.Tensor, "backward", lambda y, retain_graph=False: backward(y, retain_graph=True))
    broken("second backward refused", tg.tanh, X)


def test_every_law_has_its_test():
    tests = {name.removeprefix("test_") for name in globals()}
    assert all(any(test.startswith(law.replace(" ", "_")) for test in tests) for law in LAWS)
    assert ownership.freed in LAWS.values()


# ties


@pytest.mark.parametrize(
    ("fn", "inputs"),
    [
        (tg.relu, (TIED,)),
        (tg.abs, (TIED,)),
        (lambda x: -tg.abs(x), (TIED,)),
        (lambda x: tg.clip(x, 0, 1), (TIED,)),
        (tg.maximum, (TIED, np.zeros(4))),
        (tg.minimum, (TIED, np.zeros(4))),
        (tg.max, (np.array([2.0, 1.0, 2.0]),)),
        (lambda x: tg.min(x, axis=0), (np.array([[2.0, 1.0], [2.0, 1.0]]),)),
        (tg.norm, (np.zeros(3),)),
        (lambda x: (tg.relu(x) + x) / 2, (TIED,)),
        (tg.tanh, (TIED,)),
        (lambda x: tg.relu(x[0]) - tg.relu(x[3]), (TIED,)),  # bent both ways: only the interval is asked for
    ],
)
def test_ties_hold(fn, inputs):
    assert check_laws(fn, *inputs, laws=["ties"]).passed


def test_ties_that_are_not_the_shortest(rule):
    rule("relu", lambda g, y, x: g * (x >= 0))
    assert "a shorter one is there" in broken("ties", tg.relu, TIED)


def test_ties_that_one_side_takes_whole(rule):
    rule("max", lambda gy, y, x, axis, keepdims: gy * (np.arange(3) == np.argmax(x)))
    assert "a shorter one is there" in broken("ties", tg.max, np.array([2.0, 1.0, 2.0]))


def test_ties_outside_of_both_slopes(rule):
    rule("relu", lambda g, y, x: g * np.where(x == 0, 2.0, x > 0))
    assert "the slopes to both sides are" in broken("ties", tg.relu, TIED)


# rows


def test_rows_of_a_batch_are_the_rows_alone():
    assert check_laws(tg.softmax, X, laws=[batched()]).laws == ("batched",)
    assert check_laws(nn.Linear(4, 2, rng=0), X, laws=[batched()]).passed
    assert check_laws(nn.GRU(4, 2, rng=0), np.stack([X, X + 1]), laws=[batched(axis=1)]).passed
    assert check_laws(nn.Embedding(4, 2, rng=0), np.array([[0, 1], [1, 3]]), laws=[batched()]).passed
    assert check_laws(lambda W, x: tg.tanh(x @ W), X.T, X, laws=[batched(shared=["W"])]).passed


def test_a_batch_whose_rows_mix():
    with pytest.raises(GradMismatch, match="law 'batched' is broken"):
        check_laws(lambda x: x - x.mean(axis=0), X, laws=[batched()])


def test_a_batch_whose_gradients_mix(rule):
    rule("tanh", lambda g, y, x: g + 0 * y + g.sum(axis=0))
    with pytest.raises(GradMismatch, match="argument  the gradient of x"):
        check_laws(tg.tanh, X, laws=[batched()])


def test_no_batch_axis_in_common():
    with pytest.raises(tg.ShapeError, match="no common batch axis 0"):
        check_laws(tg.sum, X, laws=[batched()])


# asking


def test_wrt_leaves_the_others_alone(rule):
    with pytest.raises(tg.GraphError):
        check_laws(tg.tanh, np.array([1, 2]))
    report = check_laws(lambda a, b: a * b, X, X, wrt=1, laws="linear")
    assert report.laws == ("linear",)
    assert check_laws(nn.Linear(4, 2, rng=0), X, wrt=0).passed


def test_a_law_that_is_not_there():
    with pytest.raises(tg.GraphError, match="there is no law 'lineal'"):
        check_laws(tg.tanh, X, laws=["lineal"])


def test_what_returns_no_floats():
    with pytest.raises(tg.GraphError, match="no Tensor of floats"):
        check_laws(tg.argmax, X)


def test_a_law_of_ones_own():
    def odd(p):
        """f(−x) = −f(x)"""
        (there,), _ = linear_map.run(p.case, [-x for x in p.xs])
        return linear_map.difference(["f(−x)"], [there], [-p.ys[0]])

    assert check_laws(tg.tanh, X, laws=[odd]).laws == ("odd",)
    with pytest.raises(GradMismatch, match=r"law 'odd' is broken: f\(−x\) = −f\(x\)"):
        check_laws(tg.exp, X, laws=[odd])


def test_the_same_seed_asks_the_same(rule):
    rule("tanh", lambda g, y, x: g * np.abs(g))
    messages = {broken("linear", tg.tanh, X) for _ in range(2)}
    assert len(messages) == 1


@pytest.mark.parametrize("x", [-88.0, -90.0, -100.0])
def test_what_float32_cannot_hold_is_no_drift(x):
    """softplus′(−90) = 8e-40: a float32 that small has lost its digits, or is 0."""
    assert check_laws(tg.softplus, np.array(x), laws=["float32"]).laws == ("float32",)
