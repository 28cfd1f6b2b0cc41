"""from_jax: a function of jax.numpy, differentiated by jax.vjp and jax.jvp."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

import numpy as np

from tinygrad_rnn.testing.adapters.adapted import Values
from tinygrad_rnn.testing.adapters.framework import Flat, Framework, needed

__all__ = ["from_jax"]

WIDE = (np.float64, np.complex128)


def from_jax(
    f: Callable[..., Any], *, modes: Iterable[str] | None = None, max_order: int | None = None
) -> Callable[..., Any]:
    """f, a function of JAX arrays, as a function that the checks take.

        y = f(x)        gx = jax.vjp(f, x)[1](gy)        dy = jax.jvp(f, (x,), (dx,))[1]

    float64 is float64 while it runs, whatever `jax_enable_x64` says; on float32 alone, f runs under your setting.

    Args:
        f: takes and returns JAX arrays, nested in tuples, lists and dicts as you like; jit, custom_jvp and custom_vjp
            as they are. What is not an array is passed on as it is.
        modes: "vjp", "jvp" or both; None finds out. A custom_vjp has no jvp.
        max_order: the highest derivative that f has; None where there is no highest.
    Returns:
        f on Tensors, and on NumPy's arrays.
    Raises:
        ModuleNotFoundError: JAX is not installed. OptionError: f is not a function, or there is no such mode.

    >>> check_vjp(from_jax(jax.numpy.tanh), np.array([0.5, -1.0]), order=2).passed  # doctest: +SKIP
    True
    """
    return Jax(f, modes, max_order)


class Jax(Framework):
    """f of JAX."""

    def __init__(self, f: Callable[..., Any], modes: Any, max_order: int | None) -> None:
        self.jax = needed("from_jax", "jax", "JAX")
        super().__init__(partial(from_jax, modes=modes, max_order=max_order), f, modes, max_order)
        if not self.asked and isinstance(f, self.jax.custom_vjp):
            self.modes -= {"jvp"}

    def running(self, xs: Values) -> AbstractContextManager[Any]:
        wide = any(getattr(x, "dtype", None) in WIDE for x in xs)
        return self.jax.enable_x64(True) if wide else nullcontext()

    def given(self, x: Any) -> Any:
        return self.jax.numpy.array(x) if isinstance(x, np.ndarray | np.generic) else x

    def taken(self, y: Any) -> Any:
        return np.array(y) if isinstance(y, self.jax.Array) else y

    def pull(self, F: Flat, gys: Values, xs: Values) -> Values:
        _, pullback = self.jax.vjp(lambda *xs: F(xs), *xs)
        return pullback(list(gys))

    def push(self, F: Flat, dxs: Values, xs: Values) -> Values:
        return self.jax.jvp(lambda *xs: F(xs), tuple(xs), tuple(dxs))[1]

    def tells_no_jvp(self, error: Exception) -> bool:
        return isinstance(error, TypeError) and "custom_vjp" in str(error)
