"""Wrong derivatives of reductions: a factor, a tie, a zero."""

import numpy as np

import tinygrad_rnn as tg
from tests.seeded.patches import bent, reduction
from tinygrad_rnn.engine.apply import as_array

BUGS = {
    "missing factor": {
        "mean: n forgotten": bent(
            "mean",
            lambda right, gy, y, x, axis, keepdims: right(gy, y, x, axis=axis, keepdims=keepdims) * _extent(x, axis),
        ),
        "var: the 2 forgotten": reduction(
            "var", lambda y, x, axis, ddof: (x - tg.mean(x, axis=axis, keepdims=True)) / (_extent(x, axis) - ddof)
        ),
        "var: ddof ignored": bent("var", lambda right, *args, ddof, **static: right(*args, ddof=0, **static)),
        "std: the slope of var": reduction(
            "std", lambda y, x, axis, ddof: 2 * (x - tg.mean(x, axis=axis, keepdims=True)) / (_extent(x, axis) - ddof)
        ),
        "std: ddof ignored": bent("std", lambda right, *args, ddof, **static: right(*args, ddof=0, **static)),
        "prod: the product itself": reduction("prod", lambda y, x, axis: y + 0 * x),
        "logsumexp: not normalised": reduction("logsumexp", lambda y, x, axis: tg.exp(x)),
    },
    "ties": {
        "max: a tie gives 1 to each": reduction("max", lambda y, x, axis: (x == y) * 1.0),
        "min: a tie gives all to the first": reduction(
            "min", lambda y, x, axis: _first(as_array(x) == as_array(y), axis)
        ),
    },
    "zeros": {
        "norm: 0/0 at the origin": reduction("euclidean_norm", lambda y, x, axis: _quiet(lambda: x / y)),
        "std: 0/0 of a constant": reduction(
            "std",
            lambda y, x, axis, ddof: _quiet(
                lambda: (x - tg.mean(x, axis=axis, keepdims=True)) / (y * (_extent(x, axis) - ddof))
            ),
        ),
        "prod: by division": reduction("prod", lambda y, x, axis: _quiet(lambda: y / x)),
        "cumprod: by division": bent(
            "cumprod", lambda right, gy, y, x, axis: _quiet(lambda: _reverse_cumsum(gy * y, axis, x) / x)
        ),
        "norm: guarded by an epsilon": reduction("euclidean_norm", lambda y, x, axis: x / (y + 1e-8)),
    },
}


def _extent(x, axis):
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return int(np.prod([x.shape[a] for a in axes], dtype=int))


def _first(chosen, axis):
    axis = None if axis is None else axis
    earlier = np.cumsum(chosen, axis=axis if isinstance(axis, int) else None).reshape(chosen.shape)
    return (chosen & (earlier == 1)) * 1.0


def _reverse_cumsum(g, axis, x):
    back = tg.flip(tg.cumsum(tg.flip(g, axis), axis), axis) if axis is not None else None
    return back if axis is not None else tg.reshape(tg.flip(tg.cumsum(tg.flip(g)), None), x.shape)


def _quiet(f):
    with np.errstate(all="ignore"):
        return f()
