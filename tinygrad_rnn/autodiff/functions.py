"""A function to differentiate: it runs once on fresh leaves, and what it closes over is left as it is.

f, xs  →  record_function  →  leaves, f(leaves), how to nest values like the arguments
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Concatenate, ParamSpec, TypeAlias, TypeVar

import numpy as np

from tinygrad_rnn.engine.context import CONTEXT, using
from tinygrad_rnn.engine.declare import linear
from tinygrad_rnn.engine.node import Node, ancestors
from tinygrad_rnn.engine.tensor import Array, Tensor, from_array, label
from tinygrad_rnn.engine.trees import Build, flatten, with_none
from tinygrad_rnn.errors import GraphError, OptionError, check_type

P = ParamSpec("P")
Y = TypeVar("Y")
OfTensor: TypeAlias = Callable[Concatenate[Tensor, ...], Any]  # f of one Tensor first: so are its derivatives


@linear(transpose=lambda gy, x: gy)
def identity(x: Array) -> Array:
    """y = x, as a node of its own: what a derivative is taken with respect to."""
    return x


def check_function(owner: str, f: Any) -> None:
    """Raise OptionError unless f can be called."""
    check_type(owner, "f", f, Callable, "a function")


def check_nested(otherwise: str, given: Any, like: Any) -> None:
    """Raise GraphError, in these words, unless two nests have as many leaves, and None in the same places."""
    holes, places = ([leaf is None for leaf in with_none(nested)] for nested in (given, like))
    if holes != places:
        counts = [f"{holes.count(False)} arrays, {holes.count(True)} × None" for holes in (places, holes)]
        raise GraphError(otherwise, expected=counts[0], got=counts[1])


def record_function(
    f: Callable[..., Y], xs: Sequence[Any], reads: list[str] | None = None
) -> tuple[list[Tensor], Y, Build]:
    """Run f on fresh copies of its arguments: the copies, what f returned, and how to nest values like the arguments.

    An argument that already requires grad is aliased, so derivatives of derivatives see through it. In `reads` is
    listed in which lines f read values off what is recorded, as `item()` does: no gradient passes there.
    """
    leaves, build = flatten(tuple(xs))
    if not leaves:
        raise GraphError("there is nothing to differentiate by", expected="arguments that hold arrays",
                         got=", ".join(map(repr, xs)) or "no arguments")  # fmt: skip
    fresh = []
    for x in as_tensors(leaves, "an argument"):
        fresh.append(identity(x) if x.requires_grad and CONTEXT.get().recording else _independent(x))
        if isinstance(x, Tensor) and x._node is not None and x._node.label:
            label(fresh[-1], *x._node.label)
    with using(recording=True, reads=[] if reads is None else reads):
        try:
            return fresh, f(*build(list(fresh))), build
        except ValueError as error:
            if isinstance(error.__cause__, GraphError):  # array[i] = x: NumPy puts its words before ours
                raise error.__cause__ from None
            raise


def _independent(x: Tensor) -> Tensor:
    now = CONTEXT.get()
    if now.frozen is not None:  # what is differentiated inside a function that is being compiled comes from outside it
        return from_array(x._array, Node(identity.op, (x.node,), (x._array,), {}, x._array, now, True))
    twin = from_array(x._array, None)
    twin.requires_grad = True
    return twin


def bind_argnums(
    f: Callable[..., Any], xs: Sequence[Any], argnums: int | tuple[int, ...]
) -> tuple[Callable[..., Any], list[Any]]:
    """f as a function of the arguments `argnums` alone, the others held, and those arguments."""
    chosen: Any = argnums if isinstance(argnums, tuple | list) else (argnums,)
    if not all(isinstance(k, int | np.integer) and -len(xs) <= k < len(xs) for k in chosen):
        raise OptionError(f"there is no argument {argnums!r:.60} to differentiate by", got=f"{len(xs)} arguments")

    def of_chosen(*parts: Any) -> Any:
        full = list(xs)
        for k, part in zip(chosen, parts, strict=True):
            full[k] = part
        return f(*full)

    return of_chosen, [xs[k] for k in chosen]


def has_captures(ys: Sequence[Any], inputs: Sequence[Tensor]) -> bool:
    """Whether `ys` depend on more that requires grad than fresh leaves: if so, their derivatives are recorded too."""
    if not CONTEXT.get().recording:
        return False
    mine = {x.node for x in inputs}
    ends = [y.node for y in ys if isinstance(y, Tensor) and y.requires_grad]
    return any(node.op is None and node not in mine for node in ancestors(ends, grad_only=True))


def as_tensors(values: list[Any], what: str) -> list[Tensor]:
    """Each leaf as a Tensor. Raises GraphError for one that is not an array of numbers."""
    tensors = []
    for value in values:
        if not isinstance(value, Tensor | np.ndarray | np.generic | int | float | complex):
            raise GraphError(f"{what} is not an array of numbers", expected="arrays in tuples, lists or dicts",
                             got=f"{type(value).__name__} {value!r:.60}")  # fmt: skip
        tensors.append(value if isinstance(value, Tensor) else Tensor(value))
    return tensors
