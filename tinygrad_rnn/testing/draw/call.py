"""Call: an op and its arguments, as a value that can be run, run elsewhere, and written down.

    Call("sum", (x,), {"axis": 0})    str → tg.sum(a, axis=0)     arrays → [x]     function(x) → tg.sum(x, axis=0)

In a Program the operands are Names, and the same text says which values they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from string import ascii_lowercase
from typing import Any

import numpy as np

from tinygrad_rnn import ops
from tinygrad_rnn.engine.op import REGISTRY
from tinygrad_rnn.engine.tensor import Array
from tinygrad_rnn.engine.trees import flatten
from tinygrad_rnn.testing.report.again import Script
from tinygrad_rnn.testing.report.text import Name, text


def names() -> Iterator[Name]:
    """a, b, …, z, a1, b1, …"""
    round = 0
    while True:
        yield from (Name(f"{letter}{round or ''}") for letter in ascii_lowercase)
        round += 1


def public(op: str) -> Callable[..., Any]:
    """The function of an op's name: tg.sum for "sum"."""
    return getattr(ops, op) if op in ops.__all__ else REGISTRY[op].public


def is_float(x: Any) -> bool:
    """Whether x is an array of floats: what is differentiated."""
    return isinstance(x, np.ndarray) and x.dtype.kind == "f"


@dataclass(frozen=True, eq=False)
class Call:
    """An op and its arguments.

    Attributes:
        name: of the op.
        args: by position: the arrays, in lists and tuples too.
        static: by keyword.
        fn: the op, where it is not the library's.
    """

    name: str
    args: tuple[Any, ...]
    static: Mapping[str, Any] = field(default_factory=dict)
    fn: Callable[..., Any] | None = None

    @property
    def arrays(self) -> list[Array]:
        """The arrays of floats among the arguments, from left to right."""
        return [x for x in flatten(self.args)[0] if is_float(x)]

    def replaced(self, replace: Callable[[Any], Any]) -> tuple[Any, ...]:
        """The arguments with `replace` applied to each, however nested."""
        leaves, build = flatten(self.args)
        result: tuple[Any, ...] = build([replace(leaf) for leaf in leaves])
        return result

    def function(self, *arrays: Any) -> Any:
        """The op as a function of its arrays of floats alone: `check_vjp(call.function, *call.arrays)`."""
        supply = iter(arrays)
        args = self.replaced(lambda x: next(supply) if is_float(x) else x)
        return (self.fn or public(self.name))(*args, **self.static)

    @property
    def keeps_float32(self) -> bool:
        """Whether float32 arrays give float32 in NumPy: not beside integers, nor where a dtype is asked for.

        Products take a Python number for an array of float64.
        """
        if self.name == "astype" or "dtype" in self.static:
            return False
        product = self.name in ("dot", "inner", "tensordot")
        kinds = "iuf" if product and not all(isinstance(x, np.ndarray) for x in self.args[:2]) else "iu"
        others = (x for x in flatten(self.args)[0] if not is_float(x) and (product or isinstance(x, np.ndarray)))
        return not any(np.asarray(x).dtype.kind in kinds for x in others)

    def run(self) -> Any:
        """What the op returns."""
        return self.function(*self.arrays)

    def __str__(self) -> str:
        free = names()
        return self._text(lambda x: next(free) if is_float(x) else x)

    def __repr__(self) -> str:
        return self._text(lambda x: x)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """How Hypothesis shows it."""
        printer.text(repr(self))

    def _text(self, replace: Callable[[Any], Any]) -> str:
        given = [text(arg) for arg in self.replaced(replace)]
        given += [f"{name}={text(value)}" for name, value in self.static.items()]
        return f"{self._function()}({', '.join(given)})"

    def _function(self) -> str:
        if self._is_users:
            return re.sub(r"\W", "_", self.name)
        return f"tg.{self.name}" if self.name in ops.__all__ else f"REGISTRY[{self.name!r}].public"

    @property
    def _is_users(self) -> bool:
        if self.fn is not None or self.name in ops.__all__:
            return self.fn is not None
        return not REGISTRY[self.name].forward.__module__.startswith(f"{ops.__name__.partition('.')[0]}.")

    def define(self, script: Script) -> None:
        """What its text needs, in a script."""
        if self._is_users:
            script.use(self._function(), self.fn or public(self.name))
        elif self.name not in ops.__all__:
            script.imports["from tinygrad_rnn.engine.op import REGISTRY"] = None
