"""NumPy's second names: each is the op itself, and has its name in pictures and messages."""

from __future__ import annotations

from tinygrad_rnn.ops.arithmetic import abs_, divide, power
from tinygrad_rnn.ops.hyperbolic import arccosh, arcsinh, arctanh
from tinygrad_rnn.ops.rounding import remainder
from tinygrad_rnn.ops.stacking import concatenate
from tinygrad_rnn.ops.trigonometric import arccos, arcsin, arctan, arctan2, deg2rad, rad2deg

__all__ = [
    "absolute", "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "concat", "degrees", "mod", "pow",
    "radians", "true_divide",
]  # fmt: skip

absolute, true_divide, mod, pow = abs_, divide, remainder, power
radians, degrees = deg2rad, rad2deg
acos, asin, atan, atan2 = arccos, arcsin, arctan, arctan2
acosh, asinh, atanh = arccosh, arcsinh, arctanh
concat = concatenate
