"""numba, and a compiled function beside the function as it is."""

import numpy as np
import pytest

import tinygrad_rnn as tg


def require_numba():
    return pytest.importorskip("numba", reason="it compiles the kernels: pip install tinygrad-rnn[fast]")


def values(y):
    """y, or what is nested in it, with lists of numbers where Tensors are."""
    if isinstance(y, tg.Tensor):
        return y.numpy().tolist()
    if isinstance(y, dict):
        return {name: values(part) for name, part in y.items()}
    return [values(part) for part in y] if isinstance(y, tuple | list) else y


def derived(f, *arrays):
    """[the value of a scalar function, its gradient by each array of floats]."""
    tensors = [tg.tensor(a, requires_grad=np.asarray(a).dtype.kind == "f") for a in arrays]
    y = f(*tensors)
    y.backward()
    return [y.numpy(), *(x.grad.numpy() for x in tensors if x.requires_grad)]


def assert_close(found, expected, bound):
    """Arrays, as close as `bound` times the largest number of all that were expected, or 1."""
    assert len(found) == len(expected)
    largest = max(1.0, *(np.abs(a).max(initial=0.0) for a in expected))
    for a, b in zip(found, expected, strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        assert np.abs(a - b).max(initial=0.0) <= bound * largest
