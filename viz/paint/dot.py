"""The picture as Graphviz text: every position given, every name quoted, the same bytes every time."""

from __future__ import annotations

from collections.abc import Mapping

from viz.layout.geometry import SHAPES, TEXT, Placed, Point, spline
from viz.layout.place import Frame, Layout
from viz.paint.heat import backward_pen, heat, text_on
from viz.paint.theme import FONT, Theme
from viz.scene import text
from viz.scene.model import Edge

CLASSES = {"parameter": "param"}
TITLE, PAD = 30.0, 12.0  # points: the height that the title takes, and the space around it all


def quote(text: str) -> str:
    r"""Text as a DOT string that means just that text: no escapes, no HTML, no record fields, no entities.

    >>> print(quote("<b> & {a|b}"))
    "&lt;b&gt; &amp; {a|b}"
    """
    for raw, written in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("\\", "\\\\")):
        text = text.replace(raw, written)
    return '"' + text.replace("\r", " ").replace("\n", "\\n") + '"'


def attributes(values: Mapping[str, object]) -> str:
    """
    >>> attributes({"label": "h₁", "width": 0.5})
    '[label="h₁", width="0.5"]'
    """
    return "[" + ", ".join(f"{key}={quote(str(value))}" for key, value in values.items()) + "]"


def source(plan: Layout, theme: Theme, title: str) -> str:
    """The whole picture."""
    left, bottom, right, top = extent(plan)
    head = {
        "bb": f"{left:.1f},{bottom:.1f},{right:.1f},{top:.1f}", "bgcolor": theme.page, "pad": PAD / 72,
        "label": title, "labelloc": "t", "lp": f"{(left + right) / 2:.1f},{top - 14:.1f}", "fontname": FONT,
        "fontsize": 14, "fontcolor": theme.ink, "id": "picture", "outputorder": "edgesfirst",
    }  # fmt: skip
    lines = ["digraph unrolled {", f"  graph {attributes(head)};"]
    lines += [f"  node {attributes({'fontname': FONT, 'fontsize': TEXT, 'fixedsize': 'true', 'margin': 0})};"]
    framed = {id for frame in plan.frames for id in frame.members}
    for frame in plan.frames:
        lines += _frame(frame, plan, theme)
    lines += [f"  {_node(place, plan, theme)}" for place in plan.places.values() if place.item.id not in framed]
    lines += [f"  {line}" for line in _edges(plan, theme)]
    return "\n".join([*lines, "}", ""])


def extent(plan: Layout) -> tuple[float, float, float, float]:
    """Left, bottom, right and top of all that is drawn, the title included."""
    boxes = [place.box for place in plan.places.values()] + [frame.box for frame in plan.frames]
    xs, ys = ([point[k] for line in plan.lines for point in line] for k in (0, 1))
    return (
        min([*(b[0] for b in boxes), *xs]), min([*(b[1] for b in boxes), *ys]),
        max([*(b[2] for b in boxes), *xs]), max([*(b[3] for b in boxes), *ys]) + TITLE,
    )  # fmt: skip


def size(plan: Layout) -> tuple[int, int]:
    """Width and height of the whole picture in points."""
    left, bottom, right, top = extent(plan)
    return round(right - left + 2 * PAD), round(top - bottom + 2 * PAD)


def _frame(frame: Frame, plan: Layout, theme: Theme) -> list[str]:
    look = theme.looks["box"]
    left, bottom, right, top = frame.box
    head = {
        "label": frame.label, "bb": f"{left:.1f},{bottom:.1f},{right:.1f},{top:.1f}",
        "lp": f"{left + 0.32 * TEXT * len(frame.label) + 10:.1f},{top - 11:.1f}", "style": look.style,
        "fillcolor": look.fill, "color": look.stroke, "fontname": FONT, "fontsize": 11, "fontcolor": theme.quiet,
        "id": frame.id, "class": "cell",
    }  # fmt: skip
    inside = [f"    {_node(plan.places[id], plan, theme)}" for id in frame.members]
    return [f"  subgraph {quote('cluster_' + frame.id)} {{", f"    graph {attributes(head)};", *inside, "  }"]


def _node(place: Placed, plan: Layout, theme: Theme) -> str:
    item, look = place.item, theme.looks[place.item.kind]
    shared = item.kind == "parameter" and item.uses > 1
    fill, extra, ink = look.fill, look.style, theme.ink
    if plan.picture.gradients and item.is_heated:
        fill, dashed = heat(item.gradient)
        extra, ink = ",".join(filter(None, ["filled", dashed])), text_on(fill)
        if item.gradient is None:
            fill, ink = theme.page, theme.ink
    values = {
        "id": item.id, "class": f"node-{CLASSES.get(item.kind, item.kind)}" + (" shared" if shared else ""),
        "label": item.label, "nodes": " ".join(str(node.id) for node in item.nodes),
        "tooltip": item.tooltip or item.label, "pos": f"{place.x:.1f},{place.y:.1f}", "width": f"{place.w / 72:.4f}",
        "height": f"{place.h / 72:.4f}", "shape": SHAPES[item.kind].outline, "style": extra, "fillcolor": fill,
        "color": look.stroke, "fontcolor": ink, "penwidth": look.pen,
    }  # fmt: skip
    return f"{quote(item.id)} {attributes(values | ({'peripheries': 2} if shared else {}))};"


def _edges(plan: Layout, theme: Theme) -> list[str]:
    """Thin lines first and the states' roads last, so that what matters lies on top."""
    seen: dict[tuple[str, str, str], int] = {}
    lines: dict[str, list[str]] = {kind: [] for kind in ("weight", "data", "recurrent", "cell", "cut", "backward")}
    for edge, points in zip(plan.picture.edges, plan.lines, strict=True):
        pair = (edge.source, edge.target, edge.kind)
        seen[pair] = seen.get(pair, 0) + 1
        lines[edge.kind].append(_edge(edge, points, plan, theme, seen[pair]))
    return [line for kind in lines.values() for line in kind]


def _edge(edge: Edge, points: list[Point], plan: Layout, theme: Theme, nth: int) -> str:
    line = theme.lines[edge.kind]
    pen = backward_pen(edge.norm) if edge.norm is not None else line.pen
    a, b = plan.places[edge.source].item, plan.places[edge.target].item
    said = f"{a.label} → {b.label}".replace("\n", " ")
    values = {
        "id": f"e_{edge.source}__{edge.target}" + (f"_{edge.kind}" if edge.kind in ("backward", "cut") else "")
        + (f"_{nth}" if nth > 1 else ""),
        "class": f"edge-{edge.kind}", "pos": spline(points, line.arrow), "color": line.stroke,
        "penwidth": f"{pen:.2f}", "style": line.style, "arrowhead": line.head, "arrowsize": line.scale,
        "tooltip": said + (f" ×{len(edge.uses)}" if len(edge.uses) > 1 else "")
        + (f" · {text.norm(edge.norm)}" if edge.norm is not None else ""),
        "uses": " ".join(f"{node}.{position}" for node, position in edge.uses),
    }  # fmt: skip
    if edge.kind == "cut":
        x, y = (points[0][0] + points[-1][0]) / 2, (points[0][1] + points[-1][1]) / 2
        values |= {"label": "detach()", "lp": f"{x:.1f},{y + 9:.1f}", "fontname": FONT, "fontsize": 10,
                   "fontcolor": line.stroke}  # fmt: skip
    return f"{quote(edge.source)} -> {quote(edge.target)} {attributes(values)};"
