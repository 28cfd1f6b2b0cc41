"""The hyperbolic functions: of arguments small enough to be exponentiated; the inverses inside of their domains."""

from __future__ import annotations

from tinygrad_rnn.testing.draw.choices import Domain
from tinygrad_rnn.testing.specs.forms import unary
from tinygrad_rnn.testing.specs.trigonometric import INSIDE, within

SPECS = [
    unary("sinh", "small"),
    unary("cosh", "small"),
    unary("arcsinh"),
    within("arccosh", Domain(1.3, 3.0, 1.2, float("inf"))),
    within("arctanh", INSIDE),
]
