"""What all adapters share: a function of another library as one recorded op, whose rules are that library's.

    y = f(x)       Tensors → arrays → f → arrays → one node → Tensors
    its rules      gy, x → gx: on arrays they run there, on Tensors they are recorded as one node more

What comes back is handed on as it is: a gradient that has not its argument's shape and dtype is a mismatch, and not
something to mend.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from tinygrad_rnn.engine.apply import apply_any
from tinygrad_rnn.engine.op import Op
from tinygrad_rnn.engine.tensor import Array, Tensor, from_array
from tinygrad_rnn.engine.trees import Build, flatten
from tinygrad_rnn.errors import GraphError
from tinygrad_rnn.ops.shape import reshape
from tinygrad_rnn.ops.stacking import concatenate
from tinygrad_rnn.testing.oracles.case import leaf_paths, parted, title
from tinygrad_rnn.testing.report.findings import GradMismatch, GradReport, Mismatch

Values = Sequence[Any]  # arrays, or Tensors
Derivative = Callable[[Values, Values, Values], Values]


@dataclass(frozen=True, eq=False)
class Function:
    """y₁, y₂, … = f(x₁, x₂, …), all of them arrays of floats, and its two derivatives.

    Attributes:
        name: of its op.
        names: what the x are called.
        run: xs → ys, on arrays.
        vjp: (gys, ys, xs) → gxs, on arrays or on Tensors; None stands for zeros.
        jvp: (dxs, ys, xs) → dys, likewise.
    """

    name: str
    names: Sequence[str]
    run: Callable[[Values], list[Any]]
    vjp: Derivative
    jvp: Derivative

    def __call__(self, xs: Values) -> list[Any]:
        """ys, recorded where one of xs requires grad."""
        return self.recorded(xs, self.run([x._array if isinstance(x, Tensor) else x for x in xs]))

    def recorded(self, xs: Values, ys: Sequence[Array]) -> list[Any]:
        """ys, which a run at xs gave, as one node."""
        like = [np.broadcast_to(np.zeros((), y.dtype), y.shape) for y in ys]  # shapes: the values are the node's
        outputs = [f"y{k}" for k in range(len(ys))]

        def vjp(gy: Any, y: Any, *xs: Any, needed: Sequence[bool]) -> Values:
            gxs = self.vjp(_unpacked(gy, like), _unpacked(y, like), xs)
            return self._fitting("vjp", gxs, xs, self.names)

        def jvp(dxs: Values, y: Any, *xs: Any) -> Any:
            dys = self.jvp(_filled(dxs, xs), _unpacked(y, like), xs)
            return _packed(_filled(self._fitting("jvp", dys, like, outputs), like))

        def forward(*xs: Array) -> Any:
            return packed

        forward.__name__ = self.name
        packed = _packed(ys)
        op = Op(forward)  # for this call alone: the registry is for the library's own
        op.vjps, op.jvps = [vjp], [jvp]
        op.public = lambda *xs: _packed(self(xs))  # type: ignore[assignment]
        return _unpacked(apply_any(op, forward)(*xs), like)

    def _fitting(self, rule: str, got: Values, like: Values, names: Sequence[str]) -> Values:
        """What a rule gave, once it is seen to be of the shapes and dtypes of what it belongs to."""
        for g, x, name in zip(got, like, names, strict=True):
            if g is not None and (g.shape != x.shape or g.dtype != x.dtype):
                what = f"the {rule} gives an array of another shape or dtype"
                words = Mismatch(what, name, f"{g.shape} {g.dtype}", f"{x.shape} {x.dtype}")
                raise GradMismatch(GradReport(self.name, mismatch=words))
        return got


def _filled(values: Values, like: Values) -> list[Any]:
    return [np.zeros(x.shape, x.dtype) if value is None else value for value, x in zip(values, like, strict=True)]


def _packed(ys: Values) -> Any:
    """All ys as one: itself where there is one, laid end to end where there are several."""
    return ys[0] if len(ys) == 1 else concatenate([reshape(y, (-1,)) for y in ys])


def _unpacked(whole: Any, like: Values) -> list[Any]:
    return [whole] if len(like) == 1 else parted(whole, like)


@dataclass(frozen=True, eq=False)
class Point:
    """One call of f: its arguments and its outputs, flat, and how to nest them again.

    Attributes:
        xs, build: arrays and whatever else was passed; `build` gives (args, options).
        moving: which of the xs are differentiated.
        names: what those are called.
        ys, build_y: what came out.
        ends: which of the ys are arrays of floats.
    """

    xs: Values
    build: Build
    moving: Sequence[int]
    names: Sequence[str]
    ys: Values
    build_y: Build
    ends: Sequence[int]

    def moved(self, values: Values, xs: Values) -> Any:
        """(args, options) of these values, with xs in the places of what is differentiated."""
        return self.build(placed(values, self.moving, xs))


def placed(values: Values, at: Sequence[int], new: Values) -> list[Any]:
    """The values, with the new ones at these places."""
    full = list(values)
    for k, value in zip(at, new, strict=True):
        full[k] = value
    return full


class Adapted:
    """f of another library as a function on Tensors; called on arrays it gives arrays.

    Attributes:
        adapter: what makes it of f: from_jax, with its options.
        modes: for which of "vjp" and "jvp" there are rules, as far as is known before f has run.
        max_order: the highest derivative that there is; None where there is no highest.
    """

    def __init__(
        self, adapter: partial[Any], f: Callable[..., Any], modes: Iterable[str], max_order: int | None
    ) -> None:
        self.adapter = adapter
        self.f = f
        self.modes = frozenset(modes)
        self.max_order = max_order
        self.__name__ = title(f)
        self.__doc__ = f.__doc__
        self.describe(f)

    def __call__(self, *args: Any, **options: Any) -> Any:
        leaves, build = flatten((args, options))
        xs = [x._array if isinstance(x, Tensor) else x for x in leaves]
        with self.running(xs):
            given, named = build([self.given(x) for x in xs])
            outputs, build_y = flatten(self.f(*given, **named))
            ys = [self.taken(y) for y in outputs]
        if not any(isinstance(x, Tensor) for x in leaves):
            return build_y(ys)
        made = [from_array(y, None) if isinstance(y, np.ndarray) else y for y in ys]
        moving = [k for k, x in enumerate(leaves) if isinstance(x, Tensor) and x.requires_grad]
        ends = [k for k, y in enumerate(ys) if isinstance(y, np.ndarray) and y.dtype.kind == "f"]
        if moving and ends:
            names = [*(path for _, path in leaf_paths(self, args)), *["an option"] * len(leaves)]
            point = Point(xs, build, moving, [names[k] for k in moving], ys, build_y, ends)
            recorded = self.function(point).recorded([leaves[k] for k in moving], [ys[k] for k in ends])
            made = placed(made, ends, recorded)
        return build_y(made)

    def __repr__(self) -> str:
        return f"<{self.__name__}, by {self.adapter.func.__name__}>"

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any]]:
        options = {name: value for name, value in self.adapter.keywords.items() if value is not None}
        return partial(self.adapter.func, **options) if options else self.adapter.func, (self.f,)

    def describe(self, f: Callable[..., Any]) -> None:
        """Reports call the arguments what this function calls them, if it tells."""
        with suppress(TypeError, ValueError):
            self.__signature__ = inspect.signature(f)

    def function(self, point: Point) -> Function:
        """f around a point, as a function of what is differentiated: subclasses say what its rules are."""
        raise NotImplementedError

    def running(self, xs: Values) -> AbstractContextManager[Any]:
        """The context in which f runs on arrays like these."""
        return nullcontext()

    def given(self, x: Any) -> Any:
        """An array as f takes it; what is not an array stays as it is."""
        return x

    def taken(self, y: Any) -> Any:
        """What f gives as an array of NumPy's; what is not an array stays as it is."""
        return np.asarray(y) if isinstance(y, np.ndarray | np.generic | float | complex) else y


def absent(name: str, mode: str) -> Derivative:
    """The rule of a mode that is not there: it says so when it is asked for."""

    def refused(*_: Values) -> Values:
        raise GraphError(
            f"{name}: it has no {mode}",
            expected="one of the modes and orders that there are",
            help="the `modes` and the `max_order` of the adapted function tell",
        )

    return refused
