"""What a type checker knows of a declared op: a Tensor in gives a Tensor, arrays alone an array; and its options.

    def sum_(x: Array, /, axis=None, keepdims=False) → Unary[axis=None, keepdims=False]
    def add(a: Array, b: Array)                      → Binary[]

The number of arrays is read off the forward's annotations: an array is a parameter that takes an array of objects,
which no option does. Nothing here runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Concatenate, ParamSpec, Protocol, TypeAlias, TypeVar, overload

import numpy as np

from tinygrad_rnn.engine.op import Primitive
from tinygrad_rnn.engine.tensor import Array, Numbers, Operand, Tensor

P = ParamSpec("P")
X = TypeVar("X", Tensor, Array)  # the same in as out
Objects: TypeAlias = np.ndarray[Any, np.dtype[np.object_]]


class Unary(Primitive, Protocol[P]):
    """An op of one array."""

    @overload
    def __call__(self, x: Tensor, /, *options: P.args, **named: P.kwargs) -> Tensor: ...
    @overload
    def __call__(self, x: Numbers, /, *options: P.args, **named: P.kwargs) -> Array: ...


class Binary(Primitive, Protocol[P]):
    """An op of two arrays."""

    @overload
    def __call__(self, a: Tensor, b: Operand, /, *options: P.args, **named: P.kwargs) -> Tensor: ...
    @overload
    def __call__(self, a: Numbers, b: Tensor, /, *options: P.args, **named: P.kwargs) -> Tensor: ...
    @overload
    def __call__(self, a: Numbers, b: Numbers, /, *options: P.args, **named: P.kwargs) -> Array: ...


class Ternary(Primitive, Protocol[P]):
    """An op of three arrays."""

    @overload
    def __call__(self, a: Tensor, b: Operand, c: Operand, /, *options: P.args, **named: P.kwargs) -> Tensor: ...
    @overload
    def __call__(self, a: Numbers, b: Tensor, c: Operand, /, *options: P.args, **named: P.kwargs) -> Tensor: ...
    @overload
    def __call__(self, a: Numbers, b: Numbers, c: Tensor, /, *options: P.args, **named: P.kwargs) -> Tensor: ...
    @overload
    def __call__(self, a: Numbers, b: Numbers, c: Numbers, /, *options: P.args, **named: P.kwargs) -> Array: ...


class Joint(Protocol[P]):
    """A function of a sequence of arrays."""

    @overload
    def __call__(self, arrays: Sequence[Tensor], /, *options: P.args, **named: P.kwargs) -> Tensor: ...
    @overload
    def __call__(  # type: ignore[overload-overlap]  # a sequence of arrays alone: no Tensor is in it
        self, arrays: Sequence[Numbers] | Array, /, *options: P.args, **named: P.kwargs
    ) -> Array: ...
    @overload
    def __call__(self, arrays: Sequence[Operand], /, *options: P.args, **named: P.kwargs) -> Tensor: ...


class Declares(Protocol):
    """What makes a typed op of a forward, or of a function composed of ops."""

    @overload
    def __call__(self, forward: Callable[Concatenate[Objects, Objects, Objects, Objects, P], Any], /) -> Primitive: ...
    @overload
    def __call__(self, forward: Callable[Concatenate[Objects, Objects, Objects, P], Any], /) -> Ternary[P]: ...
    @overload
    def __call__(self, forward: Callable[Concatenate[Objects, Objects, P], Any], /) -> Binary[P]: ...
    @overload
    def __call__(self, forward: Callable[Concatenate[Objects, P], Any], /) -> Unary[P]: ...
    @overload
    def __call__(self, forward: Callable[Concatenate[list[Any], P], Any], /) -> Joint[P]: ...


def declares(make: Declares) -> Declares:
    """`make`, typed as what makes a typed op."""
    return make
