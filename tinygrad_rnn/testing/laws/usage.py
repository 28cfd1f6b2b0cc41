"""The law of parameters: what a module calls a parameter is used, and what it uses as one it calls so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from tinygrad_rnn.autodiff.functions import record_function
from tinygrad_rnn.engine.node import Leaf, ancestors
from tinygrad_rnn.nn import Parameter
from tinygrad_rnn.testing.laws.linear_map import Law, LinearMap
from tinygrad_rnn.testing.report.findings import Mismatch

POINTS = 4  # of these: a parameter may be used for some inputs alone


def parameters_used(unused: Sequence[str] = ()) -> Law:
    """The law of modules; lets these be unused."""

    def law(p: LinearMap) -> Mismatch | None:
        return hidden(p) or idle(_scattered(p), unused)

    law.__name__, law.__doc__ = "parameters_used", "some output depends on every parameter"
    return law


def _scattered(p: LinearMap) -> Iterator[LinearMap]:
    """The point, then others, the parameters moved too."""
    rng = np.random.default_rng(p.seed)
    yield p
    for _ in range(POINTS - 1):
        yield LinearMap(p.case.at([np.asarray(rng.standard_normal(x.shape)) for x in p.xs]), p.seed)


def idle(points: Iterable[LinearMap], unused: Sequence[str] = ()) -> Mismatch | None:
    """Which parameters no output was computed from, at any of these points.

    Args:
        unused: those that are not to be.
    """
    left: set[str] | None = None
    order: list[str] = []
    for p in points:
        order = [*order, *(bare(name) for k, name in enumerate(p.case.names) if k not in p.inputs)]
        left = (set(order) - set(unused) if left is None else left) - reached(p)
        if not left:
            return None
    words = ", ".join(repr(name) for name in dict.fromkeys(order) if name in (left or ()))
    hint = f"is a term forgotten? What is not to be used is named: unused=({words},)"
    return Mismatch("not used", words, hint=hint) if words else None


def hidden(p: LinearMap) -> Mismatch | None:
    """A Parameter that the outputs are computed from, and that named_parameters() does not name."""
    leaves, ys, _ = record_function(p.case, p.xs)
    known = {leaf.node for leaf in leaves}
    nodes = ancestors([y.node for y in ys], grad_only=True)
    strange = (node for node in nodes if isinstance(node, Leaf) and node not in known)
    found = next((owner for node in strange if isinstance(owner := node.owner(), Parameter)), None)
    if found is None:
        return None
    hint = "named_parameters() does not find it, so no optimiser moves it and no checkpoint holds it"
    return Mismatch("hidden", f"a Parameter of shape {found.shape}", hint=f"{hint}: see nn.Module for where it looks")


def bare(name: str) -> str:
    """weight, of parameters['weight']."""
    own = name.removeprefix("parameters['")
    return name if own == name else own.removesuffix("']")


def reached(p: LinearMap) -> set[str]:
    """The names of the arrays that some output was computed from."""
    leaves, ys, _ = record_function(p.case, p.xs)
    nodes = set(ancestors([y.node for y in ys]))
    return {bare(name) for name, leaf in zip(p.case.names, leaves, strict=True) if leaf.node in nodes}
