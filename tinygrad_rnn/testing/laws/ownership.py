"""Laws of whose array is whose: nothing given is written to, nothing returned is shared, nothing dead is kept.

given: x, u          read, never written
made on the way      gone with the output, by reference counts alone
returned: gx         the caller's own
"""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np

from tinygrad_rnn.engine.node import ancestors
from tinygrad_rnn.engine.tensor import Array
from tinygrad_rnn.errors import GraphError
from tinygrad_rnn.testing.laws.linear_map import LinearMap, altered, difference, run
from tinygrad_rnn.testing.report.findings import Mismatch


def inputs_kept(p: LinearMap) -> Mismatch | None:
    """neither inputs, outputs nor cotangents are written to"""
    xs, us = [x.copy() for x in p.xs], [u.copy() for u in p.us]
    ys, pull = run(p.case, xs)
    before = [y.copy() for y in ys]
    pull(us)
    kept = [*zip(p.case.names, p.xs, xs, strict=True), *zip(p.output_names, before, ys, strict=True),
            *zip([f"the cotangent of {name}" for name in p.output_names], p.us, us, strict=True)]  # fmt: skip
    names, old, new = zip(*kept, strict=True)
    k = altered(old, new)
    if k is not None:
        found = difference([names[k]], [new[k]], [old[k]]) or Mismatch("differs", names[k])
        return replace(found, hint="the first number is what it became, the second what it was")
    return _read_only(p)


def _read_only(p: LinearMap) -> Mismatch | None:
    """What is written back as it was shows only where writing is forbidden."""
    try:
        run(p.case, [_sealed(x) for x in p.xs])[1]([_sealed(u) for u in p.us])
    except Exception as error:  # it ran on arrays that may be written to, so this is about writing
        return Mismatch("differs", hint=f"with read-only arrays: {error}".splitlines()[0])
    return None


def _sealed(x: Array) -> Array:
    x = x.copy()
    x.flags.writeable = False
    return x


def memory(p: LinearMap) -> Mismatch | None:
    """gradients share no memory with each other, the inputs or the cotangents"""
    ys, pull = run(p.case, p.xs)
    gs = pull(p.us)
    others = [*zip(p.case.names, p.xs, strict=True), *zip(p.output_names, ys, strict=True)]
    others += [(f"the cotangent of {name}", u) for name, u in zip(p.output_names, p.us, strict=True)]
    returned = list(zip(p.gradient_names, gs, strict=True))
    pairs = [*combinations(returned, 2), *((mine, other) for mine in returned for other in others)]
    shared = (f"{a} and {b}" for (a, g), (b, h) in pairs if np.shares_memory(g, h))
    found = next(shared, None)
    return None if found is None else Mismatch("shared", found)


def freed(p: LinearMap) -> Mismatch | None:
    """what was recorded is gone with the output, before a backward and after one, without the garbage collector"""
    with _without_collector():
        for backward in (False, True):
            alive = [name for name, array in _recorded(p, backward) if array() is not None]
            if alive:
                when = "after a backward" if backward else "with no backward"
                return Mismatch("kept", f"{', '.join(alive[:6])}: {len(alive)} arrays outlive the output, {when}")
    return None


@contextmanager
def _without_collector() -> Iterator[None]:
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _recorded(p: LinearMap, backward: bool) -> list[tuple[str, weakref.ref[Any]]]:
    """What each op of one run made, held weakly; the run itself is over when this returns."""
    _, total = p.recorded()
    if total is None:
        return []
    nodes = ancestors([total.node])
    given = {id(node.value) for node in nodes if node.op is None}  # an op may hand on the very array it was given
    made = [(node.title, weakref.ref(node.value)) for node in nodes if node.op and id(node.value) not in given]
    if backward:
        total.backward()
    return made


def grad_twice(p: LinearMap) -> Mismatch | None:
    """a second pullback gives the same again, a second backward doubles .grad"""
    leaves, total = p.recorded()
    if total is None:
        return None
    total.backward(retain_graph=True)
    once = [np.zeros(leaf.shape) if leaf.grad is None else leaf.grad.numpy() for leaf in leaves]
    total.backward(retain_graph=True)
    twice = [np.zeros(leaf.shape) if leaf.grad is None else leaf.grad.numpy() for leaf in leaves]
    pull = run(p.case)[1]
    first, second = pull(p.us), pull(p.us)
    doubled = [2 * g for g in once]
    return difference(p.gradient_names, twice, doubled) or difference(p.gradient_names, second, first)


def second_backward_refused(p: LinearMap) -> Mismatch | None:
    """a second backward without retain_graph raises GraphError"""
    _, total = p.recorded()
    if total is None:
        return None
    total.backward()
    try:
        total.backward()
    except GraphError:
        return None
    return Mismatch("accepted")
