"""Arguments as source text that Python reads back: what a message, a call and a program are written with."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.engine.tensor import Array, Tensor
from tinygrad_rnn.engine.trees import flatten

SHOWN = 64  # arrays of so many elements are written out


class Name(str):
    """The value of this name, as an operand."""

    __slots__ = ()
    __repr__ = str.__str__


def text(value: Any) -> str:
    """Source text of an argument; arrays keep every bit, and the order of their axes in memory.

    >>> text((slice(None, None, -1), ..., np.array([0, 2]), np.float64, -np.inf))
    '(slice(None, None, -1), ..., np.array([0, 2]), np.float64, -np.inf)'
    """
    if isinstance(value, np.ndarray):
        return _array(value)
    if isinstance(value, list):
        return f"[{', '.join(map(text, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key!r}: {text(part)}' for key, part in value.items())}}}"
    if isinstance(value, tuple):
        return f"({', '.join(map(text, value))}{',' * (len(value) == 1)})"
    if isinstance(value, type):
        return f"np.{value.__name__}" if issubclass(value, np.generic) else value.__name__
    if isinstance(value, np.floating) and not np.isfinite(value):
        return f"np.{value.dtype}({text(float(value))})"
    if isinstance(value, float) and not np.isfinite(value):
        return {"inf": "np.inf", "-inf": "-np.inf"}.get(str(value), "np.nan")
    return "..." if value is ... else repr(value)


def _array(x: Array) -> str:
    axes = sorted(range(x.ndim), key=lambda k: -abs(x.strides[k]))
    if x.size and not x.flags.c_contiguous and axes != list(range(x.ndim)):
        return f"{_array(x.transpose(axes))}.transpose({', '.join(map(str, np.argsort(axes)))})"
    return f"np.array({text(x.tolist())}{of_dtype(x)})" if x.size else f"np.zeros({x.shape}{of_dtype(x)})"


def of_dtype(x: Array) -> str:
    """The argument that says of which dtype an array is, where its numbers alone would give another."""
    if x.size and x.dtype.isnative and x.dtype in (np.float64, np.int64, np.bool_):
        return ""
    return f", np.{x.dtype}" if x.dtype.isnative and x.dtype.kind in "biuf" else f", {x.dtype.str!r}"


def source(x: Any) -> str:
    """Text that Python reads back as x, arrays too, as long as they are not large.

    >>> source({"w": np.array([[1.0, 2.0]])})
    "{'w': np.array([[1.0, 2.0]])}"
    """
    leaves, build = flatten(x)
    return text(build([_shown(leaf) for leaf in leaves]))


def _shown(x: Any) -> Any:
    x = x.data if isinstance(x, Tensor) else x
    large = isinstance(x, np.ndarray) and x.size > SHOWN
    return Name(f"<{x.shape} {x.dtype}>") if large else x
