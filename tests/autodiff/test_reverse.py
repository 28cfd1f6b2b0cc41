"""backward, vjp and grad: values, modes, memory, depth, and what each refusal says."""

import gc
import subprocess
import sys
import textwrap
import weakref

import numpy as np
import pytest

import tinygrad_rnn as tg


@pytest.fixture
def x():
    return tg.tensor([1.0, 2.0, 3.0], requires_grad=True, name="x")


# values


def test_gradients_add_up_over_backwards(x):
    (x * x).sum().backward()
    (3 * x).sum().backward()
    assert x.grad.tolist() == [5, 7, 9]


def test_a_gradient_to_start_from(x):
    (2 * x).backward(np.array([1.0, 10.0, 100.0]))
    assert x.grad.tolist() == [2, 20, 200]


def test_a_leaf_is_its_own_output(x):
    x.backward(np.array([1.0, 2.0, 3.0]))
    assert x.grad.tolist() == [1, 2, 3]


def test_sixty_doublings_do_not_enumerate_paths():
    h = x = tg.tensor(1.0, requires_grad=True)
    for _ in range(60):
        h = h * h
    h.backward()
    assert x.grad.item() == 2.0**60


def test_frozen_parts_get_no_gradient(x):
    frozen = tg.tensor([1.0, 1.0, 1.0])
    (x * frozen).sum().backward()
    assert frozen.grad is None


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_one_element_is_a_scalar(shape):
    x = tg.tensor(np.full(shape, 3.0), requires_grad=True)
    (x * x).backward()
    assert type(x.grad.data) is np.ndarray
    assert x.grad.shape == shape
    assert x.grad.item() == 6


def test_value_and_grad_of_nested_arguments():
    state = {"h": np.array([1.0, 2.0]), "rest": (3.0, [np.array(4.0)])}
    value, g = tg.value_and_grad(lambda s: (s["h"] * s["rest"][0]).sum() * s["rest"][1][0])(state)
    assert value.item() == 36
    assert g["h"].tolist() == [12, 12]
    assert g["rest"][0].item() == 12
    assert g["rest"][1][0].item() == 9
    assert isinstance(g["rest"], tuple)
    assert isinstance(g["rest"][1], list)


def test_argnums_choose_and_nest():
    f = lambda a, b, *, k: a * a * b * k  # noqa: E731
    assert tg.grad(f, 1)(2.0, 3.0, k=1).item() == 4
    assert [g.item() for g in tg.grad(f, (0, -1))(2.0, 3.0, k=2)] == [24, 8]


def test_what_nothing_flows_to_has_gradient_zero():
    assert tg.grad(lambda a, b: a * 2.0, (0, 1))(1.0, 5.0)[1].item() == 0
    assert tg.grad(lambda a: tg.tensor(3.0))(1.0).item() == 0


def test_vjp_takes_cotangents_nested_like_the_output():
    y, pullback = tg.vjp(lambda a, b: {"s": a + b, "p": (a * b,)}, 2.0, 5.0)
    assert (y["s"].item(), y["p"][0].item()) == (7, 10)
    for _ in range(2):  # may be called again
        assert [g.item() for g in pullback({"s": 1.0, "p": (10.0,)})] == [51, 21]


def test_grad_leaves_grad_alone(x):
    w = tg.tensor(2.0, requires_grad=True)
    tg.grad(lambda x: (x * w).sum())(x)
    assert x.grad is None
    assert w.grad is None


# modes


def test_no_grad_records_nothing_and_enable_grad_does(x):
    with tg.no_grad():
        assert not (x * x).requires_grad
        with tg.enable_grad():
            assert (x * x).requires_grad
        assert not (x * x).requires_grad
    assert (x * x).requires_grad


def test_mode_comes_back_after_an_error(x):
    with pytest.raises(ZeroDivisionError), tg.no_grad():
        raise ZeroDivisionError
    assert (x * x).requires_grad


def test_detach_cuts(x):
    (x * x.detach()).sum().backward()
    assert x.grad.tolist() == [1, 2, 3]


def test_derivatives_work_inside_no_grad(x):
    with tg.no_grad():
        g = tg.grad(lambda x: (x**3).sum())(x)
    assert g.tolist() == [3, 12, 27]
    assert not g.requires_grad


