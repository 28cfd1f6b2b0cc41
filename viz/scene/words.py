"""The picture in words: its title, and a description for those who do not see it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from viz.scene.model import Item, Picture

_LAYER = re.compile(r" l\d+(_reverse)?$")


def title(picture: Picture) -> str:
    """What a reader should notice first: `LSTM, 3 steps: the same 4 weights at every step`."""
    nets = " over ".join(dict.fromkeys(cell.split()[0] for cell in picture.cells[::-1]))
    if not nets:
        return f"{len(picture.items)} values, {len(picture.edges)} uses"
    parts = list(dict.fromkeys(_LAYER.sub("", cell) for cell in picture.cells))
    if len(parts) > 1 and any(" " in part for part in parts):
        return f"{_listed(parts)}, {_count(picture.length, 'step')}: in each the same weights at every step"
    ahead = [cell for cell in picture.cells if not cell.endswith("_reverse")]
    many = f", {len(ahead)} layers" if len(ahead) > 1 else ""
    both = ", both directions" if len(ahead) < len(picture.cells) else ""
    layer = [item for item in shared(picture) if item.layer < len(picture.cells)]
    same = f": the same {len(layer)} weights at every step" if layer else ""
    return f"{nets}{many}{both}, {_count(picture.length, 'step')}{same}"


def shared(picture: Picture) -> list[Item]:
    """The parameters that are used more than once."""
    return [item for item in picture.items if item.kind == "parameter" and item.uses > 1]


def description(picture: Picture) -> str:
    """Every part in reading order: steps, states, shared weights, what was left out, gradients."""
    said = [f"{_count(len(picture.items), 'shape')}, {_count(len(picture.edges), 'arrow')}."]
    if picture.steps:
        said.append(f"Time runs from left to right; drawn are the steps {_listed(map(str, picture.steps))}.")
    said += [f"In between: {item.label}." for item in _first_folds(picture)]
    states = [item for item in picture.items if item.kind in ("initial", "hidden", "memory")]
    if states:
        said.append(f"States: {_listed(_plain(item) for item in states)}.")
    if shared(picture):
        said.append(f"Shared weights, one of each: {_listed(_plain(item) for item in shared(picture))}.")
    if picture.gradients:
        said.append("Dashed arrows show the gradient going back; the darker a fill, the larger its norm ∇.")
    return " ".join(said)


def _first_folds(picture: Picture) -> list[Item]:
    return list({item.column: item for item in picture.items if item.kind == "elided"}.values())


def _plain(item: Item) -> str:
    return item.label.replace("\n", " ")


def _count(n: int, what: str) -> str:
    return f"{n} {what}" + ("" if n == 1 else "s")


def _listed(parts: Iterable[str]) -> str:
    return ", ".join(parts)
