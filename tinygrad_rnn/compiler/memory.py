"""Memory: arrays for values, used again by others when nothing reads them any more.

a value's last reader has run  →  its array is free  →  the next one of that size is this one

What the backward pass reads of the forward pass is never used again: a backward pass may run twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from math import prod
from typing import Any

import numpy as np

from tinygrad_rnn.compiler.program import Value

__all__ = ["Memory"]


class Memory:
    """Arrays, and which values lie in each.

    Attributes:
        bytes: of all that was allocated.
    """

    def __init__(self) -> None:
        self.bytes = 0
        self._free: dict[int, list[np.ndarray]] = {}
        self._bases: dict[int, np.ndarray] = {}
        self._users: dict[int, set[Value]] = {}
        self._used: dict[Value, set[int]] = {}
        self._seen: list[int] = [0, 0]

    def array(self, shape: tuple[int, ...], dtype: Any, *, zero: bool = False) -> np.ndarray:
        """An array with anything in it; with `zero` one of its own, which stays 0 where nobody writes."""
        size = prod(shape) * np.dtype(dtype).itemsize
        free = self._free.get(size, [])
        if zero or not free or not size:
            self.bytes += size
            base = np.zeros(size, np.uint8)
            if not zero:
                self._bases[id(base)] = base
        else:
            base = free.pop()
        return base.view(dtype).reshape(shape)

    def release(self, dead: Iterable[Value], *places: Mapping[Value, np.ndarray]) -> None:
        """Nothing will read these values any more; `places` say where every value lies."""
        for k, arrays in enumerate(places):
            for value, array in islice(arrays.items(), self._seen[k], None):
                base = id(_base(array))
                self._users.setdefault(base, set()).add(value)
                self._used.setdefault(value, set()).add(base)
            self._seen[k] = len(arrays)
        for value in dead:
            for base in self._used.pop(value, ()):
                self._users[base].discard(value)
                if not self._users[base] and base in self._bases:
                    whole = self._bases[base]
                    self._free.setdefault(whole.nbytes, []).append(whole)


def _base(array: np.ndarray) -> np.ndarray:
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array
