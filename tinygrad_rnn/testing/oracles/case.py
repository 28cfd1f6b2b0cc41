"""Case: any function of anything, as a function of its float arrays alone.

fn(x, {"w": w}, axis=…)  →  case(xs) = the float outputs        xs: x, w
                            case.vector(xs) = they, end to end   names: 'x', "parameters['w']"
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from tinygrad_rnn.autodiff.functions import record_function
from tinygrad_rnn.autodiff.reverse import vjp
from tinygrad_rnn.engine.arrays import as_plain
from tinygrad_rnn.engine.context import no_grad
from tinygrad_rnn.engine.node import Node, ancestors
from tinygrad_rnn.engine.tensor import Array, Tensor, from_array
from tinygrad_rnn.engine.trees import Build, flatten, with_none
from tinygrad_rnn.errors import DTypeError, GradientError, GraphError, TinygradError, check_name, is_number
from tinygrad_rnn.testing.oracles.limits import EXACT, Limits
from tinygrad_rnn.testing.report.findings import Kink

COARSE = 1e-6  # of float16 the differences keep one digit


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
        cotangents: how many of them, the last ones, are cotangents that an order before was given.
        limits: what the caller allows, and how coarse its numbers are.
    """

    name: str
    fn: Callable[..., Any]
    leaves: tuple[Any, ...]
    build: Build
    moving: tuple[int, ...]
    names: tuple[str, ...]
    xs: tuple[Array, ...]
    cotangents: int = 0
    limits: Limits = EXACT

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
        check_name("check", "name", name)
        leaves, build = flatten(tuple(inputs))
        places = list(leaf_paths(fn, inputs))
        asked = [k for k, (argument, _) in enumerate(places) if argument in within]
        moving = [k for k in asked if _is_array(leaves[k])] or [k for k in asked if isinstance(leaves[k], float)]
        if not moving:
            raise GraphError("there is nothing to differentiate by", expected="an argument that is an array of floats",
                             got=", ".join(type(x).__name__ for x in leaves) or "no arguments")  # fmt: skip
        chosen_leaves = (x.data if isinstance(x, Tensor) else x for x in (leaves[k] for k in moving))
        xs = tuple(np.array(as_plain(x, "check")) for x in chosen_leaves)
        names = tuple(places[k][1] for k in moving)
        return cls(name or title(fn), fn, tuple(leaves), build, tuple(moving), names, xs)

    def nested(self, xs: Sequence[Any]) -> Any:
        """What fn returns with xs in the places of its float arrays."""
        return self.fn(*self.arguments(xs))

    def arguments(self, xs: Sequence[Any]) -> Any:
        """What fn is called with, xs in the places of its float arrays."""
        full = list(self.leaves)
        for k, x in zip(self.moving, xs, strict=True):
            full[k] = x
        return self.build(full)

    def __call__(self, *xs: Any) -> list[Tensor]:
        """The outputs of fn that are Tensors of floats, from left to right."""
        return floats(flatten(self.nested(xs))[0])

    def outputs(self, xs: Sequence[Array]) -> list[Any]:
        """Every output, None too, with nothing recorded.

        Raises:
            Kink: fn refuses the numbers, as math.log(-1.0) does. What it says of shapes, dtypes and graphs is raised
                as it is.
        """
        try:
            with no_grad(), np.errstate(all="ignore"):
                return with_none(self.nested([from_array(x, None) for x in xs]))
        except Exception as error:
            if not _of_numbers(error):
                raise
            raise self.outside(f"{type(error).__name__}: {error}") from error

    def tensors(self) -> list[Tensor]:
        """The outputs of floats at xs, once it is sure that there is something to compare.

        Raises:
            GraphError: an output is not a Tensor, or none is one of floats.
        """
        found = self.outputs(self.xs)
        others = [y for y in found if not isinstance(y, Tensor)]
        if others or not floats(found):
            raise GraphError(
                f"{self.name}: {'an output is not a Tensor' if others else 'no output is a Tensor of floats'}",
                expected="Tensors, in any nest, and floats among them",
                got=", ".join(f"Tensor of {y.dtype}" if isinstance(y, Tensor) else type(y).__name__ for y in found)
                or "no outputs",
                help="is a return missing?" if not found or any(y is None for y in others)
                else "np.tanh(v.numpy()) and float(v) leave the graph: use tg.tanh(v), and v as it is",
            )  # fmt: skip
        return floats(found)

    def outside(self, why: str) -> Kink:
        """What to raise where fn has no value."""
        return Kink(f"{self.name}: the point is outside the function's domain", got=why,
                    help="draw values inside it: values(shape, domain=…)")  # fmt: skip

    def vector(self, xs: Sequence[Array]) -> Array:
        """Every output of floats, laid end to end."""
        return joined([y.data for y in floats(self.outputs(xs))])

    def at(self, xs: Sequence[Array]) -> Case:
        """The same function at another point."""
        return replace(self, xs=tuple(xs))

    def near(self, share: float, seed: int = 0) -> Case:
        """The same function where each number differs by up to this share of it."""
        rng = np.random.default_rng(seed)
        return self.at([(x * (1 + share * rng.uniform(-1, 1, x.shape))).astype(x.dtype) for x in self.xs])

    def recorded(self) -> tuple[list[Tensor], list[Node]]:
        """The outputs, and every node between xs and them."""
        with np.errstate(all="ignore"):
            _, ys, _ = record_function(self, self.xs)
        return ys, ancestors([y.node for y in ys if y.requires_grad], grad_only=True)

    def judged(self) -> Case:
        """The same, with limits that know the coarsest dtype that is recorded on the way.

        Raises:
            DTypeError: one that is too coarse to tell right from wrong.
        """
        ys, nodes = self.recorded()
        found = {y.dtype for y in ys} | {node.dtype for node in nodes if node.dtype.kind == "f"}
        coarsest = max(found, key=lambda dtype: np.finfo(dtype).eps)
        eps = float(np.finfo(coarsest).eps)
        if eps > COARSE:
            raise DTypeError(f"{self.name}: {coarsest} on the way is too coarse to compare derivatives",
                             help="check the same code without the cast")  # fmt: skip
        return replace(self, limits=replace(self.limits, eps=eps))

    def largest(self) -> float:
        """The largest number on the way, 1 at least: of it, what is small is the rounding."""
        numbers = (x for node in self.recorded()[1] for x in (node.value, *(node.args or ())))
        return float(max((np.abs(x).max(initial=1) for x in numbers if _is_array(x) or is_number(x)), default=1.0))

    def derivative(self, u: Array) -> Case:
        """The pullback, (x, gy) ↦ (∂y/∂x)ᵀgy, at gy = u: the case of the next order."""
        ys, count = floats(self.outputs(self.xs)), len(self.xs)

        def pulled(*args: Any) -> Any:
            return vjp(self, *args[:count])[1](list(args[count:]))

        names = [f"gy{k}" if len(ys) > 1 else "gy" for k in range(len(ys))]
        args = (*self.xs, *(gy.astype(np.float64) for gy in parted(u, ys)))
        return replace(self, fn=pulled, leaves=args, build=tuple, moving=tuple(range(len(args))), xs=args,
                       names=(*self.names, *names), cotangents=self.cotangents + len(ys))  # fmt: skip


