"""Powers and logarithms to other bases, and the cube root, whose slope at 0 is infinite."""

from __future__ import annotations

from tinygrad_rnn.testing.specs.forms import unary

SPECS = [
    unary("exp2", "small"),
    unary("log2", "positive"),
    unary("log10", "positive"),
    unary("cbrt", "nonzero"),
]
