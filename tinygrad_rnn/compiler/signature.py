"""What kind of arguments a function is called with: for each kind it is recorded once.

arrays and Tensors by shape and dtype, Tensors also by whether they require grad; numbers and words by what they are
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.engine.tensor import Tensor

__all__ = ["describe"]


def describe(nested: Any, leaves: list[Any]) -> Any:
    """A key that is equal for arguments of one kind; the leaves are added to the list, as `flatten` orders them."""
    kind = type(nested)
    if kind is np.ndarray and nested.dtype.kind in "biuf":
        leaves.append(nested)
        return nested.shape, nested.dtype
    if isinstance(nested, Tensor):
        leaves.append(nested)
        node = nested._node
        array = nested._array
        return array.shape, array.dtype, node is not None and node.requires_grad
    if nested is None:
        return None
    if isinstance(nested, dict):
        return dict, tuple([(key, describe(value, leaves)) for key, value in nested.items()])
    if isinstance(nested, tuple | list):
        return kind, tuple([describe(value, leaves) for value in nested])
    leaves.append(nested)
    if kind is float:
        return kind, nested.hex()
    if kind in (int, bool, str, bytes):
        return kind, nested
    if isinstance(nested, np.generic) or (kind is np.ndarray and nested.dtype.kind != "O"):
        return kind, nested.shape, str(nested.dtype), nested.tobytes()
    if isinstance(nested, slice):
        return kind, repr(nested)
    return kind, id(nested)
