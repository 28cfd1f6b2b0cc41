"""All steps drawn as one: what stands in one picture step after step is one shape, with how often it was made.

h₀ ─→ f_W ─→ h₁ ─→ f_W ─→ h₂ ─→ f_W ─→ h₃        →        h₀ ─→ f_W ×3 ─→ hₜ ─┐
                                                                  └───────────┘
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from viz.scene import text
from viz.scene.model import Edge, Item, Picture


def roll(picture: Picture) -> Picture:
    """The picture with the items of one key and one part as one item, and their edges as one edge."""
    alike: dict[tuple[object, ...], list[Item]] = {}
    for item in picture.items:
        alone = item.column is None or item.column != int(item.column)
        alike.setdefault((item.id,) if alone else (item.block, item.slot, item.key), []).append(item)
    blocks = {item.block for item in picture.items}
    rolled = [_one(items, len(blocks) > 1) for items in alike.values()]
    stands_for = {item.id: one for one, items in zip(rolled, alike.values(), strict=True) for item in items}
    edges: dict[tuple[str, str, str], Edge] = {}
    for edge in picture.edges:
        key = (stands_for[edge.source].id, stands_for[edge.target].id, edge.kind)
        before = edges.get(key)
        edges[key] = Edge(*key, (*(before.uses if before else ()), *edge.uses), _joined(before, edge))
    taken: dict[str, int] = {}
    return replace(picture, items=tuple(_named(rolled, taken)), edges=tuple(edges.values()), rolled=True)


def _joined(before: Edge | None, edge: Edge) -> float | None:
    if edge.norm is None:
        return None
    return float((edge.norm**2 + (before.norm or 0.0) ** 2) ** 0.5) if before else edge.norm


def _named(items: Sequence[Item], taken: dict[str, int]) -> Sequence[Item]:
    return items


def _one(items: list[Item], parted: bool) -> Item:
    """One item for all steps: `hₜ ×3`, `LSTM ×3`."""
    first, count = items[0], len(items)
    column = None if first.column is None else 2.0 * first.block + (first.column % 1 or 1.0)
    if column is None or (count == 1 and first.kind in ("initial", "total")):
        return replace(first, column=column)
    lines = first.label.split("\n")
    if first.kind == "box":
        lines = [f"{lines[0]} ×{count}"]
    else:
        names = {text.unstepped(item.label.partition("\n")[0]) for item in items}
        name = names.pop() if len(names) == 1 else text.unstepped(lines[0].partition(" ")[0])
        lines = [name + (f" ×{count}" if count > 1 else "")]
    nodes = tuple(node for item in items for node in item.nodes)
    return replace(first, column=column, label="\n".join(lines), nodes=nodes, uses=sum(i.uses for i in items))
