"""from_torch: a function of torch tensors, differentiated by torch.autograd.grad and its forward mode."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable
from functools import cache, partial
from typing import Any

import numpy as np

from tinygrad_rnn.testing.adapters.adapted import Values
from tinygrad_rnn.testing.adapters.framework import Flat, Framework, needed

__all__ = ["from_torch"]


def from_torch(
    f: Callable[..., Any], *, modes: Iterable[str] | None = None, max_order: int | None = None
) -> Callable[..., Any]:
    """f, a function of torch tensors, as a function that the checks take.

        y = f(x)        gx = torch.autograd.grad(y, x, gy)        dy = the tangent of f(make_dual(x, dx))

    Args:
        f: takes and returns tensors, nested in tuples, lists and dicts as you like; `apply` of an autograd.Function as
            it is; a Module by its parameters, lambda w, x: torch.func.functional_call(module, w, (x,)). What is not an
            array is passed on as it is.
        modes: "vjp", "jvp" or both; None finds out. An autograd.Function without a `jvp` has no forward mode.
        max_order: the highest derivative that f has, 1 where its backward cannot be differentiated; None where there is
            no highest.
    Returns:
        f on Tensors, and on NumPy's arrays.
    Raises:
        ModuleNotFoundError: torch is not installed. OptionError: f is not a function, or there is no such mode.

    >>> check_vjp(from_torch(torch.tanh), np.array([0.5, -1.0]), order=2).passed  # doctest: +SKIP
    True
    """
    return Torch(f, modes, max_order)


class Torch(Framework):
    """f of torch."""

    def __init__(self, f: Callable[..., Any], modes: Any, max_order: int | None) -> None:
        self.torch = needed("from_torch", "torch", "torch")
        self.forward_ad = _forward_ad()
        super().__init__(partial(from_torch, modes=modes, max_order=max_order), f, modes, max_order)
        base = self.torch.autograd.Function
        kind = _applied(f, base)
        if kind is not None:
            self.__name__, self.__doc__ = kind.__name__, kind.__doc__
            takes_ctx = kind.setup_context is base.setup_context
            self.describe(partial(kind.forward, None) if takes_ctx else kind.forward)
            if not self.asked and kind.jvp is base.jvp:
                self.modes -= {"jvp"}

    def given(self, x: Any) -> Any:
        if not isinstance(x, np.ndarray | np.generic):
            return x
        x = np.asarray(x)
        shared = x.flags.writeable and min(x.strides, default=0) >= 0  # so that what is written to it shows
        return self.torch.from_numpy(x if shared else x.copy())

    def taken(self, y: Any) -> Any:
        return y.numpy(force=True) if isinstance(y, self.torch.Tensor) else y

    def pull(self, F: Flat, gys: Values, xs: Values) -> Values:
        record = any(x.requires_grad for x in (*gys, *xs))
        with self.torch.enable_grad():
            xs = [x if x.requires_grad else x.view_as(x).requires_grad_() for x in xs]
            ends = [(y, gy) for y, gy in zip(F(xs), gys, strict=True) if y.requires_grad]
            if not ends:
                return [self.torch.zeros_like(x) for x in xs]
            ys, seeds = zip(*ends, strict=True)
            return self.torch.autograd.grad(
                ys, xs, seeds, create_graph=record, allow_unused=True, materialize_grads=True
            )

    def push(self, F: Flat, dxs: Values, xs: Values) -> Values:
        with self.forward_ad.dual_level():
            ys = F([self.forward_ad.make_dual(x, dx) for x, dx in zip(xs, dxs, strict=True)])
            dys = [self.forward_ad.unpack_dual(y).tangent for y in ys]
            return [self.torch.zeros_like(y) if dy is None else dy for y, dy in zip(ys, dys, strict=True)]

    def tells_no_jvp(self, error: Exception) -> bool:
        return isinstance(error, RuntimeError) and re.search("forward (mode )?AD", str(error)) is not None


def _applied(f: Callable[..., Any], base: type) -> Any:
    """The autograd.Function whose `apply` f is, None where f is something else."""
    kind = getattr(f, "__self__", None)
    return kind if isinstance(kind, type) and issubclass(kind, base) else None


@cache
def _forward_ad() -> Any:
    """torch's forward mode, after the first use, at which it loads its rules and warns of its own ways."""
    torch = needed("from_torch", "torch", "torch")
    forward_ad = needed("from_torch", "torch.autograd.forward_ad", "torch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        with forward_ad.dual_level():
            forward_ad.make_dual(torch.zeros(1), torch.zeros(1))
    return forward_ad
