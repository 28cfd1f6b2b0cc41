"""What the shapes, lines and colours of a picture mean: those that are in it, and no others."""

from __future__ import annotations

import math
from typing import NamedTuple

from viz.scene.model import Picture

SHAPES = {
    "parameter": "weight", "input": "input", "target": "target", "initial": "first state", "box": "one step",
    "part": "closed part",    "affine": "W x + b", "gate": "gate", "op": "op", "hidden": "hidden state", "cell": "cell state",
    "output": "output", "loss": "loss", "total": "total loss",
}  # fmt: skip
LINES = {
    "data": "data", "weight": "weight", "recurrent": "state", "cell": "cell state", "cut": "cut by detach()",
    "backward": "gradient on its way back",
}  # fmt: skip


class Entry(NamedTuple):
    """One thing explained: a "shape" or a "line" of this kind, or the "heat" of a gradient of this size."""

    sort: str
    kind: str
    label: str


def legend(picture: Picture) -> list[Entry]:
    """Shapes first, then lines; of a picture that shows gradients its decades, from small to large, last.

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
    return found + (_decades(picture) if picture.gradients else [])


def _decades(picture: Picture) -> list[Entry]:
    """The powers of ten of the gradients that are shown, and what is not such a number."""
    norms = [item.gradient for item in picture.items if item.is_heated]
    powers = sorted({math.floor(math.log10(norm)) for norm in norms if norm and math.isfinite(norm)})
    shown = [Entry("heat", f"1e{power}", f"∇ ≥ 1e{power}") for power in powers if -8 <= power <= 4]
    shown[:0] = [Entry("heat", "1e-9", "∇ < 1e-8")] if any(power < -8 for power in powers) else []
    shown += [Entry("heat", "1e5", "∇ ≥ 1e5")] if any(power > 4 for power in powers) else []
    special = [("0", "∇ 0", 0.0 in norms), ("none", "∇ – not computed", None in norms),
               ("nan", "∇ not finite", not all(math.isfinite(norm or 0.0) for norm in norms))]  # fmt: skip
    return shown + [Entry("heat", kind, label) for kind, label, here in special if here]
