"""One number in, one number out; what saturates is tried far out too."""

from __future__ import annotations

import numpy as np

from tinygrad_rnn.testing.specs.forms import SATURATING, unary
from tinygrad_rnn.testing.specs.kinks import smallest

SPECS = [
    unary("sqrt", "positive"),
    unary("exp", "small"),
    unary("expm1", "small"),
    unary("log", "positive"),
    unary("log1p", "above -1"),
    unary("tanh", SATURATING),
    unary("sigmoid", SATURATING, lambda x: 1 / (1 + np.exp(-x))),
    unary("logistic_slope", SATURATING, lambda x: 0.25 / np.cosh(x / 2) ** 2),
    unary("relu", SATURATING, lambda x: np.where(x > 0, x, 0.0), kinks=smallest),
    unary("softplus", SATURATING, lambda x: np.logaddexp(0, x)),
    unary("log_sigmoid", SATURATING, lambda x: -np.logaddexp(0, -x)),
]
