"""Ops whose derivative is wrong wherever one looks: a sign, a factor, the wrong argument, something left out."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tests.fuzz.people.bug import op
from tinygrad_rnn.testing import shapes, values

real = values(shapes())
rows = values(shapes(min_dims=1))
positive = values(shapes(), domain="positive")
squares = st.integers(1, 3).flatmap(lambda n: values((n, n)))
invertible = squares.map(lambda a: a + 4 * np.eye(len(a)))


def same_shape(count, shape=None, **options):
    return (shapes() if shape is None else shape).flatmap(
        lambda s: st.tuples(*(values(s, **options) for _ in range(count)))
    )


@op("the sign of d cos/dx is lost", real, reference=np.cos)
def cosine(right):
    @tg.elementwise(x=lambda y, x: -tg.sin(x) if right else tg.sin(x))
    def cosine(x):
        return np.cos(x)

    return cosine


@op("the inner derivative 1/3 is forgotten", real)
def slow_tanh(right):
    @tg.elementwise(x=lambda y, x: (1 - y * y) / 3 if right else 1 - y * y)
    def slow_tanh(x):
        return np.tanh(x / 3)

    return slow_tanh


@op("the result is in degrees, the derivative in radians", real)
def arctan_degrees(right):
    @tg.elementwise(x=lambda y, x: (180 / math.pi if right else 1) / (1 + x * x))
    def arctan_degrees(x):
        return np.degrees(np.arctan(x))

    return arctan_degrees


@op("a square is missing in the denominator", real)
def softsign(right):
    @tg.elementwise(x=lambda y, x: 1 / (1 + tg.abs(x)) ** (2 if right else 1))
    def softsign(x):
        return x / (1 + np.abs(x))

    return softsign


@op("the normal density instead of the slope of erf", real)
def error_function(right):
    def slope(y, x):
        if right:
            return 2 / math.sqrt(math.pi) * tg.exp(-x * x)
        return tg.exp(-x * x / 2) / math.sqrt(2 * math.pi)

    @tg.elementwise(x=slope)
    def error_function(x):
        return np.vectorize(math.erf, otypes=[x.dtype])(x)

    return error_function


@op("log of the wrong argument", st.tuples(values((2, 3), domain="positive"), values((2, 3), domain="positive")))
def raised(right):
    @tg.elementwise(a=lambda y, a, b: b * a ** (b - 1), b=lambda y, a, b: y * tg.log(a if right else b))
    def raised(a, b):
        return a**b

    return raised


@op("no rule for the weight w, which is taken for a constant", same_shape(3))
def lerp(right):
    @tg.primitive
    def lerp(a, b, w):
        return a + w * (b - a)

    rules = {"a": lambda g, y, a, b, w: g * (1 - w), "b": lambda g, y, a, b, w: g * w}
    if right:
        rules["w"] = lambda g, y, a, b, w: g * (b - a)
    lerp.vjp(**rules)
    lerp.jvp(**rules)
    return lerp


@op("forward mode has no rule for the shift", same_shape(3))
def scaled_and_shifted(right):
    @tg.primitive
    def scaled_and_shifted(x, s, b):
        return x * s + b

    rules = {"x": lambda g, y, x, s, b: g * s, "s": lambda g, y, x, s, b: g * x, "b": lambda g, y, x, s, b: g}
    scaled_and_shifted.vjp(**rules)
    scaled_and_shifted.jvp(**{name: rule for name, rule in rules.items() if right or name != "b"})
    return scaled_and_shifted


@op("forward mode sums from the left as well", rows)
def sums_from_the_right(right):
    def backwards(x):
        return tg.flip(tg.cumsum(tg.flip(x, axis=-1), axis=-1), axis=-1)

    @tg.primitive
    def sums_from_the_right(x):
        return np.flip(np.cumsum(np.flip(x, -1), -1), -1)

    sums_from_the_right.vjp(x=lambda gy, y, x: tg.cumsum(gy, axis=-1))
    sums_from_the_right.jvp(x=lambda dx, y, x: backwards(dx) if right else tg.cumsum(dx, axis=-1))
    return sums_from_the_right


@op("2Ax, as if A were symmetric", squares.flatmap(lambda a: st.tuples(values((len(a),)), st.just(a))))
def quadratic_form(right):
    def slope(x, a):
        return (a + a.T) @ x if right else 2 * (a @ x)

    @tg.primitive
    def quadratic_form(x, a):
        return x @ a @ x

    quadratic_form.vjp(x=lambda gy, y, x, a: gy * slope(x, a), a=lambda gy, y, x, a: gy * tg.outer(x, x))
    quadratic_form.jvp(x=lambda dx, y, x, a: tg.dot(slope(x, a), dx), a=lambda da, y, x, a: x @ (da @ x))
    return quadratic_form


def inverse_op(right):
    @tg.primitive
    def inverse(x):
        return np.linalg.inv(x)

    inverse.vjp(x=lambda gy, y, x: -(y.T @ gy @ y.T) if right else -(y @ gy @ y))
    inverse.jvp(x=lambda dx, y, x: -(y @ dx @ y))
    return inverse


@op("the rule of forward mode, not transposed for reverse mode", invertible)
def inverse(right):
    return inverse_op(right)


@op("the adjugate is not transposed", invertible)
def determinant(right):
    inv = inverse_op(True)

    @tg.primitive
    def determinant(x):
        return np.asarray(np.linalg.det(x))

    determinant.vjp(x=lambda gy, y, x: gy * y * (inv(x).T if right else inv(x)))
    determinant.jvp(x=lambda dx, y, x: y * tg.trace(inv(x) @ dx))
    return determinant


@op("the incoming gradient is taken to be symmetric, as the result is", values(shapes(2, 2)))
def gram(right):
    @tg.primitive
    def gram(x):
        return x @ x.T

    gram.vjp(x=lambda gy, y, x: (gy + gy.T) @ x if right else 2 * (gy @ x))
    gram.jvp(x=lambda dx, y, x: dx @ x.T + x @ dx.T)
    return gram


signal_and_kernel = st.tuples(values(shapes(1, 1, min_side=3, max_side=6)), values(shapes(1, 1, max_side=3)))


@op("the kernel is not turned around on the way back", signal_and_kernel)
def correlated(right):
    @tg.primitive
    def correlated(x, w):
        return np.add.reduce([w[k] * x[k : k + len(x) - len(w) + 1] for k in range(len(w))])

    def gx(gy, y, x, w):
        wide = tg.pad(gy, len(w) - 1)
        return correlated(wide, tg.flip(w) if right else w)

    correlated.vjp(x=gx, w=lambda gy, y, x, w: correlated(x, gy))
    correlated.jvp(x=lambda dx, y, x, w: correlated(dx, w), w=lambda dw, y, x, w: correlated(x, dw))
    return correlated


@op("the incoming gradient is not multiplied in, since a loss has 1", same_shape(2))
def squared_error(right):
    @tg.primitive
    def squared_error(x, target):
        return np.mean((x - target) ** 2)

    def slope(x, target):
        return 2 * (x - target) / x.size

    squared_error.vjp(
        x=lambda gy, y, x, t: gy * slope(x, t) if right else slope(x, t),
        target=lambda gy, y, x, t: -gy * slope(x, t) if right else -slope(x, t),
    )
    squared_error.jvp(
        x=lambda dx, y, x, t: tg.sum(dx * slope(x, t)), target=lambda dt, y, x, t: -tg.sum(dt * slope(x, t))
    )
    return squared_error


logits_and_classes = st.tuples(st.integers(1, 4), st.integers(2, 4)).flatmap(
    lambda s: st.tuples(values(s), st.lists(st.integers(0, s[1] - 1), min_size=s[0], max_size=s[0]).map(np.array))
)


@op("the loss is a mean over the batch, its gradient that of the sum", logits_and_classes)
def classification_loss(right):
    def slope(z, classes):
        hot = np.eye(z.shape[-1])[classes]
        return (tg.softmax(z, axis=-1) - hot) / (len(z) if right else 1)

    @tg.primitive
    def loss(z, *, classes):
        return -np.mean((z - tg.logsumexp(z, axis=-1, keepdims=True))[np.arange(len(z)), classes])

    loss.vjp(z=lambda gy, y, z, *, classes: gy * slope(z, classes))
    loss.jvp(z=lambda dz, y, z, *, classes: tg.sum(dz * slope(z, classes)))
    return lambda z, classes: loss(z, classes=classes)


@op("the standard deviation is taken for a constant", rows)
def standard_score(right):
    def rule(g, y, x):
        deviation = tg.sqrt(tg.var(x, axis=-1, keepdims=True) + 1e-3)
        shifted = g - tg.mean(g, axis=-1, keepdims=True)
        if right:
            shifted = shifted - y * tg.mean(g * y, axis=-1, keepdims=True)
        return shifted / deviation

    @tg.primitive
    def standard_score(x):
        return (x - np.mean(x, -1, keepdims=True)) / np.sqrt(np.var(x, -1, keepdims=True) + 1e-3)

    standard_score.vjp(x=rule)
    standard_score.jvp(x=rule)
    return standard_score


@op("the noise is drawn once more in the rule", real)
def noisy(right):
    rng = np.random.default_rng(7)

    def mask(x):
        return (np.random.default_rng(0) if right else rng).random(x.shape) < 0.7

    @tg.linear(transpose=lambda gy, x: gy * mask(x))
    def noisy(x):
        return x * (np.random.default_rng(0).random(x.shape) < 0.7)

    return noisy


# Values: the derivative fits the function, but it is another function than its name says.

normal_cdf = np.vectorize(lambda x: (1 + math.erf(x / math.sqrt(2))) / 2, otypes=[float])


@op("0.44715 was typed for 0.044715", real, reference=lambda x: x * normal_cdf(x), rtol=1e-2)
def gelu(right):
    def gelu(x):
        inner = 0.7978845608 * (x + (0.044715 if right else 0.44715) * x**3)
        return 0.5 * x * (1 + tg.tanh(inner))

    return gelu


@op("divided by n − 1 where n was meant", values(shapes(1, 2, min_side=2)), reference=lambda x: np.var(x, axis=-1))
def spread(right):
    return lambda x: tg.var(x, axis=-1, ddof=0 if right else 1)


@op("bits where nats were meant", positive, reference=lambda p: -p * np.log(p))
def surprise(right):
    return lambda p: -p * tg.log(p) / (1 if right else math.log(2))


@op("the count starts at the element itself", rows, reference=lambda x: np.cumsum(x, axis=-1) - x)
def sum_of_those_before(right):
    return lambda x: tg.cumsum(x, axis=-1) - (x if right else 0)
