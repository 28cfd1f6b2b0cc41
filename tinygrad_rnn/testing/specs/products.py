"""Products, of numbers small enough to be multiplied many times."""

from __future__ import annotations

from tinygrad_rnn.testing.specs.axes import EMPTY, LINES, NO_AXIS, REDUCED, RUNNING, along, reduced
from tinygrad_rnn.testing.specs.forms import library

SPECS = [
    library("prod", reduced(domain="small"), [*REDUCED, *EMPTY], NO_AXIS),
    library("cumprod", along(domain="small"), [*LINES, *RUNNING], NO_AXIS),
]
