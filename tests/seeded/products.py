"""Products with something transposed: what square matrices hide, and shapes one did not think of."""

import numpy as np

import tinygrad_rnn as tg
from tests.seeded.patches import bent, bent_jvp, together

BUGS = {
    "transpose": {
        "matmul: b for bᵀ": bent(
            "matmul",
            lambda right, gy, y, a, b: right(gy, y, a, _mT(b) if b.ndim > 1 and b.shape[-1] == b.shape[-2] else b),
        ),
        "matmul: all axes of a batch reversed": bent(
            "matmul",
            lambda right, gy, y, a, b: (
                gy @ tg.transpose(b) if b.ndim == 3 and len(set(b.shape)) == 1 and a.ndim > 1 else right(gy, y, a, b)
            ),
        ),
        "matmul: a row for a column, b 1-D": bent(
            "matmul",
            lambda right, gy, y, a, b: (
                tg.outer(b, gy) if b.ndim == 1 and a.ndim == 2 and len(a) == len(b) else right(gy, y, a, b)
            ),
        ),
        "matmul: the first of a batch": bent(
            "matmul",
            lambda right, gy, y, a, b: a[0].T @ gy[0] if b.ndim == 2 and a.ndim == 3 else right(gy, y, a, b),
            1,
        ),
        "matmul: a 1-D": bent(
            "matmul",
            lambda right, gy, y, a, b: (
                tg.outer(gy, a) if a.ndim == 1 and b.ndim == 2 and len(set(b.shape)) == 1 else right(gy, y, a, b)
            ),
            1,
        ),
        "matmul: the tangent transposed": bent_jvp(
            "matmul",
            lambda right, db, y, a, b: right(_mT(db) if b.ndim > 1 and b.shape[-1] == b.shape[-2] else db, y, a, b),
            1,
        ),
        "matmul: many uses added up transposed": together(
            "matmul", lambda gys, args: _exact(sum(gy.T @ a for gy, (a, _) in zip(gys, args, strict=True)), args[0][1])
        ),
        "dot: b for bᵀ": bent("dot", lambda right, gy, y, a, b: gy @ b if _square([a, b]) else right(gy, y, a, b)),
        "dot: by a number": bent("dot", lambda right, gy, y, a, b: gy if np.ndim(b) == 0 else right(gy, y, a, b)),
        "inner: bᵀ for b": bent(
            "inner",
            lambda right, gy, y, a, b: right(gy, y, a, b.T if np.ndim(b) == 2 and b.shape[0] == b.shape[1] else b),
        ),
        "inner: a, gy for gy, a": together(
            "inner", lambda gys, args: _exact(sum(a.T @ gy for gy, (a, _) in zip(gys, args, strict=True)), args[0][1])
        ),
        "tensordot: the contracted axes left where they fall": bent(
            "tensordot",
            lambda right, gy, y, a, b, axes: (
                _mT(right(gy, y, a, b, axes=axes))
                if not isinstance(axes, int) and a.ndim > 1 and a.shape[-1] == a.shape[-2]
                else right(gy, y, a, b, axes=axes)
            ),
        ),
        "einsum: the first factor's axes reversed": bent(
            "einsum",
            lambda right, gy, y, *xs, needed, subscripts: [
                tg.transpose(g) if g is not None and k == 0 and len(set(g.shape)) == 1 else g
                for k, g in enumerate(right(gy, y, *xs, needed=needed, subscripts=subscripts))
            ],
        ),
    },
}


def _mT(x):
    return tg.swapaxes(x, -1, -2)


def _exact(gx, x):
    """gx as a rule that got its shape wrong would silently return it: cut or stretched to x's."""
    return gx if gx.shape == x.shape else tg.broadcast_to(tg.mean(gx), x.shape)


def _square(xs):
    shapes = {np.shape(x) for x in xs if x is not None}
    return len(shapes) == 1 and len(next(iter(shapes))) == 2 and len(set(next(iter(shapes)))) == 1
