"""Gradients checked against differences.

samples   for every registered op, calls to check it on
checks    rules against Richardson differences, and against each other: one row per op and module
"""

from tinygrad_rnn.testing.checks import Row, check_everything, check_function

__all__ = ["Row", "check_everything", "check_function"]
