"""Hooks on Tensors: what they are told, what they change, against torch's, and where they cannot be."""

import gc
import weakref

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.oracles import require_torch

X = np.array([1.0, -2.0, 3.0])


def both(build):
    """(ours, theirs): the gradients of x, and what the hooks were told, by a function of the library."""
    torch = require_torch()
    found = []
    for lib, x in (
        (tg, tg.tensor(X, requires_grad=True)),
        (torch, torch.tensor(X, requires_grad=True)),
    ):
        told = []
        build(lib, x, lambda g, told=told: told.append(np.array(g.tolist())))
        found.append((np.array(x.grad.tolist()), told))
    return found


def test_a_hook_is_told_the_whole_gradient_once_and_an_answer_replaces_it():
    def build(lib, x, tell):
        h = lib.tanh(x)
        h.register_hook(tell)
        h.register_hook(lambda g: 3 * g)
        h.register_hook(tell)
        (h * h + h).sum().backward()  # two uses: one call

    (ours, told), (theirs, expected) = both(build)
    np.testing.assert_allclose(ours, theirs, rtol=1e-14)
    assert len(told) == len(expected) == 2
    np.testing.assert_allclose(told, expected, rtol=1e-14)


def test_a_leafs_hook_is_called_before_its_gradient_is_added_up():
    def build(lib, x, tell):
        x.register_hook(lambda g: g.clip(-1, 1))
        x.register_hook(tell)
        for _ in range(2):
            (x * x).sum().backward()

    (ours, told), (theirs, expected) = both(build)
    np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(told, expected)


def test_what_is_removed_is_not_called_and_a_parameters_hook_outlives_its_values():
    x, told = tg.tensor(X, requires_grad=True), []
    first, second = x.register_hook(lambda g: told.append("first")), x.register_hook(lambda g: told.append("second"))
    first.remove()
    first.remove()
    x.assign(X + 1)
    x.requires_grad_(False).requires_grad_()
    (x * x).sum().backward()
    assert told == ["second"]
    with second:
        pass
    (x * x).sum().backward()
    assert told == ["second"]


def test_a_gradient_that_a_hook_keeps_stays_what_it_was():
    x, kept = tg.tensor(X, requires_grad=True), []
    x.register_hook(kept.append)
    (2 * x).sum().backward()
    x.grad.assign(np.zeros(3))
    assert kept[0].tolist() == [2, 2, 2]
    answer = tg.tensor(np.full(3, 5.0))
    x.register_hook(lambda g: answer)
    x.grad = None
    for _ in range(2):
        (2 * x).sum().backward()
    assert answer.tolist() == [5, 5, 5]
    assert x.grad.tolist() == [10, 10, 10]


def test_hooks_act_in_grad_and_its_higher_orders():
    torch = require_torch()

    def f(x):
        h = x * x
        h.register_hook(lambda g: g * 10)
        return h * x

    x = torch.tensor(3.0, requires_grad=True)
    (first,) = torch.autograd.grad(f(x), x, create_graph=True)
    (second,) = torch.autograd.grad(first, x)
    assert tg.grad(f)(3.0).item() == first.item() == 10 * 2 * 9 + 9
    assert tg.grad(tg.grad(f))(3.0).item() == second.item()  # h is on the way of the first gradient too


def test_an_answer_keeps_the_dtype_and_has_to_have_the_shape():
    x = tg.tensor(X.astype(np.float32), requires_grad=True)
    with x.register_hook(lambda g: np.ones(3)):
        (x * x).sum().backward()
    assert x.grad.dtype == np.float32
    x.register_hook(lambda g: g[:2])
    with pytest.raises(tg.ShapeError, match=r"does not return a gradient(.|\n)*shape \(3,\)(.|\n)*\(2,\)"):
        (x * x).sum().backward()


def test_what_cannot_have_a_hook_says_so():
    with pytest.raises(tg.GraphError, match="does not require grad"):
        tg.tensor(X).register_hook(print)
    with pytest.raises(tg.OptionError, match="hook=3 is not a function"):
        tg.tensor(X, requires_grad=True).register_hook(3)


def test_a_compiled_function_calls_the_hooks_of_what_goes_in_and_refuses_those_inside():
    W, told = tg.tensor(np.eye(3), requires_grad=True), []
    W.register_hook(lambda g: told.append("W"))
    f = tg.compile(lambda x: ((x @ W) ** 2).sum())
    x = tg.tensor(X, requires_grad=True)
    x.register_hook(lambda g: 2 * g)
    for _ in range(3):
        x.grad = None
        f(x).backward()
        np.testing.assert_allclose(x.grad.data, 4 * X)
    assert told == ["W"] * 3

    def inside(x):
        h = x * 2
        h.register_hook(lambda g: g)
        return h.sum()

    with pytest.raises(tg.errors.CompileError, match="a hook on a gradient is registered inside"):
        tg.compile(inside)(x)
    x.grad = None
    tg.compile(inside, fallback="eager")(x).backward()
    assert x.grad.tolist() == [4, 4, 4]


def test_a_handle_keeps_nothing_alive():
    x = tg.tensor(X, requires_grad=True)
    h = x * 2
    handle, gone = h.register_hook(print), weakref.ref(h)
    gc.collect()
    gc.disable()
    try:
        del h
        assert gone() is None
    finally:
        gc.enable()
    handle.remove()
