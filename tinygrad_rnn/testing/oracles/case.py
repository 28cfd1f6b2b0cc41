"""Case: any function of anything, as a function of its float arrays alone.

fn(x, {"w": w}, axis=…)  →  case(xs) = the float outputs        xs: x, w
                            case.vector(xs) = they, end to end   names: 'x', "parameters['w']"
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tinygrad_rnn.autodiff.reverse import vjp
from tinygrad_rnn.engine.context import no_grad
from tinygrad_rnn.engine.tensor import Array, Tensor, from_array
from tinygrad_rnn.engine.trees import Build, flatten
from tinygrad_rnn.errors import GraphError, is_number


@dataclass(frozen=True)
class Case:
    """A function with the point it is checked at.

    Attributes:
        name: what to call it in a message.
        fn: what the user gave.
        leaves, build: all its arguments, flat, and how to nest them again.
        moving: which of the leaves are differentiated.
        names: what each of those is called.
        xs: their values.
    """

    name: str
    fn: Callable[..., Any]
    leaves: tuple[Any, ...]
    build: Build
    moving: tuple[int, ...]
    names: tuple[str, ...]
    xs: tuple[Array, ...]

    @classmethod
    def of(cls, fn: Callable[..., Any], inputs: Sequence[Any], wrt: Any = None, name: str | None = None) -> Case:
        """fn at `inputs`, as a function of the float arrays in the arguments `wrt` (all of them when None).

        Python floats count as arrays where there are no others.

        Raises:
            GraphError: there is nothing to differentiate by.

        >>> Case.of(lambda a, b: a * b, (np.ones(2), 3.0)).names
        ('a',)
        """
        within = chosen(wrt, len(inputs))
        leaves, build = flatten(tuple(inputs))
        places = list(leaf_paths(fn, inputs))
        asked = [k for k, (argument, _) in enumerate(places) if argument in within]
        moving = [k for k in asked if _is_array(leaves[k])] or [k for k in asked if isinstance(leaves[k], float)]
        if not moving:
            raise GraphError("there is nothing to differentiate by", expected="an argument that is an array of floats",
                             got=", ".join(type(x).__name__ for x in leaves) or "no arguments")  # fmt: skip
        xs = tuple(np.array(x.data if isinstance(x, Tensor) else x) for x in (leaves[k] for k in moving))
        names = tuple(places[k][1] for k in moving)
        return cls(name or title(fn), fn, tuple(leaves), build, tuple(moving), names, xs)

    def nested(self, xs: Sequence[Any]) -> Any:
        """What fn returns with xs in the places of its float arrays."""
        full = list(self.leaves)
        for k, x in zip(self.moving, xs, strict=True):
            full[k] = x
        return self.fn(*self.build(full))

    def __call__(self, *xs: Any) -> list[Tensor]:
        """The outputs of fn that are Tensors of floats, from left to right."""
        return [y for y in flatten(self.nested(xs))[0] if isinstance(y, Tensor) and y.dtype.kind in "fc"]

    def vector(self, xs: Sequence[Array]) -> Array:
        """Every output, laid end to end, with nothing recorded."""
        with no_grad():
            ys = self(*(from_array(x, None) for x in xs))
        return joined([y.data for y in ys])

    def at(self, xs: Sequence[Array]) -> Case:
        """The same function at another point."""
        return replace(self, xs=tuple(xs))

    def derivative(self, u: Array) -> Case:
        """The pullback of the cotangent u, (∂y/∂x)ᵀu, as a function of x: the case of the next order."""

        def pulled(*xs: Any) -> Any:
            ys, pullback = vjp(self, *xs)
            return pullback(parted(u, ys))

        return Case(self.name, pulled, self.xs, tuple, tuple(range(len(self.xs))), self.names, self.xs)


def chosen(wrt: Any, count: int) -> set[int]:
    """Which of so many arguments `wrt` names: all when None. Raises GraphError for one that there is not."""
    numbers = range(count) if wrt is None else list(wrt) if isinstance(wrt, Iterable) else [wrt]
    if not all(is_number(k, whole=True) and -count <= k < count for k in numbers):
        raise GraphError(f"there is no argument {wrt!r:.60} to differentiate by", got=f"{count} arguments")
    return {k % count for k in numbers}


def _is_array(x: Any) -> bool:
    return isinstance(x, Tensor | np.ndarray | np.floating) and x.dtype.kind == "f"


def leaf_paths(fn: Callable[..., Any], inputs: Sequence[Any]) -> Iterator[tuple[int, str]]:
    """For each leaf of the inputs: the number of its argument, and what to call it."""
    for k, (name, value) in enumerate(zip(_parameters(fn, len(inputs)), inputs, strict=True)):
        yield from ((k, path) for path in _paths(name, value))


def _paths(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _paths(f"{name}[{key!r}]", part)
    elif isinstance(value, tuple | list):
        for k, part in enumerate(value):
            yield from _paths(f"{name}[{k}]", part)
    elif value is not None:
        yield name


def _parameters(fn: Callable[..., Any], count: int) -> list[str]:
    """The names fn gives its first `count` arguments; x0, x1, … where it tells none."""
    try:
        kinds = inspect.signature(fn).parameters.values()
    except (TypeError, ValueError):
        kinds = ()  # type: ignore[assignment]
    names = [p.name for p in kinds if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    rest = next((p.name for p in kinds if p.kind is p.VAR_POSITIONAL), "x")
    return [names[k] if k < len(names) else f"{rest}{k - len(names)}" for k in range(count)]


def title(fn: Callable[..., Any]) -> str:
    """What to call a function: its name; a lambda by the line it stands in."""
    name: str = getattr(fn, "__name__", type(fn).__name__)
    code = getattr(fn, "__code__", None)
    return f"lambda at {code.co_filename}:{code.co_firstlineno}" if name == "<lambda>" and code else name


def joined(arrays: Sequence[Array]) -> Array:
    """The arrays laid end to end."""
    return np.concatenate([np.ravel(a) for a in arrays]) if arrays else np.zeros(0)


def parted(vector: Array, like: Sequence[Any]) -> list[Array]:
    """A vector cut up into the shapes and dtypes of `like`: what `joined` put together."""
    ends = np.cumsum([part.size for part in like], dtype=int)
    return [
        vector[end - part.size : end].reshape(part.shape).astype(part.dtype)
        for part, end in zip(like, ends, strict=True)
    ]