def test_retain_graph(x):
    loss = (x * x).sum()
    loss.backward(retain_graph=True)
    loss.backward()
    assert x.grad.tolist() == [4, 8, 12]


def test_create_graph_differentiates_the_gradient(x):
    (x**3).sum().backward(create_graph=True)
    g, x.grad = x.grad, None
    (g * g).sum().backward()  # Σ 9x⁴
    assert x.grad.tolist() == [36, 288, 972]


def test_create_graph_adds_to_what_is_there(x):
    (x * x).sum().backward()
    (x * x).sum().backward(create_graph=True)
    assert x.grad.tolist() == [4, 8, 12]
    assert x.grad.requires_grad


def test_create_graph_starts_from_a_tensor_that_may_be_differentiated(x):
    v = tg.tensor([1.0, 0.0, 0.0], requires_grad=True)
    (x * x).backward(v, create_graph=True)
    x.grad.sum().backward()
    assert v.grad.tolist() == [2, 4, 6]


# memory

SHARING = {
    "a + b": lambda a, b: a + b,
    "a + a": lambda a, b: a + a + 0 * b,
    "a − b": lambda a, b: a - b,
    "reshape": lambda a, b: a.reshape(3, 1).T.reshape(3) + b,
    "broadcast": lambda a, b: tg.broadcast_to(a, (2, 3)).sum(0) + b[None, :].squeeze(),
    "concatenate": lambda a, b: tg.concatenate([a, b])[1:4] + a,
    "stack": lambda a, b: tg.stack([a, b]).sum(axis=0),
    "maximum": tg.maximum,
    "sum": lambda a, b: a.sum() + b,
    "astype": lambda a, b: a.astype(np.float64) + b,
    "transpose": lambda a, b: (a[None].T + b[:, None])[:, 0],
}


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("name", SHARING)
def test_gradients_are_nobody_elses(name, create_graph):
    a = tg.tensor([1.0, 2.0, 3.0], requires_grad=True)
    b = tg.tensor([4.0, 5.0, 6.0], requires_grad=True)
    gy = np.array([1.0, 1.0, 1.0])
    y = SHARING[name](a, b)
    y.backward(gy, create_graph=create_graph)
    assert gy.tolist() == [1, 1, 1]
    assert a.grad is not b.grad
    before = b.grad.tolist()
    if not create_graph:
        held = [a.grad.data, b.grad.data, a.data, b.data, y.data, gy]
        for i, u in enumerate(held):
            assert not any(np.shares_memory(u, v) for v in held[:i])
    if a.grad.is_leaf:
        a.grad.assign(np.zeros(3))
    gy[:] = 9
    assert b.grad.tolist() == before


def test_a_tensor_given_as_gradient_is_not_the_gradient(x):
    v = tg.tensor([1.0, 2.0, 3.0])
    for create_graph in (False, True):
        x.grad = None
        x.backward(v, create_graph=create_graph)
        assert x.grad is not v
        x.grad.assign([0.0, 0.0, 0.0])
        assert v.tolist() == [1, 2, 3]


def test_results_of_grad_are_separate_under_an_outer_graph():
    w = tg.tensor(1.0, requires_grad=True)
    ga, gb = tg.grad(lambda a, b: a + b + w, (0, 1))(1.0, 2.0)
    assert ga is not gb


def chain(x):
    """A loss, and weak references to every Tensor and array between it and x; a node has none, but holds the array."""
    seen, h = [], x
    indices = (h > 1.5).astype(int)
    for k in range(5):
        h = tg.tanh(h * 1.5 + k).reshape(3, 1).T.reshape(3)
        seen += [weakref.ref(h), weakref.ref(h._array)]
        h = h[indices] + h
    seen += [weakref.ref(indices), weakref.ref(indices._array)]
    return tg.logsumexp(h * h), seen


@pytest.fixture
def no_gc():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def dead(refs):
    return all(ref() is None for ref in refs)


def test_backward_frees_every_intermediate_while_the_loss_lives(x, no_gc):
    loss, refs = chain(x)
    assert any(ref() is not None for ref in refs)
    loss.backward()
    assert dead(refs)
    assert loss.item() > 0


