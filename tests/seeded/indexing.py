"""Picked out and not put back: duplicates lost, off by one, in the wrong order."""

import numpy as np

import tinygrad_rnn as tg
from tests.seeded.patches import bent, bent_jvp, into, vjp
from tinygrad_rnn.engine.apply import as_array
from tinygrad_rnn.ops.indexing import _add_rows, _along


def _overwritten(shape, index, values):
    x = np.zeros(shape)
    x[index] = values
    return x


def _add_once(gx, gy, *, index):
    gx[index] += gy


def _add_unreversed(gx, gy, *, index):
    parts = index if isinstance(index, tuple) else (index,)
    simple = all(isinstance(part, slice | int) for part in parts)
    np.add.at(gx, tuple(map(_forwards, parts, gx.shape)) if simple else index, gy)


def _forwards(part, n):
    """The same elements, first to last, whatever the sign of the step."""
    if isinstance(part, int):
        return part
    steps = range(*part.indices(n))
    return slice(steps[-1], steps[0] + 1, -part.step) if (part.step or 1) < 0 and steps else part


def _rows_once(gx, gy, indices, *, axis):
    if axis is None:
        gx.reshape(-1)[indices] += gy
    else:
        gx[(slice(None),) * (axis % gx.ndim) + (np.asarray(indices),)] += gy


def _rows_of_positive(gx, gy, indices, *, axis):
    _add_rows(gx, gy, np.abs(np.asarray(indices)) % max(gx.size if axis is None else gx.shape[axis], 1), axis=axis)


BUGS = {
    "duplicates": {
        "getitem: the last one stays": into("getitem", _add_once),
        "take: the last one stays": into("take", _rows_once),
        "take_along_axis: the last one stays": vjp(
            "take_along_axis",
            lambda gy, y, x, indices, axis: _overwritten(
                x.shape, _along(as_array(indices), x.shape, axis), as_array(gy)
            ),
        ),
        "index_add: the last tangent stays": bent_jvp(
            "index_add", lambda right, dv, y, x, values, index: _overwritten(y.shape, index, as_array(dv)), 1
        ),
        "index_add: shared among duplicates": bent(
            "index_add",
            lambda right, gy, y, x, values, index: right(gy, y, x, values, index=index) / _counts(x, index),
            1,
        ),
    },
    "off by one": {
        "cumsum: its own place left out": bent(
            "cumsum", lambda right, gy, y, x, axis: right(gy, y, x, axis=axis) - tg.reshape(gy, x.shape)
        ),
        "cumprod: its own place twice": bent(
            "cumprod", lambda right, gy, y, x, axis: right(gy, y, x, axis=axis) + tg.reshape(gy, x.shape)
        ),
        "pad: from the end of the other side": bent(
            "constant_pad",
            lambda right, gy, y, x, pad_width, constant_values: right(
                gy,
                y,
                x,
                pad_width=[(b, a) for a, b in np.broadcast_to(pad_width, (x.ndim, 2)).tolist()],
                constant_values=constant_values,
            ),
        ),
        "pad: the new elements move too": bent_jvp(
            "constant_pad",
            lambda right, dx, y, x, pad_width, constant_values: tg.pad(dx, pad_width, constant_values=constant_values),
        ),
        "concatenate: all as long as the first": bent(
            "concatenate",
            lambda right, gy, y, *xs, needed, axis: [
                g if g is None else tg.reshape(tg.flip(tg.reshape(g, (-1,))), g.shape) if x.shape != xs[0].shape else g
                for g, x in zip(right(gy, y, *xs, needed=needed, axis=axis), xs, strict=True)
            ],
        ),
        "stack: one row too far": bent(
            "stack",
            lambda right, gy, y, *xs, needed, axis: [
                None if not wanted else tg.moveaxis(gy, axis, 0)[k - 1] for k, wanted in enumerate(needed)
            ],
        ),
        "diagonal: one below": bent(
            "diagonal",
            lambda right, gy, y, x, offset, **axes: tg.flip(right(tg.flip(gy, -1), y, x, offset=offset, **axes), -1),
        ),
        "getitem: a negative step read forwards": into("getitem", _add_unreversed),
        "take: −1 taken as 1": into("take", _rows_of_positive),
    },
    "order": {
        "sort: the order for its inverse": vjp(
            "sort",
            lambda gy, y, x, axis: tg.reshape(
                tg.take(gy, np.argsort(as_array(x), axis=None))
                if axis is None
                else tg.take_along_axis(gy, np.argsort(as_array(x), axis=axis), axis=axis),
                x.shape,
            ),
        ),
        "sort: left unsorted": bent("sort", lambda right, gy, y, x, axis: tg.reshape(gy, x.shape)),
        "sort: falling tangents": bent_jvp(
            "sort", lambda right, dx, y, x, axis: tg.flip(right(dx, y, x, axis=axis), 0 if axis is None else axis)
        ),
    },
    "nothing flows": {
        "index_add: to its values": vjp("index_add", None, 1),
        "where: to the branch taken when false": vjp("where", None, 2),
        "where: to both branches": bent("where", lambda right, g, y, condition, a, b: g * 1.0, 2),
        "clip: to the lower bound": vjp("clip", None, 1),
        "maximum: to b": vjp("maximum", None, 1),
        "matmul: no tangent from b": bent_jvp("matmul", lambda right, db, y, a, b: 0 * right(db, y, a, b), 1),
        "power: no tangent from the exponent": bent_jvp("power", lambda right, db, y, a, b: 0 * y * db, 1),
        "getitem: through a mask": into(
            "getitem",
            lambda gx, gy, *, index: None if _is_mask(index) else np.add.at(gx, index, gy),
        ),
        "einsum: to a factor whose axis is summed alone": bent(
            "einsum",
            lambda right, gy, y, *xs, needed, subscripts: [
                g if g is None or _all_shared(k, subscripts) else g * 0
                for k, g in enumerate(right(gy, y, *xs, needed=needed, subscripts=subscripts))
            ],
        ),
    },
}


def _is_mask(index):
    parts = index if isinstance(index, tuple) else (index,)
    return any(isinstance(part, np.ndarray) and part.dtype == bool for part in parts)


def _counts(x, index):
    counts = np.zeros(x.shape)
    np.add.at(counts, index, 1)
    return counts[index]


def _all_shared(k, subscripts):
    """Whether every letter of operand k stands in the output or in another operand too."""
    left, _, right = subscripts.replace(" ", "").partition("->")
    terms = left.split(",")
    others = "".join(terms[:k] + terms[k + 1 :]) + right
    return "->" not in subscripts or all(letter in others for letter in terms[k])
