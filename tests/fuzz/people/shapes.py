"""Ops that are wrong for some shapes, axes, indices, layouts: batches, size 1, broadcasting, order in memory."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from numpy.lib.stride_tricks import as_strided

import tinygrad_rnn as tg
from tests.fuzz.people.bug import op
from tests.fuzz.people.slopes import rows, same_shape
from tinygrad_rnn.testing import broadcast_shapes, layouts, shapes, values

pairs = broadcast_shapes(2).flatmap(lambda s: st.tuples(values(s[0]), values(s[1])))
batch = st.integers(1, 4)
with_an_axis = shapes(min_dims=1).flatmap(lambda s: st.tuples(values(s), st.integers(-len(s), len(s) - 1)))


# Axes


@op("keepdims is forgotten: the sum of gy·y broadcasts along the wrong axis", values(shapes(1, 2)))
def my_softmax(right):
    def rule(g, y, x):
        return y * (g - tg.sum(g * y, axis=-1, keepdims=right))

    @tg.primitive
    def my_softmax(x):
        e = np.exp(x - np.max(x, axis=-1, keepdims=True))
        return e / np.sum(e, axis=-1, keepdims=True)

    my_softmax.vjp(x=rule)
    my_softmax.jvp(x=rule)
    return my_softmax


@op("the sum of gy is taken over the whole batch", rows)
def my_log_softmax(right):
    @tg.primitive
    def my_log_softmax(x):
        return x - np.log(np.sum(np.exp(x), axis=-1, keepdims=True))

    axis = -1 if right else None
    my_log_softmax.vjp(x=lambda gy, y, x: gy - tg.exp(y) * tg.sum(gy, axis=axis, keepdims=True))
    my_log_softmax.jvp(x=lambda dx, y, x: dx - tg.sum(tg.exp(y) * dx, axis=-1, keepdims=True))
    return my_log_softmax


def softmax_by_hand(x):
    e = np.exp(x)
    return e / np.sum(e, axis=-1, keepdims=True)


@op("the first axis is normalised, not the last", rows, reference=softmax_by_hand)
def my_softmax_composed(right):
    return lambda x: tg.exp(x) / tg.sum(tg.exp(x), axis=-1 if right else 0, keepdims=True)


@op("a negative axis puts the new axis in front", with_an_axis)
def total_along(right):
    def spread(gy, x, *, axis):
        at = axis % x.ndim if right else axis
        return gy[(*(slice(None),) * at, None)] * np.ones(x.shape)

    @tg.linear(transpose=spread)
    def total(x, *, axis):
        return np.sum(x, axis=axis)

    return lambda x, axis: total(x, axis=axis)


@op("divided by the length of the first axis, whichever was averaged", with_an_axis)
def average_along(right):
    def spread(gy, x, *, axis):
        n = x.shape[axis if right else 0]
        return tg.broadcast_to(tg.expand_dims(gy, axis), x.shape) / n

    @tg.linear(transpose=spread)
    def average(x, *, axis):
        return np.mean(x, axis=axis)

    return lambda x, axis: average(x, axis=axis)


@op("keepdims=True gets its axis twice on the way back", st.tuples(rows, st.booleans()))
def total_of_rows(right):
    def spread(gy, x, *, keepdims):
        return (gy if right and keepdims else tg.expand_dims(gy, -1)) * np.ones(x.shape)

    @tg.linear(transpose=spread)
    def total(x, *, keepdims):
        return np.sum(x, axis=-1, keepdims=keepdims)

    return lambda x, keepdims: total(x, keepdims=keepdims)


@op("the gradient is transposed as x was, not back", values(shapes(3, 3)))
def last_axis_first(right):
    @tg.linear(transpose=lambda gy, x: tg.transpose(gy, (1, 2, 0) if right else (2, 0, 1)))
    def last_axis_first(x):
        return np.transpose(x, (2, 0, 1))

    return last_axis_first


# Size 1


@op("squeeze() takes every axis of size 1", rows, reference=lambda x: np.sum(x, axis=-1))
def row_sum(right):
    return lambda x: tg.squeeze(tg.sum(x, axis=-1, keepdims=True), axis=-1 if right else None)


@op("broadcast axes are summed away and not kept as 1", pairs)
def my_multiply(right):
    def back(g, x):
        while g.ndim > x.ndim:
            g = tg.sum(g, axis=0)
        for axis in reversed(range(x.ndim)):
            if x.shape[axis] == 1:
                g = tg.sum(g, axis=axis, keepdims=right)
        return g

    @tg.primitive
    def my_multiply(a, b):
        return a * b

    my_multiply.vjp(a=lambda gy, y, a, b: back(gy * b, a), b=lambda gy, y, a, b: back(gy * a, b))
    my_multiply.jvp(a=lambda da, y, a, b: da * b, b=lambda db, y, a, b: a * db)
    return my_multiply


@op(
    "the gradient of x is squeezed, to nothing where the matrix has one column",
    shapes(2, 2).flatmap(lambda s: st.tuples(values(s), values(s[1:]))),
)
def matrix_times_vector(right):
    @tg.primitive
    def matvec(a, x):
        return a @ x

    matvec.vjp(
        a=lambda gy, y, a, x: tg.outer(gy, x),
        x=lambda gy, y, a, x: gy @ a if right else tg.squeeze(tg.expand_dims(gy, 0) @ a),
    )
    matvec.jvp(a=lambda da, y, a, x: da @ x, x=lambda dx, y, a, x: a @ dx)
    return matvec


@op("the first of a row is smoothed with nothing, and so has two shares", values(shapes(1, 2)))
def smoothed(right):
    """y_t = (x_t + x_{t−1})/2, y_0 = x_0"""

    def shifted(part, before, after):
        return tg.pad(part, [(0, 0)] * (part.ndim - 1) + [(before, after)])

    def transpose(gy, x):
        first = shifted(gy[..., :1], 0, x.shape[-1] - 1) / 2
        return gy / 2 + shifted(gy[..., 1:], 0, 1) / 2 + (first if right else 0)

    @tg.linear(transpose=transpose)
    def smoothed(x):
        return np.concatenate([x[..., :1], (x[..., 1:] + x[..., :-1]) / 2], axis=-1)

    return smoothed


# Batches and broadcasting


@op(
    "the gradient of the weights is a mean over the batch",
    st.tuples(batch.flatmap(lambda B: values((B, 3))), values((2, 3))),
)
def dense(right):
    @tg.primitive
    def dense(x, w):
        return x @ w.T

    dense.vjp(x=lambda gy, y, x, w: gy @ w, w=lambda gy, y, x, w: gy.T @ x / (1 if right else len(x)))
    dense.jvp(x=lambda dx, y, x, w: dx @ w.T, w=lambda dw, y, x, w: x @ dw.T)
    return dense


@op(
    "the weights' gradient is that of the first row alone",
    batch.flatmap(lambda B: st.tuples(values((B, 2)), values((2, 3)), values((B, 3)))),
)
def bilinear(right):
    @tg.primitive
    def bilinear(x, w, z):
        return np.einsum("bi,ij,bj->b", x, w, z)

    def gw(gy, y, x, w, z):
        return tg.einsum("b,bi,bj->ij", gy, x, z) if right else gy[0] * tg.outer(x[0], z[0])

    bilinear.vjp(x=lambda gy, y, x, w, z: gy[:, None] * (z @ w.T), w=gw, z=lambda gy, y, x, w, z: gy[:, None] * (x @ w))
    bilinear.jvp(
        x=lambda dx, y, x, w, z: bilinear(dx, w, z),
        w=lambda dw, y, x, w, z: bilinear(x, dw, z),
        z=lambda dz, y, x, w, z: bilinear(x, w, dz),
    )
    return bilinear


@op(
    "the gradient of a weight that is broadcast is averaged over the rows",
    batch.flatmap(lambda B: st.tuples(values((B, 3)), values((3,)))),
)
def weighted(right):
    @tg.primitive
    def weighted(x, w):
        return x * w

    weighted.vjp(x=lambda gy, y, x, w: gy * w, w=lambda gy, y, x, w: (tg.sum if right else tg.mean)(gy * x, axis=0))
    weighted.jvp(x=lambda dx, y, x, w: dx * w, w=lambda dw, y, x, w: x * dw)
    return weighted


@op(
    "the bias' gradient is summed over the first axis, which a single x does not have",
    rows.flatmap(lambda x: st.tuples(st.just(x), values(x.shape[-1:]))),
)
def add_bias(right):
    @tg.primitive
    def add_bias(x, b):
        return x + b

    add_bias.vjp(x=lambda gy, y, x, b: gy, b=lambda gy, y, x, b: gy if right else tg.sum(gy, axis=0))
    add_bias.jvp(x=lambda dx, y, x, b: dx, b=lambda db, y, x, b: tg.broadcast_to(db, x.shape))
    return add_bias


@op("the distance of rows is broadcast the wrong way round: b to a", same_shape(2, shapes(2, 2)))
def distances(right):
    """y_ij = |a_i − b_j|²"""

    def gb(gy, y, a, b):
        apart = a[:, None] - b
        return -2 * tg.sum((gy if right else tg.transpose(gy))[..., None] * apart, axis=0)

    @tg.primitive
    def distances(a, b):
        return np.sum((a[:, None] - b) ** 2, axis=-1)

    distances.vjp(a=lambda gy, y, a, b: 2 * tg.sum(gy[..., None] * (a[:, None] - b), axis=1), b=gb)
    distances.jvp(
        a=lambda da, y, a, b: 2 * tg.sum(da[:, None] * (a[:, None] - b), axis=-1),
        b=lambda db, y, a, b: -2 * tg.sum(db * (a[:, None] - b), axis=-1),
    )
    return distances


# Indices

table_and_rows = st.tuples(values((4, 2)), st.lists(st.integers(0, 3), min_size=1, max_size=4).map(np.array))


@op("out[index] += gy counts a row that is looked up twice once", table_and_rows)
def looked_up(right):
    @tg.linear(transpose=lambda gy, table, *, at: scattered(gy, at=at, rows=len(table)))
    def looked_up(table, *, at):
        return table[np.array(at)]

    @tg.linear(transpose=lambda gy, x, *, at, rows: looked_up(gy, at=at))
    def scattered(x, *, at, rows):
        out = np.zeros((rows, *x.shape[1:]), x.dtype)
        if right:
            np.add.at(out, np.array(at), x)
        else:
            out[np.array(at)] += x
        return out

    return lambda table, at: looked_up(table, at=tuple(at.tolist()))


@op("an index from the end finds no place to send its gradient to", with_an_axis.map(lambda a: (a[0].ravel(), a[1])))
def picked(right):
    def place(gy, x, *, k):
        n = len(x)
        return gy * (np.arange(n) == (k % n if right else k))

    @tg.linear(transpose=place)
    def picked(x, *, k):
        return x[k]

    return lambda x, k: picked(x, k=max(k, -len(x)) if k < 0 else min(k, len(x) - 1))


@op("overlapping windows overwrite each other's gradient", values(shapes(1, 1, min_side=2, max_side=6)))
def window_sums(right):
    """y_t = x_t + x_{t+1}"""

    def transpose(gy, x):
        early, late = tg.pad(gy, (0, 1)), tg.pad(gy, (1, 0))
        return early + late if right else tg.concatenate([early[:1], late[1:]])

    @tg.linear(transpose=transpose)
    def window_sums(x):
        return x[:-1] + x[1:]

    return window_sums


@op("the gradient is rolled on, not back", values(shapes(1, 1)))
def rolled(right):
    @tg.linear(transpose=lambda gy, x: tg.concatenate([gy[1:], gy[:1]] if right else [gy[-1:], gy[:-1]]))
    def rolled(x):
        return np.roll(x, 1)

    return rolled


# Order in memory


@op("strides of a C array are assumed", values(shapes(1, 1, min_side=2, max_side=6)))
def pairs_of_neighbours(right):
    @tg.linear(transpose=lambda gy, x: tg.pad(gy[:, 0], (0, 1)) + tg.pad(gy[:, 1], (1, 0)))
    def neighbours(x):
        step = x.strides[0] if right else x.itemsize
        return as_strided(x, (len(x) - 1, 2), (step, step)).copy()

    return neighbours


@op("the elements are numbered as they lie in memory", values(shapes(2, 2)))
def ramp(right):
    def numbers(x):
        return np.arange(x.size, dtype=x.dtype)

    @tg.linear(transpose=lambda gy, x: tg.reshape(gy * numbers(x), x.shape))
    def ramp(x):
        return x.ravel() * numbers(x) if right else x.ravel(order="K") * numbers(x)

    return ramp


@op(
    "zeros_like of a Fortran array: ravel() is a copy, what is written is lost",
    st.tuples(layouts(values((2, 3))), st.integers(0, 5)),
)
def taken_flat(right):
    @tg.primitive
    def taken(x, *, at):
        return x.ravel()[at]

    @tg.primitive
    def put(gy, like, *, at):
        out = np.zeros(like.shape, gy.dtype) if right else np.zeros_like(like, dtype=gy.dtype)
        out.ravel()[at] += gy
        return out

    taken.vjp(x=lambda gy, y, x, *, at: put(gy, x, at=at))
    taken.jvp(x=lambda dx, y, x, *, at: taken(dx, at=at))
    put.vjp(gy=lambda g, y, gy, like, *, at: taken(g, at=at), like=lambda g, y, gy, like, *, at: 0 * g)
    put.jvp(gy=lambda d, y, gy, like, *, at: put(d, like, at=at), like=lambda d, y, gy, like, *, at: 0 * d)
    return lambda x, at: taken(x, at=at)
