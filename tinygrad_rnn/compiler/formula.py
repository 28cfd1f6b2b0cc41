"""A formula that acts on each number alone, as one loop: written with symbols, compiled by numba, kept on disk.

m = 0.9·m + 0.1·g;  p − lr·m        run on symbols        →        for i: m[i] = c[0]·m[i] + c[1]·g[i]; …

Its numbers are not part of what is compiled: they may be others each time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tinygrad_rnn.compiler.kernels import available, compiled_kernel

__all__ = ["Symbol", "applied"]

SOURCE = '''"""Written by tinygrad_rnn.compiler.formula; may be deleted at any time."""
import numpy as np
from numba import njit


@njit(cache=True, fastmath={{"contract"}}, error_model="numpy", nogil=True)
def kernel(c, {names}):
    for i in range({first}.size):
{body}
'''


class Symbol:
    """A number that is not known, and what has been done to it."""

    __slots__ = ("numbers", "text")

    def __init__(self, text: str, numbers: list[float]) -> None:
        self.text, self.numbers = text, numbers

    def _other(self, x: Any) -> str:
        if isinstance(x, Symbol):
            return x.text
        self.numbers.append(float(x))
        return f"c[{len(self.numbers) - 1}]"

    def _of(self, text: str) -> Symbol:
        return Symbol(f"({text})", self.numbers)

    def __add__(self, x: Any) -> Symbol:
        return self._of(f"{self.text} + {self._other(x)}")

    def __radd__(self, x: Any) -> Symbol:
        return self._of(f"{self._other(x)} + {self.text}")

    def __sub__(self, x: Any) -> Symbol:
        return self._of(f"{self.text} - {self._other(x)}")

    def __mul__(self, x: Any) -> Symbol:
        return self._of(f"{self.text} * {self._other(x)}")

    def __rmul__(self, x: Any) -> Symbol:
        return self._of(f"{self._other(x)} * {self.text}")

    def __truediv__(self, x: Any) -> Symbol:
        return self._of(f"{self.text} / {self._other(x)}")

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *xs: Any, **options: Any) -> Any:
        """What NumPy's functions, and its numbers on the left of an operator, ask of an object."""
        if ufunc not in WRITTEN or method != "__call__" or options:
            return NotImplemented
        return self._of(WRITTEN[ufunc].format(*map(self._other, xs)))

    def copy(self) -> Symbol:
        """Itself."""
        return self


WRITTEN = {
    np.add: "{} + {}", np.subtract: "{} - {}", np.multiply: "{} * {}", np.sqrt: "np.sqrt({})",
    np.maximum: "np.maximum({}, {})",
}  # fmt: skip


def applied(
    f: Callable[[Mapping[str, Any]], Mapping[str, Any]],
    arrays: Mapping[str, np.ndarray],
    written: Mapping[str, np.ndarray],
) -> bool:
    """Write down what f makes of the arrays, element by element; whether that could be done.

    Args:
        f: takes what each array is called to a symbol, and returns those that change as others.
        arrays: all of one size and dtype, with one axis.
        written: for each that may change, where to: itself, or another array.
    """
    if not available():
        return False
    numbers: list[float] = []
    try:
        changed = f({name: Symbol(f"{name}_", numbers) for name in arrays})
        body = [f"        {name}_ = {name}[i]" for name in arrays]
        body += [f"        {name}_new = {changed[name].text}" for name in changed]
        others = {f"{name}_to": written[name] for name in changed if written[name] is not arrays[name]}
        body += [f"        {name}{'_to' * (f'{name}_to' in others)}[i] = {name}_new" for name in changed]
    except (AttributeError, TypeError, ValueError):
        return False  # it asks for more than a symbol knows
    first, given = next(iter(arrays)), {**arrays, **others}
    for name, array in arrays.items():
        if written.get(name) is not array:  # of one kind each time, for one kernel
            given[name] = array.view()
            given[name].flags.writeable = False
    kernel = compiled_kernel(SOURCE.format(names=", ".join(given), first=first, body="\n".join(body)))
    kernel(np.array(numbers, arrays[first].dtype), *given.values())
    return True
