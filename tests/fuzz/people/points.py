"""Ops that are right at most numbers: wrong at ties, at 0, for large |x|, on one side of a corner."""

from __future__ import annotations

import numpy as np

import tinygrad_rnn as tg
from tests.fuzz.people.bug import op
from tests.fuzz.people.slopes import real, rows, same_shape
from tinygrad_rnn.testing import shapes, values

pairs_at_least = values(shapes(1, 2, min_side=2))


# Ties


@op("where both are equal, each gets the whole gradient", same_shape(2))
def larger(right):
    def share(mine, other):
        return 1.0 * (mine > other) + (0.5 if right else 1.0) * tg.equal(mine, other)

    @tg.elementwise(a=lambda y, a, b: share(a, b), b=lambda y, a, b: share(b, a))
    def larger(a, b):
        return np.maximum(a, b)

    return larger


@op("each of several largest gets the whole gradient", rows)
def row_maximum(right):
    def mask(y, x):
        hit = 1.0 * tg.equal(x, tg.expand_dims(y, -1))
        return hit / tg.sum(hit, axis=-1, keepdims=True) if right else hit

    @tg.primitive
    def row_maximum(x):
        return np.max(x, axis=-1)

    row_maximum.vjp(x=lambda gy, y, x: tg.expand_dims(gy, -1) * mask(y, x))
    row_maximum.jvp(x=lambda dx, y, x: tg.sum(dx * mask(y, x), axis=-1))
    return row_maximum


@op("all that reach the second largest are counted, be they three", pairs_at_least)
def top_two(right):
    def mask(x):
        second = tg.sort(x, axis=-1)[..., -2:-1]
        above, at = 1.0 * (x > second), 1.0 * tg.equal(x, second)
        places = 2 - tg.sum(above, axis=-1, keepdims=True)
        return above + at * (places / tg.sum(at, axis=-1, keepdims=True) if right else 1)

    @tg.primitive
    def top_two(x):
        return np.sum(np.sort(x, axis=-1)[..., -2:], axis=-1)

    top_two.vjp(x=lambda gy, y, x: tg.expand_dims(gy, -1) * mask(x))
    top_two.jvp(x=lambda dx, y, x: tg.sum(dx * mask(x), axis=-1))
    return top_two


@op("places are found again by value, equal ones all at the first", values(shapes(1, 1)))
def in_order(right):
    def places(y, x):
        at = np.argsort(np.argsort(x, kind="stable"))
        return at if right else np.searchsorted(y, x)

    def plain(x):
        return x.data if isinstance(x, tg.Tensor) else x

    @tg.primitive
    def in_order(x):
        return np.sort(x)

    in_order.vjp(x=lambda gy, y, x: gy[places(plain(y), plain(x))])
    in_order.jvp(x=lambda dx, y, x: dx[np.argsort(plain(x), kind="stable")])
    return in_order


# Zero


@op("the product of the others is found by dividing by x", rows)
def row_product(right):
    def others(y, x):
        if not right:
            return tg.expand_dims(y, -1) / x
        but = [tg.concatenate([x[..., :k], x[..., k + 1 :]], axis=-1) for k in range(x.shape[-1])]
        return tg.stack([tg.prod(each, axis=-1) for each in but], axis=-1)

    @tg.primitive
    def row_product(x):
        return np.prod(x, axis=-1)

    row_product.vjp(x=lambda gy, y, x: tg.expand_dims(gy, -1) * others(y, x))
    row_product.jvp(x=lambda dx, y, x: tg.sum(dx * others(y, x), axis=-1))
    return row_product


@op("sigma(x) is had from the result, as y / x", real)
def swish(right):
    def slope(y, x):
        s = tg.sigmoid(x) if right else y / x
        return s + y * (1 - s)

    @tg.elementwise(x=slope)
    def swish(x):
        return x / (1 + np.exp(-x))

    return swish


@op("0 / 0 at the origin", same_shape(2))
def hypotenuse(right):
    def cosine(side, y):
        if not right:
            return side / y
        return tg.where(y > 0, side / tg.where(y > 0, y, 1), 0)

    @tg.elementwise(a=lambda y, a, b: cosine(a, y), b=lambda y, a, b: cosine(b, y))
    def hypotenuse(a, b):
        return np.hypot(a, b)

    return hypotenuse


