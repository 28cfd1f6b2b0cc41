"""Whole random graphs, subexpressions shared, against torch in float64: reverse, forward and second order."""

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_rnn as tg

if os.environ.get("CI") == "true":
    import torch
else:
    torch = pytest.importorskip("torch", reason="torch is the reference here")

# values are 3×3 and stay moderate: what multiplies is bounded by sin, tanh or a softmax
OPS = {
    "add": (lambda lib, a, b: a + b),
    "subtract": (lambda lib, a, b: a - b),
    "multiply": (lambda lib, a, b: a * lib.sin(b)),
    "divide": (lambda lib, a, b: a / (2 + lib.tanh(b))),
    "matmul": (lambda lib, a, b: lib.matmul(a, lib.tanh(b))),
    "sigmoid": (lambda lib, a, b: lib.sigmoid(a)),
    "softmax": (lambda lib, a, b: lib.softmax(a, -1)),
    "logsumexp": (lambda lib, a, b: a - lib.logsumexp(b, -1, True)),
    "transpose": (lambda lib, a, b: a.T),
    "row": (lambda lib, a, b: a[0] + b),
    "column mean": (lambda lib, a, b: a * b[:, 1:2].mean()),
    "read twice": (lambda lib, a, b: a[[0, 0, 2]] + b),
    "stack": (lambda lib, a, b: lib.stack([a[0], b[1], a[0]])),
    "reshape": (lambda lib, a, b: a.reshape(9).reshape(3, 3) + b),
    "square": (lambda lib, a, b: lib.tanh(a) ** 2),
}
programs = st.lists(
    st.tuples(st.sampled_from(sorted(OPS)), st.integers(0, 7), st.integers(0, 7)), min_size=1, max_size=10
)


def run(lib, program, x, y):
    values = [x, y]
    for name, i, j in program:
        values.append(OPS[name](lib, values[-1 - i % len(values)], values[-1 - j % len(values)]))
    return (values[-1] * lib.sin(values[-2])).sum()


def close(got, exact):
    """To 1e-10 of the largest element: a few hundred roundings, through slopes of at most 10 or so per op."""
    exact = exact.detach().numpy()
    np.testing.assert_allclose(got.data, exact, rtol=1e-10, atol=1e-10 * (1 + np.abs(exact).max()))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(program=programs, seed=st.integers(0, 99))
def test_random_programs_track_torch(program, seed):
    x, y, v = np.random.default_rng(seed).normal(size=(3, 3, 3))
    u, w = (torch.tensor(a, requires_grad=True) for a in (x, y))
    gu, gw = torch.autograd.grad(run(torch, program, u, w), (u, w), create_graph=True, materialize_grads=True)
    gx, gy = tg.grad(lambda x, y: run(tg, program, x, y), (0, 1))(x, y)
    close(gx, gu)
    close(gy, gw)
    exact = (gu * torch.tensor(v)).sum()
    close(tg.jvp(lambda x: run(tg, program, x, y), (x,), (v,))[1], exact)
    if exact.requires_grad:
        y = tg.tensor(y)  # a function of y alone is to return a Tensor still
        (second,) = torch.autograd.grad(exact, u, materialize_grads=True, allow_unused=True)
        close(tg.hvp(lambda x: run(tg, program, x, y))(x, v), second)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(program=programs, cut=st.integers(0, 10), seed=st.integers(0, 99))
def test_a_checkpoint_anywhere_changes_nothing(program, cut, seed):
    x, y = np.random.default_rng(seed).normal(size=(2, 3, 3))

    def f(x, y):
        return run(tg, program, x, y)

    def g(x, y):
        z = tg.tanh(x * y)
        inner = tg.checkpoint(lambda x: run(tg, program[:cut] or program, x, z * y))
        return inner(z) + inner(x) * f(x, y)

    def plain(x, y):
        z = tg.tanh(x * y)
        inner = lambda x: run(tg, program[:cut] or program, x, z * y)  # noqa: E731
        return inner(z) + inner(x) * f(x, y)

    for take in (lambda f: tg.grad(f, (0, 1))(x, y), lambda f: [tg.hvp(lambda x: f(x, y))(x, y)]):
        for a, b in zip(take(g), take(plain), strict=True):
            np.testing.assert_allclose(a.data, b.data, rtol=1e-9, atol=1e-11)  # the same terms in another order
