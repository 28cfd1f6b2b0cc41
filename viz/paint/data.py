"""The picture as data: shapes with their places, lines with their corners, and what they stand for."""

from __future__ import annotations

import json
import math
from typing import Any

from viz.layout.place import Layout

FORMAT, VERSION = "tinygrad_rnn.picture", 1


def data(plan: Layout, title: str, description: str) -> str:
    """JSON; places in points, x to the right and y upward. A norm that is not finite is a text."""
    document = {
        "format": FORMAT, "version": VERSION, "title": title, "description": description,
        "shapes": [
            {
                "id": p.item.id, "kind": p.item.kind, "label": p.item.label, "x": round(p.x, 1), "y": round(p.y, 1),
                "width": round(p.w, 1), "height": round(p.h, 1), "nodes": [node.id for node in p.item.nodes],
                "tooltip": p.item.tooltip, "gradient": _number(p.item.gradient),
            }
            for p in plan.places.values()
        ],
        "arrows": [
            {
                "source": e.source, "target": e.target, "kind": e.kind, "uses": [list(use) for use in e.uses],
                "norm": _number(e.norm), "points": [[round(x, 1), round(y, 1)] for x, y in points],
            }
            for e, points in zip(plan.picture.edges, plan.lines, strict=True)
        ],
        "frames": [{"id": f.id, "label": f.label, "box": [round(at, 1) for at in f.box], "members": list(f.members)}
                   for f in plan.frames],
    }  # fmt: skip
    return json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False)


def _number(norm: float | None) -> Any:
    return norm if norm is None or math.isfinite(norm) else str(norm)