@op("where() keeps the value finite, not the gradient behind it", real)
def square_root_of_positive_part(right):
    def root(x):
        return tg.where(x > 0, tg.sqrt(tg.where(x > 0, x, 1) if right else tg.abs(x)), 0)

    return root


# Large |x|


@op("exp(x) / (1 + exp(x)) is inf / inf from 710 on", real)
def softplus(right):
    @tg.elementwise(x=lambda y, x: tg.sigmoid(x) if right else tg.exp(x) / (1 + tg.exp(x)))
    def softplus(x):
        return np.logaddexp(0, x)

    return softplus


@op("exp(−x)·y² is inf·0 below −710", real)
def logistic(right):
    @tg.elementwise(x=lambda y, x: y * (1 - y) if right else tg.exp(-x) * y * y)
    def logistic(x):
        return 0.5 * (1 + np.tanh(x / 2))

    return logistic


@op("above 20, where softplus is x, the slope was copied as x too", real)
def softplus_in_two_parts(right):
    @tg.elementwise(x=lambda y, x: tg.where(x > 20, 1 if right else x, tg.sigmoid(x)))
    def softplus_in_two_parts(x):
        return np.where(x > 20, x, np.log1p(np.exp(np.minimum(x, 20))))

    return softplus_in_two_parts


@op("the upper bound is not in the slope", real, kinks=[0, 6])
def relu6(right):
    @tg.elementwise(x=lambda y, x: 1.0 * (x > 0) * ((x < 6) if right else 1))
    def relu6(x):
        return np.clip(x, 0, 6)

    return relu6


def stable_logsumexp(x):
    top = np.max(x, axis=-1)
    return top + np.log(np.sum(np.exp(x - top[..., None]), axis=-1))


@op("the largest is not taken out before exp", rows, reference=stable_logsumexp)
def log_of_sum(right):
    def log_of_sum(x):
        if not right:
            return tg.log(tg.sum(tg.exp(x), axis=-1))
        top = np.max(x.data, axis=-1, keepdims=True)
        return tg.log(tg.sum(tg.exp(x - top), axis=-1)) + top[..., 0]

    return log_of_sum


# One side


@op("x < 1 was written for |x| < 1", real)
def smooth_l1(right):
    @tg.elementwise(x=lambda y, x: tg.where((tg.abs(x) if right else x) < 1, x, tg.sign(x)))
    def smooth_l1(x):
        return np.where(np.abs(x) < 1, x * x / 2, np.abs(x) - 0.5)

    return smooth_l1


@op("the slope below 0 is y, without its + 1", real)
def elu(right):
    @tg.elementwise(x=lambda y, x: tg.where(x > 0, 1, y + 1 if right else y))
    def elu(x):
        return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))

    return elu


@op("or for and: inside the bounds is everywhere", real, kinks=[-1, 1])
def hard_tanh(right):
    def inside(x):
        x = x.data if isinstance(x, tg.Tensor) else x
        return (x > -1) & (x < 1) if right else (x > -1) | (x < 1)

    @tg.elementwise(x=lambda y, x: 1.0 * inside(x))
    def hard_tanh(x):
        return np.clip(x, -1, 1)

    return hard_tanh


@op("the leak is 0.1 on the way back and 0.01 on the way there", real, kinks=[0])
def leaky_relu(right):
    @tg.elementwise(x=lambda y, x: tg.where(x > 0, 1, 0.01 if right else 0.1))
    def leaky_relu(x):
        return np.where(x > 0, x, 0.01 * x)

    return leaky_relu


@op("periodic only to the right of 0: trunc for floor", real, reference=lambda x: x - np.floor(x), kinks=range(-2, 3))
def fraction(right):
    @tg.elementwise(x=1)
    def fraction(x):
        return x - (np.floor(x) if right else np.trunc(x))

    return fraction


@op("the upper one of the two in the middle", values(shapes(1, 1, max_side=5)), reference=np.median)
def middle(right):
    def middle(x):
        n = len(x)
        y = tg.sort(x)
        return (y[(n - 1) // 2] + y[n // 2]) / 2 if right else y[n // 2]

    return middle


@op("log(1 + x) has no digits left near 0", values(shapes(), domain=(-1e-6, 1e-6)), reference=np.log1p)
def log_one_plus(right):
    return tg.log1p if right else (lambda x: tg.log(1 + x))
