"""from_numpy: a function of arrays and its derivative rules, written by hand in NumPy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from tinygrad_rnn.engine.tensor import Tensor
from tinygrad_rnn.engine.trees import flatten, with_none
from tinygrad_rnn.errors import GraphError, OptionError, check_type
from tinygrad_rnn.testing.adapters.adapted import Adapted, Function, Point, Values, absent, placed
from tinygrad_rnn.testing.oracles.case import title

__all__ = ["from_numpy"]

Rule = Callable[..., Any]


def from_numpy(f: Callable[..., Any], *, vjp: Rule | None = None, jvp: Rule | None = None) -> Callable[..., Any]:
    """f, a function of arrays, with its rules as a function that the checks take.

        y = f(*xs)        gxs = vjp(gy, y, *xs)        dy = jvp(dxs, y, *xs)

    The rules are those of an op (see tg.primitive): the cotangent or the tangent first, then the output, then the
    arguments. gxs and dxs are tuples with a part for each argument; where f takes one argument, that part alone.

    Args:
        f: takes and returns arrays, nested in tuples, lists and dicts as you like.
        vjp: gives the cotangents, nested like the arguments, None for an argument that has none.
        jvp: gives the tangent, nested like the output; the tangent of an argument that does not move is 0.
            Options, given by keyword, are handed on to f and to both rules.
    Returns:
        f on Tensors, and on NumPy's arrays. Its derivatives end at order 1, unless the vjp is itself a function with
        rules: vjp=from_numpy(pull, vjp=…) has order 2, and so on.
    Raises:
        OptionError: f or a rule is not a function, or there is no rule.

    >>> import numpy as np
    >>> import tinygrad_rnn as tg
    >>> sin = from_numpy(np.sin, vjp=lambda gy, y, x: gy * np.cos(x), jvp=lambda dx, y, x: dx * np.cos(x))
    >>> print(tg.testing.check_jvp(sin, np.array([0.5, -1.0])))
    sin: 2 slopes agree with complex step to 1.3e-16
    """
    check_type("from_numpy", "f", f, Callable, "a function")
    rules = {mode: rule for mode, rule in (("vjp", vjp), ("jvp", jvp)) if rule is not None}
    for mode, rule in rules.items():
        check_type("from_numpy", mode, rule, Callable, "a function")
    if not rules:
        raise OptionError("from_numpy: there is no rule to check", expected="vjp=, jvp= or both")
    return Pair(f, rules)


class Pair(Adapted):
    """f with rules of its own; without any where it is a rule itself that was given none."""

    def __init__(self, f: Callable[..., Any], rules: Mapping[str, Rule], name: str = "") -> None:
        name = name or title(f)
        self.rules = {
            mode: rule if isinstance(rule, Adapted) else Pair(rule, {}, f"{name}.{mode}")
            for mode, rule in rules.items()
        }
        super().__init__(partial(from_numpy, **rules), f, rules, _orders(self.rules))
        self.__name__ = name

    def function(self, point: Point) -> Function:
        args, _ = point.moved(point.xs, point.moving)
        if max(point.moving) >= len(flatten(args)[0]):
            raise GraphError(f"{self.__name__}: an option requires grad, but rules are for arguments alone",
                             help="pass it by position, or its detach()")  # fmt: skip

        def run(xs: Values) -> list[Any]:
            args, options = point.moved(point.xs, xs)
            ys, _ = flatten(self.f(*args, **options))
            return [self.taken(ys[k]) for k in point.ends]

        derivatives = {"vjp": self._vjp, "jvp": self._jvp}
        vjp, jvp = (
            partial(derivative, point) if mode in self.rules else absent(self.__name__, mode)
            for mode, derivative in derivatives.items()
        )
        return Function(self.__name__, point.names, run, vjp, jvp)

    def _vjp(self, point: Point, gys: Values, ys: Values, xs: Values) -> Values:
        args, options = point.moved(point.xs, xs)
        gy = point.build_y(placed([_zero(y) for y in point.ys], point.ends, gys))
        y = point.build_y(placed(point.ys, point.ends, ys))
        gxs = self._parts("vjp", self.rules["vjp"](gy, y, *args, **options), args)
        return [gxs[k] for k in point.moving]

    def _jvp(self, point: Point, dxs: Values, ys: Values, xs: Values) -> Values:
        args, options = point.moved(point.xs, xs)
        moved, _ = point.moved([_zero(x) for x in point.xs], dxs)
        y = point.build_y(placed(point.ys, point.ends, ys))
        dy = self.rules["jvp"](moved[0] if len(moved) == 1 else moved, y, *args, **options)
        dys = self._parts("jvp", dy, y)
        return [dys[k] for k in point.ends]

    def _parts(self, mode: str, given: Any, like: Any) -> list[Any]:
        """What a rule gave, flat: a part for each of these, None for zeros."""
        parts, places = with_none(given), with_none(like)
        if len(parts) != len(places):
            raise GraphError(f"{self.__name__}: the {mode} gives {len(parts)} arrays", expected=str(len(places)),
                             help="one for each argument of the vjp, for each output of the jvp")  # fmt: skip
        taken = (part for part, place in zip(parts, places, strict=True) if place is not None)
        return [part if part is None or isinstance(part, Tensor) else np.asarray(part) for part in taken]


def _orders(rules: Mapping[str, Adapted]) -> int | None:
    """The highest order: beyond the first it is the vjp that is differentiated, in both modes."""
    pull = rules.get("vjp")
    if pull is None or not pull.modes >= rules.keys():
        return len(rules) and 1
    return None if pull.max_order is None else pull.max_order + 1


def _zero(x: Any) -> Any:
    return np.zeros_like(x) if isinstance(x, np.ndarray | np.generic | float) else None
