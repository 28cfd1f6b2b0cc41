"""What stands under a picture: brackets over the steps of one call, and the legend.

├── chunk 1: t = 1 … 3 ──┤ ├── chunk 2: t = 4 … 6 ──┤
weight   input   one step   hidden state   ──→ data   ──→ weight
"""

from __future__ import annotations

from dataclasses import dataclass

from viz.layout.geometry import RING, SHAPES, text_size
from viz.layout.place import Box, Layout
from viz.scene.legend import Entry
from viz.scene.model import Chunk

SMALL = 10 / 12  # the size of a legend's text beside that of a label
LINE, GAP, HEIGHT, NARROWEST = 34.0, 16.0, 34.0, 420.0


@dataclass(frozen=True)
class Caption:
    """A chunk's bracket, or an entry of the legend, with left, bottom, right and top."""

    of: Chunk | Entry
    box: Box


def captions(plan: Layout, entries: list[Entry], narrowest: float = NARROWEST) -> list[Caption]:
    """Brackets, then the legend in lines as wide as the picture, below everything else.

    Args:
        narrowest: how wide the lines may be in a picture that is narrower, in points.
    """
    left, bottom, right, _ = plan.extent
    found = [Caption(chunk, box) for chunk in plan.picture.chunks if (box := _under(plan, chunk, bottom - 8))]
    if found:
        bottom -= 30
    x, y = left, bottom - 8 - HEIGHT
    for entry in entries:
        width = _width(entry)
        if x > left and x + width > left + max(right - left, narrowest):
            x, y = left, y - HEIGHT
        found.append(Caption(entry, (x, y, x + width, y + HEIGHT - 12)))
        x += width + GAP
    return found


def _under(plan: Layout, chunk: Chunk, top: float) -> Box | None:
    first, last = chunk.columns
    if not any(first <= t <= last for t in plan.picture.steps):
        return None
    inside = [p for p in plan.places.values() if p.item.column is not None and first <= p.item.column <= last]
    left, right = min(p.box[0] for p in inside), max(p.box[2] for p in inside)
    spare = max(text_size(chunk.label)[0] + 10 - (right - left), 0) / 2
    return left - spare, top - 20, right + spare, top


def _width(entry: Entry) -> float:
    text = text_size(entry.label)[0] * SMALL
    if entry.sort == "line":
        return LINE + 6 + text
    return text + (SHAPES[entry.kind].padding[0] if entry.kind in SHAPES else 18.0) + 2 * RING
