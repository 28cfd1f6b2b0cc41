"""Right numbers in the wrong memory: something is written, kept, shared, or comes in another dtype."""

from functools import partial

import numpy as np

import tinygrad_rnn as tg
from tests.seeded.patches import Patch, bent, both, forward, slope, vjp


def _on_arrays(write):
    """A rule that spares an allocation when it runs on arrays."""

    def rule(right, gy, y, *args, **static):
        if isinstance(gy, np.ndarray):
            return write(gy, y, *args, **static)
        return right(gy, y, *args, **static)

    return rule


def _write(out, value):
    out[...] = value
    return out


class Kept:
    """Values of the first call with each shape, taken for those of every later one."""

    def __init__(self):
        self.values = {}

    def __call__(self, key, value):
        return self.values.setdefault(key, value)


class Buffer(Kept):
    """One array for each shape, written anew by every call."""

    def __call__(self, key, value):
        return _write(self.values.setdefault(key, np.empty_like(value)), value)


def kept_by_shape(derivative):
    kept = Kept()
    return lambda y, x: kept(x.shape, np.array(derivative(y, x))) if isinstance(x, np.ndarray) else derivative(y, x)


def one_buffer_for_both():
    buffer = Buffer()
    left = bent("multiply", _on_arrays(lambda gy, y, a, b: buffer(gy.shape, gy * b)))
    right = bent("multiply", _on_arrays(lambda gy, y, a, b: buffer(gy.shape, gy * a)), 1)
    return Patch("multiply", partial(both, left.place, right.place))


def leaking():
    kept = []

    def f(right, x):
        y = right(x)
        kept.append(y)
        return y

    return f


def output_of_the_last_call():
    last = [np.zeros(())]

    def remember(right, x):
        last[0] = right(x)
        return last[0]

    def recall(y, x):
        return last[0] if isinstance(x, np.ndarray) and np.shape(last[0]) == x.shape else y

    return Patch("exp", partial(both, forward("exp", remember).place, slope("exp", recall).place))


def a_last_bit(noise):
    """1, or a few roundings more."""
    return 1 + 2e-16 * noise.integers(0, 3)


NOISE = np.random.default_rng(0)


def _sorted_in_place(right, x, axis):
    if axis is None or not x.flags.writeable:
        return right(x, axis=axis)
    x.sort(axis=axis)
    return x.copy()


def _shifted_in_place(x):
    if x.flags.writeable:
        x -= x.max(initial=0)
    return x


def _scaled(g):
    if isinstance(g, np.ndarray) and g.flags.writeable:
        g *= 2
    return g


BUGS = {
    "the cotangent is written": {
        "negative: in place": bent("negative", _on_arrays(lambda gy, y, x: np.negative(gy, out=gy))),
        "relu: zeroed in place": bent("relu", _on_arrays(lambda gy, y, x: _write(gy, gy * (x > 0)))),
        "exp: scaled in place": bent("exp", _on_arrays(lambda gy, y, x: np.multiply(gy, y, out=gy))),
        "sum: of one element, scaled": bent(
            "mean",
            lambda right, gy, y, x, **static: (
                right(_write(gy, gy * 1.5), y, x, **static) / 1.5
                if isinstance(gy, np.ndarray)
                else right(gy, y, x, **static)
            ),
        ),
    },
    "the input is written": {
        "square: doubled in place": bent("square", _on_arrays(lambda gy, y, x: gy * np.multiply(x, 2, out=x))),
        "abs: its sign in place": bent("abs", _on_arrays(lambda gy, y, x: gy * np.sign(x, out=x))),
        "sort: in place": forward("sort", _sorted_in_place),
        "clip: in place": forward(
            "clip",
            lambda right, x, low, high: (
                _write(x, right(x, low, high))
                if x.flags.writeable and x.shape == right(x, low, high).shape
                else right(x, low, high)
            ),
        ),
        "softmax: shifted in place": forward(
            "softmax", lambda right, x, axis: right(_shifted_in_place(x), axis=axis)
        ).seen_in("programs softmax tanh multiply"),
    },
    "the output is written": {
        "tanh: 1 − y² in place": bent(
            "tanh", _on_arrays(lambda gy, y, x: gy * np.subtract(1, np.multiply(y, y, out=y), out=y))
        ),
        "sigmoid: y(1 − y) in place": bent("sigmoid", _on_arrays(lambda gy, y, x: gy * np.multiply(y, 1 - y, out=y))),
        "exp: the gradient in y's place": bent("exp", _on_arrays(lambda gy, y, x: np.multiply(gy, y, out=y))),
    },
    "shared memory": {
        "multiply: one buffer for both factors": one_buffer_for_both(),
        "reshape: writes through its view": bent(
            "reshape", lambda right, gy, y, x, shape: _scaled(right(gy, y, x, shape=shape))
        ).seen_in("programs"),
    },
    "stale": {
        "tanh: the slope of the first call": slope("tanh", kept_by_shape(lambda y, x: 1 - y * y)),
        "sin: the slope of the first call": slope("sin", kept_by_shape(lambda y, x: tg.cos(x))),
        "exp: the output of the last call": output_of_the_last_call(),
    },
    "kept": {
        "tanh: every output": forward("tanh", leaking()),
        "sigmoid: every output": forward("sigmoid", leaking()),
    },
    "not deterministic": {
        "log: a last bit at random": forward("log", lambda right, x: right(x) * a_last_bit(NOISE)),
        "cos: a last bit at random": vjp("cos", lambda gy, y, x: -gy * tg.sin(x) * a_last_bit(NOISE)),
    },
    "dtype": {
        "softplus: float64 for float32": forward("softplus", lambda right, x: np.asarray(right(x), dtype=np.float64)),
        "relu: compared with a float64 zero": forward(
            "relu", lambda right, x: np.maximum(x, np.zeros(1))[()].reshape(np.shape(x))
        ),
        "mean: in float64": forward("mean", lambda right, x, **static: right(x, **static) * np.float64(1.0)),
        "logsumexp: in float16": forward("logsumexp", lambda right, x, **static: right(x.astype(np.float16), **static)),
        "sqrt: float32 in float64": slope("sqrt", lambda y, x: (0.5 / y.astype(np.float32)).astype(np.float64)),
    },
}
