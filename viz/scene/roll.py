"""All steps drawn as one: what stands in one picture step after step is one shape, with how often it was made.

h₀ ─→ f_W ─→ h₁ ─→ f_W ─→ h₂ ─→ f_W ─→ h₃        →        h₀ ─→ f_W ×3 ─→ hₜ ─┐
                                                                  └───────────┘
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from viz.scene import text
from viz.scene.items import labelled
from viz.scene.model import Edge, Item, Picture, together


def roll(picture: Picture) -> Picture:
    """The picture with the items of one key and one part as one item, and their edges as one edge."""
    alike: dict[tuple[object, ...], list[Item]] = {}
    for item in picture.items:
        alone = item.column is None or item.column != int(item.column)
        alike.setdefault((item.id,) if alone else (item.block, item.slot, item.key), []).append(item)
    rolled = [_one(items, picture) for items in alike.values()]
    stands_for = {item.id: one.id for one, items in zip(rolled, alike.values(), strict=True) for item in items}
    edges: dict[tuple[str, str, str], list[Edge]] = {}
    for edge in picture.edges:
        edges.setdefault((stands_for[edge.source], stands_for[edge.target], edge.kind), []).append(edge)
    joined = tuple(together(*ends, found) for ends, found in edges.items())
    return replace(picture, items=tuple(rolled), edges=joined, rolled=True, chunks=())


def _one(items: Sequence[Item], picture: Picture) -> Item:
    """One item for all steps: `hₜ ×3`, `LSTM ×3`; its gradient is the largest, and its label tells the smallest too."""
    first, count = items[0], len(items)
    column = None if first.column is None else 2.0 * first.block + (first.column % 1 or 1.0)
    if column is None or (count == 1 and first.kind != "box"):
        return replace(first, column=column)
    norms = [item.gradient for item in items]
    nodes = tuple(node for item in items for node in item.nodes)
    more: dict[str, str] = {}
    if picture.values and first.kind not in ("box", "parameter"):
        more["value"] = text.values([item.nodes[0] for item in items], brief=picture.brief)
    if picture.gradients and first.is_heated:
        more["gradient"] = text.norms(norms)
    uses = sum(item.uses for item in items)
    known = [norm for norm in norms if norm is not None]
    largest = next((norm for norm in known if math.isnan(norm)), max(known, default=None))
    name = _name(items) + (f" ×{count}" if count > 1 else "")
    return labelled(replace(first, column=column, nodes=nodes, uses=uses, gradient=largest), name, more)


def _name(items: Sequence[Item]) -> str:
    """What all steps call it: `hₜ`; of x₁ 'h' and x₂ 'e' the letter alone."""
    first = items[0].label.partition("\n")[0]
    if items[0].kind == "box":
        return first
    names = {text.unstepped(item.label.partition("\n")[0]) for item in items}
    return names.pop() if len(names) == 1 else text.unstepped(first.partition(" ")[0])
