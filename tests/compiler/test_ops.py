"""Every op of the registry, recorded once and run again: the values and gradients that it has when run as it is."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.engine.trees import flatten
from tinygrad_rnn.testing.specs.library import LIBRARY

EDGES = [
    pytest.param(spec.call(*args, **static), id=f"{spec}-{k}")
    for spec in LIBRARY.values()
    for k, (args, static) in enumerate(spec.edges)
    if spec.call(*args, **static).arrays
]


def outcome(f, arrays):
    """The outputs, and the gradients of a weighted sum of those that are differentiable."""
    xs = [tg.tensor(x, requires_grad=True) for x in arrays]
    ys = [y for y in flatten(f(*xs))[0] if isinstance(y, tg.Tensor)]
    moving = [y for y in ys if y.requires_grad]
    rng = np.random.default_rng(0)
    if moving:
        sum((y * rng.standard_normal(y.shape).astype(y.dtype)).sum() for y in moving).backward()
    return [y.data for y in ys], [None if x.grad is None else x.grad.data for x in xs]


@pytest.mark.parametrize("call", EDGES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_an_op_compiled_is_the_op(call, dtype):
    compiled = tg.compile(call.function)
    for factor in (1.0, 0.875):  # the second call is run from what the first one recorded
        arrays = [(factor * x).astype(dtype) for x in call.arrays]
        expected, gradients = outcome(call.function, arrays)
        got, found = outcome(compiled, arrays)
        rtol = 100 * np.finfo(dtype).eps  # kernels round otherwise, by a few units
        for a, b in zip(got, expected, strict=True):
            assert (a.shape, a.dtype) == (b.shape, b.dtype)
            np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol)
        for a, b in zip(found, gradients, strict=True):
            assert (a is None) == (b is None)
            if a is not None:
                assert a.dtype == dtype
                np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol)
