"""Right for the axis one had in mind, wrong for another, counted from the end, of size 1, or elsewhere in memory."""

import numpy as np

import tinygrad_rnn as tg
from tests.seeded.patches import bent, bent_jvp, forward, reduction

BUGS = {
    "wrong axis": {
        "sum: spread along the first axis": bent(
            "sum",
            lambda right, gy, y, x, axis, keepdims: (
                right(gy, y, x, axis=axis, keepdims=keepdims)
                if keepdims or not isinstance(axis, int)
                else _exact(tg.broadcast_to(tg.expand_dims(gy, 0), (x.shape[axis], *gy.shape)), x)
            ),
        ),
        "softmax: always the last axis": bent(
            "softmax", lambda right, gy, y, x, axis: right(gy, y, x, axis=-1) if x.ndim else gy * 0
        ),
        "log_softmax: the sum over everything": bent(
            "log_softmax", lambda right, gy, y, x, axis: gy - tg.exp(y) * tg.sum(gy)
        ),
        "var: the mean of everything": reduction(
            "var", lambda y, x, axis, ddof: 2 * (x - tg.mean(x)) / (_extent(x, axis) - ddof)
        ),
        "logsumexp: the softmax of everything": reduction("logsumexp", lambda y, x, axis: tg.softmax(x, axis=None)),
        "norm: of everything": reduction("euclidean_norm", lambda y, x, axis: x / tg.norm(x)),
        "cumsum: along the first axis": bent(
            "cumsum",
            lambda right, gy, y, x, axis: right(gy, y, x, axis=0 if axis is not None and x.ndim == 2 else axis),
        ),
        "mean: divided by the rows": bent(
            "mean",
            lambda right, gy, y, x, axis, keepdims: (
                right(gy, y, x, axis=axis, keepdims=keepdims) * _extent(x, axis) / max(len(x) if x.ndim else 1, 1)
            ),
        ),
        "mean: by one of two axes": bent(
            "mean",
            lambda right, gy, y, x, axis, keepdims: (
                right(gy, y, x, axis=axis, keepdims=keepdims)
                * (x.shape[axis[-1]] if isinstance(axis, tuple) and len(axis) > 1 else 1)
            ),
        ),
        "concatenate: tangents in reverse": bent_jvp(
            "concatenate",
            lambda right, dxs, y, *xs, axis: right(
                dxs[::-1] if len({x.shape for x in xs}) == 1 else dxs, y, *xs, axis=axis
            ),
        ),
        "diagonal: the other offset": bent(
            "diagonal", lambda right, gy, y, x, offset, **axes: right(gy, y, x, offset=-offset, **axes)
        ),
    },
    "keepdims": {
        "max: compared without its axes": reduction(
            "max",
            lambda y, x, axis: _share(tg.broadcast_to(tg.max(x), x.shape) if x.ndim > 1 else y, x, axis),
        ),
        "sum: keepdims adds a factor": bent(
            "sum",
            lambda right, gy, y, x, axis, keepdims: (
                right(gy, y, x, axis=axis, keepdims=keepdims) * (2 if keepdims else 1)
            ),
        ),
        "var: gy restored twice": bent(
            "var",
            lambda right, gy, y, x, axis, keepdims, ddof: right(
                tg.mean(gy) + 0 * gy if keepdims else gy, y, x, axis=axis, keepdims=keepdims, ddof=ddof
            ),
        ),
    },
    "negative axis": {
        "concatenate: cut from the front": bent(
            "concatenate",
            lambda right, gy, y, *xs, needed, axis: right(
                tg.flip(gy, axis) if axis is not None and axis < 0 else gy, y, *xs, needed=needed, axis=axis
            ),
        ),
        "stack: counted in the inputs' axes": bent(
            "stack",
            lambda right, gy, y, *xs, needed, axis: right(
                gy,
                y,
                *xs,
                needed=needed,
                axis=axis % max(xs[0].ndim, 1) if axis < 0 and _moved(gy, axis, xs[0].ndim) else axis,
            ),
        ),
        "transpose: argsort of negative axes": bent(
            "transpose",
            lambda right, gy, y, x, axes: (
                right(gy, y, x, axes=axes) if axes is None else tg.transpose(gy, tuple(np.argsort(axes).tolist()))
            ),
        ),
        "flip: from the front": bent(
            "flip",
            lambda right, gy, y, x, axis: right(
                gy, y, x, axis=-axis - 1 if isinstance(axis, int) and axis < 0 else axis
            ),
        ),
        "cumsum: −1 taken as 0": bent(
            "cumsum", lambda right, gy, y, x, axis: right(gy, y, x, axis=0 if axis == -1 else axis)
        ),
        "expand_dims: the axes moved, not dropped": bent(
            "expand_dims",
            lambda right, gy, y, x, axis: (
                tg.reshape(_mT(gy), x.shape)
                if isinstance(axis, int) and axis < 0 and gy.ndim > 2
                else right(gy, y, x, axis=axis)
            ),
        ),
        "take: −1 taken as 0": bent_jvp(
            "take",
            lambda right, dx, y, x, indices, axis: _exact(right(dx, y, x, indices, axis=0 if axis == -1 else axis), y),
        ),
    },
    "an axis of size 1": {
        "softmax: passes gy": bent(
            "softmax",
            lambda right, gy, y, x, axis: gy if _extent(x, axis) == 1 else right(gy, y, x, axis=axis),
        ),
        "broadcast_to: takes the first copy": bent(
            "broadcast_to",
            lambda right, gy, y, x, shape: (
                gy[..., :1] if x.ndim and x.shape[-1] == 1 and gy.ndim == x.ndim else right(gy, y, x, shape=shape)
            ),
        ),
        "squeeze: back at the front": bent(
            "squeeze",
            lambda right, gy, y, x, axis: (
                tg.reshape(tg.transpose(gy), x.shape) if gy.ndim > 1 else right(gy, y, x, axis=axis)
            ),
        ),
        "cumsum: nothing to add up, nothing passed": bent(
            "cumsum",
            lambda right, gy, y, x, axis: (
                gy * 0 if axis is not None and x.shape[axis] == 1 else right(gy, y, x, axis=axis)
            ),
        ),
    },
    "layout": {
        "reshape: the order of the memory": forward("reshape", lambda right, x, shape: np.reshape(x, shape, order="A")),
        "cumsum: the order of the memory": forward(
            "cumsum", lambda right, x, axis: np.cumsum(np.ravel(x, order="K")) if axis is None else right(x, axis=axis)
        ),
        "sum: the cotangent spread in memory's order": bent(
            "prod",
            lambda right, gy, y, x, axis, keepdims: (
                right(gy, y, np.ravel(x, order="K").reshape(x.shape), axis=axis, keepdims=keepdims)
                if isinstance(x, np.ndarray) and x.ndim > 1
                else right(gy, y, x, axis=axis, keepdims=keepdims)
            ),
        ),
    },
    "transpose": {
        "transpose: the same order again": bent(
            "transpose",
            lambda right, gy, y, x, axes: (
                right(gy, y, x, axes=None) if axes is None else _exact(tg.transpose(gy, axes), x)
            ),
        ),
        "moveaxis: there for back": bent(
            "moveaxis",
            lambda right, gy, y, x, source, destination: _exact(tg.moveaxis(gy, source, destination), x),
        ),
        "swapaxes: swapped only forward": bent(
            "swapaxes",
            lambda right, gy, y, x, axis1, axis2: (
                gy if gy.shape == x.shape else right(gy, y, x, axis1=axis1, axis2=axis2)
            ),
        ),
        "reshape: in Fortran's order": bent(
            "reshape", lambda right, gy, y, x, shape: tg.transpose(tg.reshape(tg.transpose(gy), x.shape[::-1]))
        ),
        "flip: not flipped back": bent("flip", lambda right, gy, y, x, axis: gy),
    },
}


def _mT(x):
    return tg.swapaxes(x, -1, -2)


def _exact(gx, x):
    """gx as a rule that got its shape wrong would silently return it: cut or stretched to x's."""
    return gx if gx.shape == x.shape else tg.broadcast_to(tg.mean(gx), x.shape)


def _extent(x, axis):
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return int(np.prod([x.shape[a] for a in axes], dtype=int))


def _share(y, x, axis):
    chosen = (x == y) * 1.0
    total = tg.sum(chosen, axis=axis, keepdims=True)
    return chosen / (total + (total == 0))


def _moved(gy, axis, ndim):
    """Whether the mistaken axis has as many rows, so that nothing but the numbers would be wrong."""
    return ndim > 0 and gy.shape[axis % ndim] == gy.shape[axis]
