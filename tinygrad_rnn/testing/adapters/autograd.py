"""from_autograd: a function of autograd.numpy, differentiated by autograd's make_vjp and make_jvp."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from tinygrad_rnn.testing.adapters.adapted import Values, placed
from tinygrad_rnn.testing.adapters.framework import Flat, Framework, needed

__all__ = ["from_autograd"]


def from_autograd(
    f: Callable[..., Any], *, modes: Iterable[str] | None = None, max_order: int | None = None
) -> Callable[..., Any]:
    """f, a function written with autograd.numpy, as a function that the checks take.

        y = f(x)        gx = make_vjp(f)(x)[0](gy)        dy = make_jvp(f)(x)(dx)[1]

    Args:
        f: takes and returns arrays, nested in tuples, lists and dicts as you like; a primitive as it is. What is not
            an array is passed on as it is.
        modes: "vjp", "jvp" or both; None finds out. A primitive with a defvjp and no defjvp has no jvp.
        max_order: the highest derivative that f has; None where there is no highest.
    Returns:
        f on Tensors, and on NumPy's arrays.
    Raises:
        ModuleNotFoundError: autograd is not installed. OptionError: f is not a function, or there is no such mode.

    >>> check_vjp(from_autograd(autograd.numpy.tanh), np.array([0.5, -1.0]), order=2).passed  # doctest: +SKIP
    True
    """
    return Autograd(f, modes, max_order)


class Autograd(Framework):
    """f of autograd."""

    def __init__(self, f: Callable[..., Any], modes: Any, max_order: int | None) -> None:
        core = needed("from_autograd", "autograd.core", "autograd")
        self.make_vjp, self.make_jvp = core.make_vjp, core.make_jvp
        self.tuple = needed("from_autograd", "autograd.builtins", "autograd").tuple
        super().__init__(partial(from_autograd, modes=modes, max_order=max_order), f, modes, max_order)
        if not self.asked and f in core.primitive_vjps and f not in core.primitive_jvps:
            self.modes -= {"jvp"}
        if callable(inside := getattr(f, "fun", None)):  # a primitive's own signature is (*args, **kwargs)
            self.describe(inside)

    @contextmanager
    def running(self, xs: Values) -> Iterator[None]:
        """That one output does not depend on one argument is nothing to warn of here."""
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Output seems independent of input")
            yield

    def pull(self, F: Flat, gys: Values, xs: Values) -> Values:
        def by(k: int) -> Any:
            return self.make_vjp(lambda x: self.tuple(F(placed(xs, [k], [x]))), xs[k])[0](self.tuple(gys))

        return [by(k) for k in range(len(xs))]  # one by one: into a tuple autograd would cast and broadcast them

    def push(self, F: Flat, dxs: Values, xs: Values) -> Values:
        def of(k: int) -> Any:
            joint = self.make_jvp(lambda xs: F([xs[j] for j in range(len(dxs))])[k], self.tuple(xs))
            return joint(self.tuple(dxs))[1]

        return [of(k) for k in range(len(F(xs)))]

    def tells_no_jvp(self, error: Exception) -> bool:
        return isinstance(error, NotImplementedError) and "JVP of" in str(error)
