"""What the shapes and lines of a picture mean: those that are in it, and no others."""

from __future__ import annotations

from typing import NamedTuple

from viz.scene.model import Picture

SHAPES = {
    "parameter": "weight", "input": "input", "target": "target", "initial": "first state", "box": "one step",
    "part": "closed part", "affine": "W x + b", "gate": "gate", "op": "op", "hidden": "hidden state",
    "cell": "cell state", "output": "output", "loss": "loss", "total": "total loss",
}  # fmt: skip
LINES = {
    "data": "data", "weight": "weight", "recurrent": "state", "cell": "cell state", "cut": "cut by detach()",
    "backward": "gradient going back, thicker where larger",
}  # fmt: skip


class Entry(NamedTuple):
    """One thing explained: a "shape" or a "line" of this kind, or the "heat" of a gradient of this size."""

    sort: str
    kind: str
    label: str


def legend(picture: Picture) -> list[Entry]:
    """Shapes first, then lines.

    >>> legend(Picture((), ()))
    []
    """
    kinds = {item.kind for item in picture.items}
    several = any(item.kind == "parameter" and item.uses > 1 for item in picture.items)
    found = [Entry("shape", kind, label) for kind, label in SHAPES.items() if kind in kinds]
    if several:
        found.insert(1, Entry("shape", "shared", "shared weight"))
    drawn = {edge.kind for edge in picture.edges}
    found += [Entry("line", kind, label) for kind, label in LINES.items() if kind in drawn]
    return found
