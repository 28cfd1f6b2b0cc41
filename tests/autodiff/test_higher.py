"""Derivatives of derivatives, in every order, against torch's and against formulas; and checkpoint against plain."""

import numpy as np
import pytest

import tinygrad_rnn as tg

X, V = np.array([0.5, -1.0, 2.0]), np.array([1.0, -2.0, 0.5])
CLOSE = {"rtol": 1e-12, "atol": 1e-13}  # sums of a few dozen float64 terms


def f(x, lib=tg):
    """A function with every third derivative: eˣ·x₀ + Σ tanh(x)³ + ∏."""
    return (lib.exp(x) * x[0]).sum() + (lib.tanh(x) ** 3).sum() + x[0] * x[1] * x[2]


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch", reason="torch is the reference here")


@pytest.fixture(scope="module")
def reference(torch):
    x = torch.tensor(X)
    F = torch.autograd.functional
    H = F.hessian(lambda x: f(x, torch), x)
    third = F.jacobian(lambda x: F.hessian(lambda x: f(x, torch), x, create_graph=True), x)
    return {"g": F.jacobian(lambda x: f(x, torch), x).numpy(), "H": H.numpy(), "third": third.numpy()}


WAYS_TO_H = {
    "hessian": tg.hessian(f),
    "jacobian of grad": tg.jacobian(tg.grad(f)),
    "jacobian of jacobian": tg.jacobian(tg.jacobian(f)),
    "hvp by columns": lambda x: tg.stack([tg.hvp(f)(x, e) for e in np.eye(3)]),
    "grad of jvp": lambda x: tg.stack([tg.grad(lambda x: tg.jvp(f, (x,), (e,))[1])(x) for e in np.eye(3)]),  # noqa: B023
    "jvp of grad": lambda x: tg.stack([tg.jvp(tg.grad(f), (x,), (e,))[1] for e in np.eye(3)]),
    "jvp of jvp": lambda x: tg.stack(
        [tg.stack([tg.jvp(lambda x: tg.jvp(f, (x,), (u,))[1], (x,), (v,))[1] for u in np.eye(3)]) for v in np.eye(3)]  # noqa: B023
    ),
    "grad of vjp": tg.jacobian(lambda x: tg.vjp(f, x)[1](1.0)[0]),
    "checkpoint": tg.hessian(tg.checkpoint(f)),
    "checkpoint of grad": tg.jacobian(tg.checkpoint(tg.grad(f))),
    "hvp of checkpoint": lambda x: tg.stack([tg.hvp(tg.checkpoint(f))(x, e) for e in np.eye(3)]),
}


@pytest.mark.parametrize("way", WAYS_TO_H)
def test_second_order_in_every_order(way, reference):
    np.testing.assert_allclose(WAYS_TO_H[way](X).data, reference["H"], **CLOSE)


@pytest.mark.parametrize("way", ["hessian", "jvp of grad", "grad of jvp", "checkpoint"])
def test_third_order(way, reference):
    np.testing.assert_allclose(tg.jacobian(WAYS_TO_H[way])(X).data, reference["third"], **CLOSE)


def test_grad_grad_grad():
    assert tg.grad(tg.grad(tg.grad(lambda x: x**4)))(2.0).item() == 48


def test_perturbations_are_not_confused():
    """d/dx [x · d/dy (x + y)] = 1: the inner derivative must not see the outer's x move."""
    inner = {
        "grad": lambda x: tg.grad(lambda y: x + y)(2.0),
        "jvp": lambda x: tg.jvp(lambda y: x + y, (2.0,), (1.0,))[1],
        "jacobian": lambda x: tg.jacobian(lambda y: x + y)(2.0),
    }
    for d in inner.values():
        assert tg.grad(lambda x, d=d: x * d(x))(3.0).item() == 1
        assert tg.jvp(lambda x, d=d: x * d(x), (3.0,), (1.0,))[1].item() == 1
    assert tg.grad(lambda x: x * tg.grad(lambda y: x * y * y)(x))(3.0).item() == 6 * 9  # x·2x·x = 2x³
    assert tg.grad(tg.grad(lambda x: tg.grad(lambda x: x**3)(x) * x))(2.0).item() == 18 * 2 * 1.0


def test_hessian_of_a_function_that_closes_over_a_parameter():
    w = tg.tensor(2.0, requires_grad=True)
    H = tg.hessian(lambda x: w * w * (x**3).sum())(np.array([1.0, 3.0]))
    assert H.tolist() == [[24, 0], [0, 72]]
    H.sum().backward()  # 2w·6·(1 + 3)
    assert w.grad.item() == 96


def test_outer_gradient_through_an_inner_one():
    """One step of gradient descent, differentiated by its learning rate and its start."""

    def after(w, lr):
        return (w - lr * tg.grad(lambda w: w**4)(w)) ** 2

    w, lr = 1.5, 0.1
    end, slope = w - lr * 4 * w**3, 4 * w**3
    gw, glr = tg.grad(after, (0, 1))(w, lr)
    assert gw.item() == pytest.approx(2 * end * (1 - lr * 12 * w**2), rel=1e-14)  # a few roundings
    assert glr.item() == pytest.approx(-2 * end * slope, rel=1e-14)


