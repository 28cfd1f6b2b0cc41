"""Arguments as source text that Python reads back: what a message, a call and a program are written with."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.engine.tensor import Tensor
from tinygrad_rnn.engine.trees import flatten

SHOWN = 64  # arrays of so many elements are written out


class Name(str):
    """The value of this name, as an operand."""

    __slots__ = ()
    __repr__ = str.__str__


def text(value: Any) -> str:
    """Source text of an argument; arrays keep every bit.

    >>> text((slice(None, None, -1), ..., np.array([0, 2]), np.float64))
    '(slice(None, None, -1), ..., np.array([0, 2]), np.float64)'
    """
    if isinstance(value, np.ndarray):
        dtype = "" if value.size and value.dtype in (np.float64, np.int64, np.bool_) else f", np.{value.dtype}"
        return f"np.array({value.tolist()}{dtype})" if value.size else f"np.zeros({value.shape}{dtype})"
    if isinstance(value, list):
        return f"[{', '.join(map(text, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key!r}: {text(part)}' for key, part in value.items())}}}"
    if isinstance(value, tuple):
        return f"({', '.join(map(text, value))}{',' * (len(value) == 1)})"
    if isinstance(value, type):
        return f"np.{value.__name__}" if issubclass(value, np.generic) else value.__name__
    return "..." if value is ... else "np.inf" if value is np.inf else repr(value)


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
