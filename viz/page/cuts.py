"""Scissors: for each way on which a state goes from one step to the next, what the gradients are if it is cut there.

h₂ ──✂──→ step 3        computed by the library, with `detach()` at just these uses; nothing is estimated
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from tinygrad_rnn.engine.snapshot import Graph, GraphNode, GraphTerm
from viz.page.facts import MORE_DIGITS, Facts, rounded
from viz.scene.model import Picture, Use

__all__ = ["MOST", "cuts", "recurrent_uses"]

MOST = 64  # ways that are cut: each is a backward pass


def recurrent_uses(picture: Picture) -> dict[tuple[Use, ...], str]:
    """Of each arrow on which a state goes on to a later step: the uses that it stands for, and what to call it."""
    found = {}
    for edge in picture.edges:
        source, target = picture.by_id[edge.source], picture.by_id[edge.target]
        on = edge.kind in ("recurrent", "cell") and source.kind in ("hidden", "cell") and target.kind != "elided"
        if on and source.column != target.column and edge.uses:
            step = next((node.step for node in target.nodes if node.step is not None), None)
            found[edge.uses] = f"{source.label.partition(chr(10))[0]} → step {step}"
    return found


def cuts(whole: Graph, picture: Picture, run: Callable[..., Graph]) -> list[Facts]:
    """Each single cut, and every gradient that it changes.

    Args:
        whole: the graph with nothing cut.
        picture: in which each step of a layer is one box.
        run: makes the graph once more, `run(cut=uses)`.
    """
    ways = list(recurrent_uses(picture).items())[:MOST]
    return [{"uses": [list(use) for use in uses], "name": name, **_changed(whole, run(terms=True, cut=uses))}
            for uses, name in ways]  # fmt: skip


def _changed(whole: Graph, cut: Graph) -> Facts:
    """Where the cut makes a difference: norms by node, and what each use adds by `node.argument`; None if nothing."""
    norms: Facts = {}
    terms: Facts = {}
    for before, after in zip(whole.nodes, cut.nodes, strict=True):
        if _norm(before) != _norm(after):
            norms[str(after.id)] = rounded(_norm(after), MORE_DIGITS)
        for (_, position), old, new in zip(after.inputs, _terms(before), _terms(after), strict=True):
            if _short(old) != _short(new):
                terms[f"{after.id}.{position}"] = _short(new)
    return {"norms": norms, "terms": terms}


def _norm(node: GraphNode) -> float | None:
    return None if node.gradient is None else node.gradient.norm


def _terms(node: GraphNode) -> Iterable[GraphTerm | None]:
    return node.terms or [None] * len(node.inputs)


def _short(term: GraphTerm | None) -> list[Any] | None:
    return None if term is None else [rounded(term.norm), rounded(term.along, MORE_DIGITS)]
