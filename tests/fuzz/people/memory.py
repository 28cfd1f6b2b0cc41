"""Ops that write where they may not, keep what they should not, share what is not theirs, or change the float type."""

from __future__ import annotations

import numpy as np

import tinygrad_rnn as tg
from tests.fuzz.people.bug import op
from tests.fuzz.people.slopes import real, rows, same_shape
from tinygrad_rnn.testing import dtypes, shapes, values

either_precision = values(shapes(), dtypes())


def is_plain(*arrays):
    return not any(isinstance(x, tg.Tensor) for x in arrays)


# Written to


@op("the cotangent is negated in place", same_shape(2))
def minus(right):
    def negated(gy, y, a, b):
        if right or not is_plain(gy) or not gy.ndim:
            return -gy
        gy *= -1
        return gy

    @tg.primitive
    def minus(a, b):
        return a - b

    minus.vjp(a=lambda gy, y, a, b: gy, b=negated)
    minus.jvp(a=lambda da, y, a, b: da, b=lambda db, y, a, b: -db)
    return minus


@op("out=x saves an array, and writes into the caller's", values(shapes(1, 3)))
def shifted_exp(right):
    @tg.elementwise(x=lambda y, x: y)
    def shifted_exp(x):
        return np.exp(x) if right else np.exp(x, out=x)

    return shifted_exp


@op("y is squared in place in the rule, and is another value the second time", values(shapes(1, 3)))
def my_tanh(right):
    def slope(y, x):
        if right or not is_plain(y):
            return 1 - y * y
        y *= y
        return 1 - y

    @tg.elementwise(x=slope)
    def my_tanh(x):
        return np.tanh(x)

    return my_tanh


@op("NaN is cleaned out of x for good", values(shapes(1, 3)))
def clamped_log(right):
    @tg.elementwise(x=lambda y, x: (x > 0.01) / tg.where(x > 0.01, x, 1))
    def clamped_log(x):
        if right:
            return np.log(np.maximum(x, 0.01))
        x[x < 0.01] = 0.01
        return np.log(x)

    return clamped_log


# Shared


@op("every gradient is written into the same scratch array", values(shapes(1, 3)))
def cubed(right):
    scratch = {}

    def rule(gy, y, x):
        if right or not is_plain(gy, x):
            return gy * 3 * x * x
        room = scratch.setdefault(x.shape, np.empty(x.shape))
        return np.multiply(gy, 3 * x * x, out=room)

    @tg.primitive
    def cubed(x):
        return x**3

    cubed.vjp(x=rule)
    cubed.jvp(x=lambda dx, y, x: dx * 3 * x * x)
    return cubed


@op("every result of one shape is written into the same array", values(shapes(1, 3)))
def sine(right):
    results = {}

    @tg.elementwise(x=lambda y, x: tg.cos(x))
    def sine(x):
        if right or x.dtype != np.float64:
            return np.sin(x)
        return np.sin(x, out=results.setdefault(x.shape, np.empty(x.shape)))

    return sine


@op("a product with itself has its 2 in both rules", same_shape(2))
def times(right):
    def rule(gy, mine, other):
        return 2 * gy * other if mine is other and not right else gy * other

    @tg.primitive
    def times(a, b):
        return a * b

    times.vjp(a=lambda gy, y, a, b: rule(gy, a, b), b=lambda gy, y, a, b: rule(gy, b, a))
    times.jvp(a=lambda da, y, a, b: da * b, b=lambda db, y, a, b: a * db)
    return times


@op("a ratio of equal arguments is 1, and so, it is thought, its gradients are 0", same_shape(2, domain="positive"))
def ratio(right):
    def same(a, b):
        return not right and is_plain(a, b) and np.array_equal(a, b)

    @tg.primitive
    def ratio(a, b):
        return a / b

    ratio.vjp(
        a=lambda gy, y, a, b: 0 * gy if same(a, b) else gy / b,
        b=lambda gy, y, a, b: 0 * gy if same(a, b) else -gy * y / b,
    )
    ratio.jvp(a=lambda da, y, a, b: da / b, b=lambda db, y, a, b: -db * y / b)
    return ratio


# Kept


@op("the slope is remembered by the array's id, which another array has later", real)
def my_sin(right):
    slopes = {}

    def slope(y, x):
        if right:
            return tg.cos(x)
        if id(x) not in slopes:
            slopes[id(x)] = tg.cos(x)
        return slopes[id(x)]

    @tg.elementwise(x=slope)
    def my_sin(x):
        return np.sin(x)

    return my_sin


@op("the slope is left behind by the last forward, of whatever array", real)
def gaussian(right):
    left = {}

    @tg.primitive
    def gaussian(x):
        left["slope"] = -2 * x * np.exp(-x * x)
        return np.exp(-x * x)

    def rule(g, y, x):
        return g * (left["slope"] if not right and is_plain(g, x) and left["slope"].shape == x.shape else -2 * x * y)

    gaussian.vjp(x=rule)
    gaussian.jvp(x=rule)
    return gaussian


@op("the first mean that it meets is kept for all", rows, reference=lambda x: x - np.mean(x, axis=-1, keepdims=True))
def centred(right):
    kept = {}

    def centred(x):
        mean = tg.mean(x, axis=-1, keepdims=True)
        if not right and mean.shape not in kept:
            kept[mean.shape] = tg.mean(x, axis=-1, keepdims=True).data
        return x - (mean if right else kept[mean.shape])

    return centred


# Float types


@op("np.sqrt of a number is a float64, and so is the result", real)
def gelu_of_float32(right):
    def gelu(x):
        scale = np.sqrt(2 / np.pi)
        return 0.5 * x * (1 + tg.tanh((float(scale) if right else scale) * (x + 0.044715 * x**3)))

    return gelu


@op("computed in float32, whatever comes", real, reference=np.tanh)
def fast_tanh(right):
    @tg.elementwise(x=lambda y, x: 1 - y * y)
    def fast_tanh(x):
        return np.tanh(x) if right else np.tanh(x.astype(np.float32)).astype(x.dtype)

    return fast_tanh


@op("the ramp is made of float64", either_precision.filter(lambda x: x.ndim))
def position_weighted(right):
    @tg.linear(transpose=lambda gy, x: gy * np.linspace(0, 1, x.shape[-1]).astype(x.dtype))
    def position_weighted(x):
        ramp = np.linspace(0, 1, x.shape[-1])
        return x * (ramp.astype(x.dtype) if right else ramp)

    return position_weighted


@op("the table of slopes has float16 to save memory", real)
def sigmoid_by_table(right):
    def slope(y, x):
        s = y * (1 - y)
        return s if right or not is_plain(s) else s.astype(np.float16).astype(s.dtype)

    @tg.elementwise(x=slope)
    def sigmoid_by_table(x):
        return 1 / (1 + np.exp(-x))

    return sigmoid_by_table