def test_no_cycles_after_create_graph(x, no_gc):
    loss, refs = chain(x)
    loss.backward(create_graph=True)
    g = x.grad
    x.grad = None
    del loss, g
    assert dead(refs)


def test_no_cycles_when_nothing_is_differentiated(x, no_gc):
    loss, refs = chain(x)
    del loss
    assert dead(refs)


def test_no_cycles_in_functions_of_functions(no_gc):
    refs = []

    def f(x):
        y = tg.tanh(x)
        refs.append(weakref.ref(y))
        return (y * y).sum()

    value = np.array([1.0, 2.0])
    tg.grad(f)(value)
    tg.hessian(f)(value)
    tg.hvp(f)(value, value)
    tg.jvp(f, (value,), (value,))
    tg.grad(tg.checkpoint(f))(value)
    assert len(refs) > 4
    assert dead(refs)


def test_backward_frees_what_a_checkpoint_was_given(x, no_gc):
    h = x * 2.0
    loss = tg.checkpoint(lambda h: (h * h).sum())(h)
    ref = weakref.ref(h._array)
    del h
    loss.backward()
    assert ref() is None
    assert x.grad.tolist() == [8, 16, 24]


DEEP = """
    import sys, threading
    import tinygrad_rnn as tg

    def run():
        sys.setrecursionlimit(150)
        h = x = tg.tensor(0.5, requires_grad=True)
        for _ in range(200_000):
            h = h + 0.0
        assert len(tg.graph(h).nodes) == 200_001
        h.backward()
        assert x.grad.item() == 1
        del h
        sys.setrecursionlimit(1000)
        print("done")

    threading.stack_size(1024 * 1024)
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
"""


def test_200_000_ops_deep():
    """Forward, backward, snapshot and release on 150 frames; CPython 3.13 takes 1 MiB of stack to free a chain."""
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(DEEP)], capture_output=True, text=True, check=False)
    assert done.stdout == "done\n", done.stderr


# refusals


def refused(kind, f, *parts):
    with pytest.raises(kind) as caught:
        f()
    for part in parts:
        assert part in str(caught.value)


def test_second_backward_names_the_line_of_the_first(x):
    loss = (x * x).sum()
    loss.backward()  # the culprit
    refused(tg.GraphError, loss.backward, "the graph was released", "test_reverse.py", "# the culprit", "detach()")


def test_carried_state_without_detach(x):
    with tg.scope("encoder"), tg.step(1):
        h = tg.tanh(x)
    h.sum().backward()
    refused(tg.GraphError, (h * 2).sum().backward, "tanh", "where     encoder, step 1", "detach() of the carried state")


def test_a_vector_needs_a_gradient(x):
    refused(tg.GraphError, (x * x).backward, "3 elements", "got       shape (3,)", "sum() or mean()")


def test_a_gradient_of_another_shape_or_kind(x):
    refused(tg.ShapeError, lambda: (x * x).backward(np.ones(2)), "expected  (3,)", "got       (2,)")
    refused(tg.DTypeError, lambda: (x * x).backward(np.ones(3) * 1j), "complex128")


@pytest.mark.parametrize("nothing", [lambda x: tg.tensor(1.0), lambda x: x.detach().sum(), lambda x: (x > 1).sum()])
def test_backward_on_nothing(x, nothing):
    refused(tg.GraphError, nothing(x).backward, "backward: the output was not recorded", "requires_grad=True")


def test_backward_on_what_no_grad_computed(x):
    with tg.no_grad():
        y = x.sum()
    refused(tg.GraphError, y.backward, "outside no_grad()")


def test_grad_of_what_is_no_scalar():
    refused(tg.GraphError, lambda: tg.grad(lambda x: x)(np.ones(2)), "does not return a scalar", "jacobian()")
    refused(tg.GraphError, lambda: tg.grad(lambda x: "three")(1.0), "got       str")
    refused(tg.GraphError, lambda: tg.grad(lambda x: x)(None), "nothing to differentiate by", "got       None")
    refused(tg.OptionError, lambda: tg.grad(lambda x: x, 2)(1.0), "no argument 2", "1 arguments")
    refused(tg.DTypeError, lambda: tg.grad(lambda x: x)(1), "write 3.0 for 3")
    refused(tg.GraphError, lambda: tg.grad(lambda x: x)("text"), "not an array of numbers", "str 'text'")


