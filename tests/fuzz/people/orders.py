"""Rules that are right once and not when differentiated again; and detach() in the wrong place."""

from __future__ import annotations

import numpy as np

import tinygrad_rnn as tg
from tests.fuzz.people.bug import op
from tests.fuzz.people.slopes import real, rows, same_shape
from tinygrad_rnn.testing import values


def cut(x):
    return x.detach() if isinstance(x, tg.Tensor) else x


def plain(x):
    return x.numpy() if isinstance(x, tg.Tensor) else x


@op("the rule computes with x.detach()", real)
def quartic(right):
    @tg.elementwise(x=lambda y, x: 4 * (x if right else cut(x)) ** 3)
    def quartic(x):
        return x**4

    return quartic


@op("the rule computes with y as an array", real)
def my_exp(right):
    @tg.elementwise(x=lambda y, x: y if right else plain(y))
    def my_exp(x):
        return np.exp(x)

    return my_exp


@op("the rule detaches gy", same_shape(2))
def product(right):
    def passed(gy):
        return gy if right else cut(gy)

    @tg.primitive
    def product(a, b):
        return a * b

    product.vjp(a=lambda gy, y, a, b: passed(gy) * b, b=lambda gy, y, a, b: passed(gy) * a)
    product.jvp(a=lambda da, y, a, b: da * b, b=lambda db, y, a, b: a * db)
    return product


@op("the rule is NumPy: gy is made an array, and the scatter is not recorded", rows)
def every_second(right):
    def back(gy, x):
        if right:
            return tg.index_add(np.zeros(x.shape), (..., slice(None, None, 2)), gy)
        gx = np.zeros(x.shape)
        gx[..., ::2] = plain(gy)
        return gx

    @tg.linear(transpose=back)
    def every_second(x):
        return x[..., ::2].copy()

    return every_second


@op("the rule runs under no_grad, to save time", real)
def square_of_tanh(right):
    def rule(g, y, x):
        if right:
            return g * 2 * tg.tanh(x) * (1 - y)
        with tg.no_grad():
            return g * 2 * tg.tanh(x) * (1 - y)

    @tg.primitive
    def square_of_tanh(x):
        return np.tanh(x) ** 2

    square_of_tanh.vjp(x=rule)
    square_of_tanh.jvp(x=rule)
    return square_of_tanh


@op("the gradient is clipped in the rule", real)
def safe_cube(right):
    @tg.primitive
    def safe_cube(x):
        return x**3

    def rule(gy, y, x):
        gx = gy * 3 * x * x
        return gx if right else tg.clip(gx, -5, 5)

    safe_cube.vjp(x=rule)
    safe_cube.jvp(x=lambda dx, y, x: dx * 3 * x * x)
    return safe_cube


@op("the gradient is scaled to norm 1 where it is longer", real)
def unit_gradient(right):
    @tg.primitive
    def double(x):
        return 2 * x

    def rule(gy, y, x):
        return 2 * gy if right else 2 * gy / tg.maximum(tg.sqrt(tg.sum(gy * gy) + 1e-12), 1)

    double.vjp(x=rule)
    double.jvp(x=lambda dx, y, x: 2 * dx)
    return double


@op("second order by the other argument: x of the slope is kept as an array", same_shape(2))
def scaled_sine(right):
    """y = s·sin(x)"""

    @tg.primitive
    def scaled_sine(s, x):
        return s * np.sin(x)

    scaled_sine.vjp(
        s=lambda gy, y, s, x: gy * tg.sin(x if right else plain(x)), x=lambda gy, y, s, x: gy * s * tg.cos(x)
    )
    scaled_sine.jvp(s=lambda ds, y, s, x: ds * tg.sin(x), x=lambda dx, y, s, x: dx * s * tg.cos(x))
    return scaled_sine


@op("the rule's own op has a wrong rule: sech² is right, its slope is not", real)
def tanh_by_sech(right):
    @tg.elementwise(x=lambda y, x: -2 * y * tg.tanh(x) if right else -y * tg.tanh(x))
    def sech_squared(x):
        return 1 / np.cosh(x) ** 2

    @tg.elementwise(x=lambda y, x: sech_squared(x))
    def tanh_by_sech(x):
        return np.tanh(x)

    return tanh_by_sech


# Composed of ops


@op("the normaliser is detached", rows)
def fractions(right):
    def fractions(x):
        e = tg.exp(x)
        total = tg.sum(e, axis=-1, keepdims=True)
        return e / (total if right else total.detach())

    return fractions


@op("the mean is detached: harmless once, since deviations add up to 0, and wrong twice", rows)
def variance(right):
    def variance(x):
        mean = tg.mean(x, axis=-1, keepdims=True)
        return tg.mean((x - (mean if right else mean.detach())) ** 2, axis=-1)

    return variance


@op("the weights of the loss are detached though they depend on x", same_shape(2))
def focal_error(right):
    def focal_error(x, t):
        miss = tg.abs(x - t) + 0.1
        return tg.mean((miss if right else miss.detach()) ** 0.5 * (x - t) ** 2)

    return focal_error


@op(".data in the middle: rounding to a grid for a print that stayed", real)
def ridge(right):
    def ridge(x):
        inner = tg.sin(x)
        return tg.exp(inner if right else tg.tensor(inner.data)) + x

    return ridge


@op("the running product starts anew at a detached value", values((4,)))
def folded(right):
    def folded(x):
        y = x[0]
        for k in range(1, 4):
            y = tg.tanh((y if right or k != 2 else y.detach()) + x[k])
        return y

    return folded


@op("the larger of two branches is chosen by a soft mask with the hard mask's gradient", same_shape(2))
def soft_choice(right):
    def soft_choice(a, b):
        share = tg.sigmoid(a - b)
        return share * a + (1 - (share if right else share.detach())) * b

    return soft_choice
