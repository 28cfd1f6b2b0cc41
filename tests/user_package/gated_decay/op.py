"""The op: its forward in NumPy, then a rule for each argument in each mode, written with ops."""

import numpy as np

import tinygrad_rnn as tg


@tg.primitive
def decay(x, rate):
    """y = x·exp(−max(rate, 0))"""
    return x * np.exp(-np.maximum(rate, 0))


decay.vjp(
    x=lambda gy, y, x, rate: gy * decay(1.0, rate),
    rate=lambda gy, y, x, rate: -gy * y * (rate > 0),
)
decay.jvp(
    x=lambda dx, y, x, rate: dx * decay(1.0, rate),
    rate=lambda drate, y, x, rate: -drate * y * (rate > 0),
)