def test_jacobian_of_nests():
    def g(a, p):
        return {"y": a * p["w"], "s": p["w"].sum()}

    a, w = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    J = tg.jacobian(g, (0, 1))(a, {"w": w})
    assert J["y"][0].tolist() == np.diag(w).tolist()
    assert J["y"][1]["w"].tolist() == np.diag(a).tolist()
    assert J["s"][0].tolist() == [0, 0]
    assert J["s"][1]["w"].tolist() == [1, 1]
    assert tg.jacobian(g, 1)(a, {"w": w})["y"]["w"].shape == (2, 2)


def test_jacobian_of_nothing_and_of_constants():
    assert tg.jacobian(lambda x: x[:0])(X).shape == (0, 3)
    assert tg.jacobian(lambda x: x.sum() * np.ones((2, 0)))(X).shape == (2, 0, 3)
    assert tg.jacobian(lambda x: (x * 2.0, 3.0))(X)[1].tolist() == [0, 0, 0]


def test_hvp_of_nested_arguments(reference):
    nested = tg.hvp(lambda p: f(p["x"]))({"x": X}, {"x": V})
    np.testing.assert_allclose(nested["x"].data, reference["H"] @ V, **CLOSE)


# checkpoint


def rnn(step):
    W = tg.tensor([[0.5, -0.3], [0.2, 0.8]], requires_grad=True)
    h = tg.tanh(tg.tensor([0.1, 0.2]) @ W)  # made from W, as every later state is
    for t in range(4):
        h = step(lambda h, x: tg.tanh(h @ W + x))(h, tg.tensor([float(t), 1.0]))
    return W, (h * h).sum()


def plain(f):
    return f


def test_checkpointed_steps_that_share_a_weight():
    losses, grads, second = [], [], []
    for step in (plain, tg.checkpoint):
        W, loss = rnn(step)
        losses.append(loss.item())
        loss.backward()
        grads.append(W.grad.data)
        W, loss = rnn(step)
        loss.backward(create_graph=True)
        g, W.grad = W.grad, None
        (g * g).sum().backward()
        second.append(W.grad.data)
    assert losses[0] == losses[1]
    np.testing.assert_allclose(grads[1], grads[0], **CLOSE)
    np.testing.assert_allclose(second[1], second[0], **CLOSE)


def test_closed_over_values_made_from_one_another():
    for wrap in (plain, tg.checkpoint):
        W = tg.tensor(3.0, requires_grad=True)
        h = W * W
        (wrap(lambda: h * W)()).backward()  # W³, with nothing passed in  # noqa: B023
        assert W.grad.item() == 27
        W.grad = None
        h = W * W
        wrap(lambda k: k * h * W)(h).backward()  # W⁵, h passed in and closed over  # noqa: B023
        assert W.grad.item() == 5 * 81


def test_checkpoint_keeps_nests_dtypes_and_what_needs_no_gradient():
    x = tg.tensor([1.0, 2.0], dtype=np.float32, requires_grad=True)

    def g(s):
        return {"a": s["x"] * 2, "b": (s["x"].astype(np.float64) * 3.0, tg.tensor(7.0)), "n": s["n"]}

    y = tg.checkpoint(g)({"x": x, "n": 5})
    assert (y["a"].dtype, y["b"][0].dtype, y["b"][1].item(), y["n"]) == (np.float32, np.float64, 7, 5)
    (y["a"].sum() + y["b"][0].sum()).backward()
    assert x.grad.tolist() == [5, 5]
    assert x.grad.dtype == np.float32


def test_checkpoint_is_one_node():
    x = tg.tensor(1.0, requires_grad=True)
    ops = [node.op for node in tg.graph(tg.checkpoint(lambda x: tg.tanh(tg.tanh(x)))(x)).nodes]
    assert ops.count("rematerialized") == 1
    assert "tanh" not in ops


def test_checkpoint_without_recording_is_the_function():
    x = tg.tensor(1.0, requires_grad=True)
    with tg.no_grad():
        assert not tg.checkpoint(tg.tanh)(x).requires_grad
    assert not tg.checkpoint(tg.tanh)(tg.tensor(1.0)).requires_grad


def test_nested_checkpoints():
    inner = tg.checkpoint(lambda x: tg.tanh(x) * x)
    assert tg.grad(tg.checkpoint(lambda x: inner(inner(x))))(0.7).item() == pytest.approx(
        tg.grad(lambda x: tg.tanh(tg.tanh(x) * x) * tg.tanh(x) * x)(0.7).item(),
        rel=1e-14,  # one rounding
    )


def test_a_function_that_gives_other_values_is_refused():
    rng = np.random.default_rng(0)
    x = tg.tensor(np.ones(3), requires_grad=True)
    y = tg.checkpoint(lambda x: (x * rng.normal(size=3)).sum())(x)
    with pytest.raises(tg.GraphError, match="other values when it ran again"):
        y.backward()


def test_assigning_what_a_checkpoint_closed_over_is_refused():
    w = tg.tensor(2.0, requires_grad=True, name="w")
    y = tg.checkpoint(lambda x: x * w)(tg.tensor(1.0, requires_grad=True))
    w.assign(3.0)
    with pytest.raises(tg.GraphError, match="assigned"):
        y.backward()


def test_an_argument_is_chosen_by_number():
    with pytest.raises(tg.OptionError, match="no argument 'x'"):
        tg.grad(lambda x: x, argnums="x")(1.0)
