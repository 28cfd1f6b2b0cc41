"""One thing of the engine replaced by a wrong one, while a block runs.

slope      dy/dx of an elementwise op, in both modes      into, together   the two shortcuts of reverse mode
vjp, jvp   one rule; `bent` rules are handed the right one  forward          what the op computes
replaced   any attribute of the engine
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import tinygrad_rnn as tg
from tinygrad_rnn.engine.op import REGISTRY, Op


@dataclass(frozen=True)
class Patch:
    """Where a bug is seen, an op's name, "programs" or "programs tanh add", and what puts it there."""

    where: str
    place: Callable[[], Any]

    def seen_in(self, where: str) -> "Patch":
        return Patch(where, self.place)


@contextmanager
def item(table: Any, key: Any, wrong: Any) -> Iterator[None]:
    right = table[key]
    table[key] = wrong
    try:
        yield
    finally:
        table[key] = right


@contextmanager
def attribute(owner: Any, name: str, wrong: Any) -> Iterator[None]:
    right = getattr(owner, name)
    setattr(owner, name, wrong)
    try:
        yield
    finally:
        setattr(owner, name, right)


@contextmanager
def both(*places: Callable[[], Any]) -> Iterator[None]:
    with places[0](), places[1]():
        yield


def vjp(name: str, rule: Any, k: int = 0) -> Patch:
    """gx = rule(gy, y, *args, **static) for argument k; None: nothing flows."""
    return Patch(name, partial(item, REGISTRY[name].vjps, k, rule))


def jvp(name: str, rule: Any, k: int = 0) -> Patch:
    """dy = rule(dx, y, *args, **static) for argument k; None: nothing flows."""
    return Patch(name, partial(item, REGISTRY[name].jvps, k, rule))


def slope(name: str, derivative: Any, k: int = 0) -> Patch:
    """dy/dx = derivative(y, *args), by which both modes multiply."""

    def rule(g, y, *args):
        return g * derivative(y, *args)

    return Patch(name, partial(both, vjp(name, rule, k).place, jvp(name, rule, k).place))


def reduction(name: str, derivative: Any) -> Patch:
    """∂y/∂x = derivative(y, x, axis, **static) with y's axes restored, by which both modes multiply."""
    from tinygrad_rnn.ops.reduce import restore

    def weights(y, x, axis, keepdims, static):
        return derivative(restore(y, x, axis, keepdims), x, axis, **static)

    def back(gy, y, x, *, axis, keepdims, **static):
        return restore(gy, x, axis, keepdims) * weights(y, x, axis, keepdims, static)

    def ahead(dx, y, x, *, axis, keepdims, **static):
        return tg.sum(dx * weights(y, x, axis, keepdims, static), axis=axis, keepdims=keepdims)

    return Patch(name, partial(both, vjp(name, back).place, jvp(name, ahead).place))


def bent(name: str, twist: Any, k: int = 0) -> Patch:
    """gx = twist(right rule, gy, y, *args, **static)."""
    return vjp(name, partial(twist, REGISTRY[name].vjps[k]), k)


def bent_jvp(name: str, twist: Any, k: int = 0) -> Patch:
    """dy = twist(right rule, dx, y, *args, **static)."""
    return jvp(name, partial(twist, REGISTRY[name].jvps[k]), k)


def into(name: str, rule: Any) -> Patch:
    return Patch(name, partial(attribute, REGISTRY[name], "into", rule))


def together(name: str, rule: Any, k: int = 1) -> Patch:
    return Patch(name, partial(item, REGISTRY[name].together, k, rule))


def forward(name: str, twist: Any) -> Patch:
    """y = twist(right forward, *args, **static): the public function has closed over its forward."""
    op: Op = REGISTRY[name]
    cell = dict(zip(op.public.__code__.co_freevars, op.public.__closure__, strict=True))["forward"]
    return Patch(name, partial(attribute, cell, "cell_contents", partial(twist, op.forward)))


def replaced(owner: Any, name: str, wrong: Any) -> Patch:
    """owner.name = wrong, seen in random programs."""
    return Patch("programs", partial(attribute, owner, name, wrong))
