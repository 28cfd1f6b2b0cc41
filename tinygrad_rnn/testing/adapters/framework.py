"""What those adapters share whose framework differentiates by itself.

F               xs → ys                          arrays of the framework, flat
pull of F       (gys, xs) → gxs                  a function of the framework too, and so on
push of F       (dxs, xs) → dys
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from typing import Any, TypeAlias

import numpy as np

from tinygrad_rnn.engine.trees import flatten
from tinygrad_rnn.errors import check_number, check_option, check_sequence, check_type
from tinygrad_rnn.testing.adapters.adapted import Adapted, Derivative, Function, Point, Values, absent

MODES = (("vjp",), ("jvp",), ("vjp", "jvp"), ("jvp", "vjp"))
Flat: TypeAlias = Callable[[Sequence[Any]], list[Any]]


def needed(owner: str, module: str, library: str) -> Any:
    """A module of a framework. Raises ModuleNotFoundError, with what to install, where it is missing."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # what it says to itself while it is imported
            return import_module(module)
    except ModuleNotFoundError as error:
        words = f"{owner}: it needs {library}: pip install {module.partition('.')[0]}"
        raise ModuleNotFoundError(words, name=error.name) from error


class Framework(Adapted):
    """f of a framework: subclasses say how an array enters it and leaves it, and how f is differentiated there."""

    def __init__(self, adapter: partial[Any], f: Callable[..., Any], modes: Any, max_order: int | None) -> None:
        owner = adapter.func.__name__
        check_type(owner, "f", f, Callable, "a function")
        if modes is not None:
            check_sequence(owner, "modes", modes)
            check_type(owner, "modes", modes, list | tuple | set | frozenset, "a list or a tuple")
            check_option(owner, "modes", tuple(modes), MODES)
        if max_order is not None:
            check_number(owner, "max_order", max_order, whole=True, least=1)
        super().__init__(adapter, f, modes or ("vjp", "jvp"), max_order)
        self.asked = modes is not None

    def pull(self, F: Flat, gys: Values, xs: Values) -> Values:
        """gxs = Jᵀ·gys"""
        raise NotImplementedError

    def push(self, F: Flat, dxs: Values, xs: Values) -> Values:
        """dys = J·dxs"""
        raise NotImplementedError

    def tells_no_jvp(self, error: Exception) -> bool:
        """Whether the framework raises this where something in f has no rule of forward mode."""
        return False

    def function(self, point: Point) -> Function:
        def F(xs: Values) -> list[Any]:
            args, options = point.moved([self.given(x) for x in point.xs], xs)
            ys, _ = flatten(self.f(*args, **options))
            return [self.given(ys[k]) for k in point.ends]  # f may have left its framework

        found = self._derivable(self.__name__, point.names, F, point.xs, self.max_order)
        if not self.asked:
            self.asked = True
            self._ask(found, [point.xs[k] for k in point.moving])
        return found

    def _ask(self, function: Function, xs: Values) -> None:
        """Whether what f does here has a forward mode: found out in one run of it."""
        try:
            function.jvp([np.zeros_like(x) for x in xs], [], xs)
        except Exception as error:  # any other is for a check of this mode to meet
            if self.tells_no_jvp(error):
                self.modes -= {"jvp"}

    def _derivable(self, name: str, names: Sequence[str], F: Flat, near: Values, orders: int | None) -> Function:
        """F with its derivatives, so many orders of them.

        Args:
            near: all arguments, by which the framework's precision is chosen.
        """

        def run(xs: Values) -> list[Any]:
            with self.running(near):
                return [self.taken(y) for y in F([self.given(x) for x in xs])]

        def rule(mode: str, derive: Callable[[Flat, Values, Values], Values]) -> Derivative:
            if orders == 0 or mode not in self.modes:
                return absent(name, mode)
            left = None if orders is None else orders - 1

            def derived(seeds: Values, ys: Values, xs: Values) -> Values:
                n = len(seeds)
                G = lambda values: list(derive(F, values[:n], values[n:]))  # noqa: E731
                seed_names = [f"the {'co' * (mode == 'vjp')}tangent {k}" for k in range(n)]
                return self._derivable(f"{name}.{mode}", [*seed_names, *names], G, near, left)([*seeds, *xs])

            return derived

        return Function(name, names, run, rule("vjp", self.pull), rule("jvp", self.push))