def _of_numbers(error: Exception) -> bool:
    """Whether an error says that numbers are out of range: of ours, only one of values that are not finite."""
    return isinstance(error, GradientError if isinstance(error, TinygradError) else ValueError | ArithmeticError)


def floats(outputs: Sequence[Any]) -> list[Tensor]:
    """Those that are Tensors of floats."""
    return [y for y in outputs if isinstance(y, Tensor) and y.dtype.kind in "fc"]


def chosen(wrt: Any, count: int) -> set[int]:
    """Which of so many arguments `wrt` names: all when None. Raises GraphError for one that there is not."""
    several = isinstance(wrt, list | tuple | set | range)
    numbers = range(count) if wrt is None else list(wrt) if several else [wrt]
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


def modes(fn: Callable[..., Any]) -> frozenset[str]:
    """The modes that a function says it has, "vjp" or "jvp"; both where it says nothing."""
    return frozenset(getattr(_inner(fn), "modes", ("vjp", "jvp")))


def max_order(fn: Callable[..., Any]) -> int | None:
    """The highest derivative that a function says it has; None where there is no highest."""
    highest: int | None = getattr(_inner(fn), "max_order", None)
    return highest


def _inner(fn: Callable[..., Any]) -> Callable[..., Any]:
    return _inner(fn.func) if isinstance(fn, partial) else fn


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
