"""How large a shape has to be for its text, without asking any font engine: the same everywhere."""

from __future__ import annotations

from viz.model import Item
from viz.theme import TEXT

_NARROW = frozenset(" ,.()[]il|·'tfr∇₀₁₂₃₄₅₆₇₈₉ₜ")
_PADDING = {
    "parameter": (18, 12), "input": (26, 16), "initial": (26, 16), "op": (12, 14), "gate": (14, 12),
    "hidden": (28, 16), "memory": (38, 16), "output": (44, 14), "target": (26, 16), "loss": (28, 16),
    "total": (40, 16), "box": (30, 12), "elided": (4, 4),
}  # fmt: skip
_LEAST = {"op": (28, 28), "box": (96, 44), "hidden": (52, 32), "memory": (56, 32), "input": (44, 30)}


def text_size(label: str) -> tuple[float, float]:
    """Width and height of a label in points, for the widest of the fonts that may stand in: DejaVu Sans.

    >>> text_size("W_hh")[0] > text_size("i")[0]
    True
    """
    lines = label.split("\n")
    wide = max(sum(0.42 if c in _NARROW else 0.95 if c in "mwWM@" else 0.68 for c in line) for line in lines)
    return wide * TEXT, 1.25 * TEXT * len(lines)


def size(item: Item) -> tuple[float, float]:
    """Width and height of an item's shape in points."""
    (w, h), (pad_w, pad_h), (least_w, least_h) = (
        text_size(item.label), _PADDING[item.kind], _LEAST.get(item.kind, (0, 0)),
    )  # fmt: skip
    return max(w + pad_w, least_w), max(h + pad_h, least_h)