def test_a_cotangent_nested_otherwise():
    _, pullback = tg.vjp(lambda x: (x, x), 1.0)
    refused(tg.GraphError, lambda: pullback(1.0), "expected  2 arrays")


# anomalies


def test_anomaly_in_the_forward_names_op_place_and_line():
    x = tg.tensor([1.0, 0.0], requires_grad=True)
    with tg.detect_anomaly(), tg.scope("lstm"), tg.step(4, of=9), np.errstate(divide="ignore"):
        refused(tg.AnomalyError, lambda: tg.log(x), "log:", "1 of 2 values", "lstm, step 4 of 9", "test_reverse.py")


def test_anomaly_in_the_backward_names_op_place_and_forward_line():
    x = tg.tensor([1.0, 0.0], requires_grad=True)
    with tg.detect_anomaly(), np.errstate(divide="ignore", invalid="ignore"):
        with tg.scope("cell"), tg.step(2):
            y = tg.sqrt(x)  # infinite slope
        refused(tg.AnomalyError, y.sum().backward, "sqrt", "1 of 2", "cell, step 2", "# infinite slope")


def test_anomaly_in_a_sum_of_many_reads():
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    with tg.detect_anomaly():
        y = (x * 1.0)[0]
        refused(tg.AnomalyError, lambda: y.backward(np.array(np.nan)), "getitem")


def test_no_anomaly_without_asking():
    x = tg.tensor([0.0], requires_grad=True)
    with np.errstate(divide="ignore"):
        tg.sqrt(x).sum().backward()
    assert np.isinf(x.grad.data).all()


@pytest.mark.parametrize("uses", [1, 2, 31, 32, 33, 70])
def test_uses_of_a_weight_computed_together_are_those_computed_one_by_one(uses):
    """inner, matmul and a sum take turns at one weight, leaf or not; detect_anomaly() takes each use alone."""
    rng = np.random.default_rng(0)
    leaf = tg.tensor(rng.standard_normal((3, 3)), requires_grad=True)
    xs = rng.standard_normal((uses, 2, 3))

    def gradient():
        leaf.grad = None
        W = 1.0 * leaf
        h = tg.tensor(np.zeros((2, 3)))
        for t, x in enumerate(xs):
            h = tg.tanh(tg.inner(x, W) + tg.matmul(h, W) + (W.sum() if t % 7 == 0 else 0.0))
            h = h + tg.inner(h, leaf) if t % 5 == 0 else h
        (h * h).sum().backward()
        return leaf.grad.data

    together = gradient()
    with tg.detect_anomaly():
        alone = gradient()
    np.testing.assert_allclose(together, alone, rtol=1e-10, atol=1e-12)  # the same terms, summed in another order


def test_a_shared_weights_gradient_is_the_sum_over_untied_copies():
    rng = np.random.default_rng(1)
    W = rng.standard_normal((3, 3))
    xs = rng.standard_normal((40, 2, 3))

    def loss(copies):
        h = np.zeros((2, 3))
        for x, copy in zip(xs, copies, strict=True):
            h = tg.tanh(x + tg.inner(h, copy))
        return (h * h).sum()

    tied = tg.grad(lambda W: loss([W] * 40))(W)
    untied = tg.grad(loss)([W] * 40)
    np.testing.assert_allclose(tied.data, sum(g.data for g in untied), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    "read", [lambda a: tg.take(a, 0), lambda a: a[None].sum(), lambda a: a[...], lambda a: tg.repeat(a, 1).sum()]
)
def test_a_value_of_no_axes_read_by_index_and_used_otherwise(read):
    """Its first cotangent may be a NumPy scalar, which nothing can be added into in place."""
    g = tg.grad(lambda a: tg.sin(a) + read(a))(np.array(2.0))
    np.testing.assert_allclose(g.data, np.cos(2.0) + 1, rtol=1e-15)  # one rounding
