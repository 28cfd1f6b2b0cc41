"""Wrong derivatives of elementwise ops: the mistakes of a formula copied in haste."""

import numpy as np

import tinygrad_rnn as tg
from tests.seeded.patches import bent, bent_jvp, slope, vjp
from tinygrad_rnn.ops.pointwise import logistic_slope

BUGS = {
    "missing factor": {
        "square: x for 2x": slope("square", lambda y, x: x),
        "sqrt: 1/y for 1/2y": slope("sqrt", lambda y, x: 1 / y),
        "power: the exponent in front forgotten": slope("power", lambda y, a, b: a ** (b - 1)),
        "power: log a forgotten": slope("power", lambda y, a, b: y, 1),
        "power: the exponent not lowered": slope("power", lambda y, a, b: b * y),
        "sigmoid: 1 − y forgotten": slope("sigmoid", lambda y, x: y),
        "tanh: 1 − y for 1 − y²": slope("tanh", lambda y, x: 1 - y),
        "expm1: y for y + 1": slope("expm1", lambda y, x: y),
        "log1p: 1/x for 1/(1 + x)": slope("log1p", lambda y, x: 1 / x),
        "divide: b once in y/b": vjp("divide", lambda gy, y, a, b: -gy * y, 1),
        "multiply: 2 for a product with itself": slope("multiply", lambda y, a, b: 2 * b if a is b else b).seen_in(
            "programs multiply tanh"
        ),
        "logaddexp: a gradient of 1": slope("logaddexp", lambda y, a, b: 1.0),
        "softmax: nothing subtracted": bent("softmax", lambda right, gy, y, x, **static: gy * y),
    },
    "sign": {
        "cos: + sin x": slope("cos", lambda y, x: tg.sin(x)),
        "subtract: + for b": slope("subtract", lambda y, a, b: 1.0, 1),
        "negative: passed as it is": slope("negative", lambda y, x: 1.0),
        "divide: + y/b": vjp("divide", lambda gy, y, a, b: gy * y / b, 1),
        "log_sigmoid: σ(x) for σ(−x)": slope("log_sigmoid", lambda y, x: tg.sigmoid(x)),
        "softplus: σ(−x) for σ(x)": slope("softplus", lambda y, x: tg.sigmoid(-x)),
        "abs: 1 on both sides": slope("abs", lambda y, x: 1.0),
        "minimum: > for <": slope("minimum", lambda y, a, b: (a > b) * 1.0),
        "log_softmax: + for −": vjp("log_softmax", lambda gy, y, x, axis: gy + tg.exp(y) * _total(gy, axis)),
        "power: of a negative exponent": slope("power", lambda y, a, b: abs(b) * a ** (b - 1)),
    },
    "x where y is meant": {
        "tanh: 1 − x²": slope("tanh", lambda y, x: 1 - x * x),
        "sigmoid: x(1 − x)": slope("sigmoid", lambda y, x: x * (1 - x)),
        "exp: e to the y": slope("exp", lambda y, x: tg.exp(y)),
        "sqrt: 1/2x": slope("sqrt", lambda y, x: 0.5 / x),
        "divide: a/b for y/b": vjp("divide", lambda gy, y, a, b: -gy * a / b, 1),
        "logaddexp: e to the a − b": slope("logaddexp", lambda y, a, b: tg.exp(a - b)),
        "softmax: x for y": vjp("softmax", lambda gy, y, x, axis: x * (gy - _total(gy * x, axis))),
        "multiply: a for b": slope("multiply", lambda y, a, b: a + 0 * b),
    },
    "ties": {
        "relu: 1 at 0": slope("relu", lambda y, x: x >= 0),
        "abs: 1 at 0": slope("abs", lambda y, x: 2.0 * (x >= 0) - 1),
        "maximum: a tie gives 1 to each": slope("maximum", lambda y, a, b: a >= b),
        "minimum: a tie gives all to a": slope("minimum", lambda y, a, b: a <= b),
        "clip: 1 on a bound": slope("clip", lambda y, x, low, high: (y == x) * 1.0),
    },
    "zeros": {
        "power: 0·a⁻¹ at a = b = 0": slope("power", lambda y, a, b: b * a ** (b - 1.0)),
        "power: 0·log 0": slope("power", lambda y, a, b: y * tg.log(a), 1),
        "multiply: y / a for b": slope("multiply", lambda y, a, b: y / a),
        "sqrt: guarded by an epsilon": slope("sqrt", lambda y, x: 0.5 / (y + 1e-8)),
        "log: guarded by an epsilon": slope("log", lambda y, x: 1 / (x + 1e-9)),
    },
    "large x": {
        "sigmoid: 0 from 12 on": slope("sigmoid", lambda y, x: y * (1 - y) * (abs(x) < 12)),
        "sigmoid: e⁻ˣy² overflows": slope("sigmoid", lambda y, x: _quiet(lambda: tg.exp(-x) * y * y)),
        "tanh: by e²ˣ, which overflows": slope(
            "tanh", lambda y, x: _quiet(lambda: 4 * tg.exp(2 * x) / (1 + tg.exp(2 * x)) ** 2)
        ),
        "softplus: eˣ/(1 + eˣ) overflows": slope("softplus", lambda y, x: _quiet(lambda: tg.exp(x) / (1 + tg.exp(x)))),
        "softplus: 1 from 8 on": slope("softplus", lambda y, x: tg.where(x > 8, 1.0, tg.sigmoid(x))),
        "relu: stops at 6": slope("relu", lambda y, x: (x > 0) * (x < 6) * 1.0),
        "logaddexp: eᵃ/(eᵃ + eᵇ) overflows": slope(
            "logaddexp", lambda y, a, b: _quiet(lambda: tg.exp(a) / (tg.exp(a) + tg.exp(b)))
        ),
    },
    "drift": {
        "tanh: squared in float16": slope("tanh", lambda y, x: 1 - _through(np.float16, y * y)),
        "sigmoid: in float32": slope("sigmoid", lambda y, x: _through(np.float32, y * (1 - y))),
        "cos: rounded to float32": slope("cos", lambda y, x: -_through(np.float32, tg.sin(x))),
        "square: 2 + 1e-7": slope("square", lambda y, x: 2.0000001 * x),
        "log: of the wrong base by 1e-6": slope("log", lambda y, x: 1.000001 / x),
    },
    "one mode": {
        "sin: no sign in the jvp": bent_jvp("sin", lambda right, dx, y, x: -right(dx, y, x)),
        "exp: x for y in the jvp": bent_jvp("exp", lambda right, dx, y, x: dx * x),
        "divide: b's tangent without its sign": bent_jvp("divide", lambda right, dx, y, a, b: dx * y / b, 1),
        "log_softmax: the jvp is the vjp": bent_jvp(
            "log_softmax", lambda right, dx, y, x, axis: dx - tg.exp(y) * _total(dx, axis)
        ),
        "softmax: the mean subtracted in the jvp": bent_jvp(
            "softmax", lambda right, dx, y, x, axis: y * (dx - tg.mean(dx, axis=axis, keepdims=True))
        ),
        "log: 1/y in the vjp": bent("log", lambda right, gy, y, x: gy / y),
        "sigmoid: twice in the vjp": bent("sigmoid", lambda right, gy, y, x: 2 * gy * logistic_slope(x)),
    },
    "the cotangent is bent": {
        "exp: clipped to 1": bent("exp", lambda right, gy, y, x: right(tg.clip(gy, -1.0, 1.0), y, x)),
        "tanh: only its sign": bent("tanh", lambda right, gy, y, x: right(tg.sign(gy), y, x)),
        "sin: noise where it is 0": bent("sin", lambda right, gy, y, x: right(gy + 1e-3 * (gy == 0), y, x)),
        "log1p: absolute value": bent("log1p", lambda right, gy, y, x: right(tg.abs(gy), y, x)),
    },
}


def _total(g, axis):
    return tg.sum(g, axis=axis, keepdims=True)


def _quiet(f):
    with np.errstate(all="ignore"):
        return f()


def _through(dtype, x):
    """x rounded to another dtype on the way."""
    return x.astype(dtype).astype(np.float64)
