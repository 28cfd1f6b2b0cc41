"""The picture as Graphviz text: every position given, every name quoted, the same bytes every time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from viz.layout.captions import LINE, Caption
from viz.layout.geometry import RING, SHAPES, TEXT, Placed, Point, spline, text_size, told_size
from viz.layout.place import Box, Frame, Layout
from viz.paint.heat import backward_pen, backward_style, decades, heat, text_on
from viz.paint.theme import FONT, Theme
from viz.scene import text
from viz.scene.legend import Entry
from viz.scene.model import Chunk, Edge
from viz.scene.words import plain_text

CLASSES = {"parameter": "param"}
SIGNS = {"<": "below", "≥": "from", "–": "none", "∞": "infinite"}  # in the names of decades, for ids
TITLE, PAD = 30.0, 8.0  # points: the height that the title takes, and the space around it all


def quote(text: str) -> str:
    r"""Text as a DOT string that means just that text: no escapes, no HTML, no record fields, no entities.

    >>> print(quote("<b> & {a|b}"))
    "&lt;b&gt; &amp; {a|b}"
    """
    text = plain_text(text)
    for raw, written in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("\\", "\\\\")):
        text = text.replace(raw, written)
    return '"' + text.replace("\r", " ").replace("\n", "\\n") + '"'


def listed(words: Iterable[object]) -> str:
    """Numbers and the like as one DOT string, in pieces: Graphviz reads at most 16 kB at once.

    >>> listed([3, 4, 12])
    '"3 4 12"'
    """
    each = [str(word) for word in words]
    pieces = [" ".join(each[k : k + 1000]) for k in range(0, len(each), 1000)]
    return '" + " '.join(pieces).join('""')


def attributes(values: Mapping[str, object]) -> str:
    """
    >>> attributes({"label": "h₁", "width": 0.5})
    '[label="h₁", width="0.5"]'
    """
    pairs = ((key, listed(value) if isinstance(value, list) else _written(key, value)) for key, value in values.items())
    return "[" + ", ".join(f"{key}={value}" for key, value in pairs) + "]"


def _written(key: str, value: object) -> str:
    """Names as text; what is ours, such as the way of a line, as it is, however long."""
    return quote(str(value)) if key in ("label", "tooltip") else f'"{value}"'


def source(
    plan: Layout, below: list[Caption], theme: Theme, title: str, scale: float = 1.0, *, heated: bool = True
) -> str:
    """The whole picture, with what stands below it.

    Args:
        scale: makes it smaller where it is painted.
        heated: whether shapes have the colour of their gradient, where the picture shows gradients.
    """
    left, bottom, right, top = _extent(plan, below, title)
    head = {
        "bb": f"{left:.1f},{bottom:.1f},{right:.1f},{top:.1f}", "bgcolor": theme.page, "pad": PAD / 72,
        "label": title, "labelloc": "t", "lp": f"{(left + right) / 2:.1f},{top + 1 - _title_height(title) / 2:.1f}",
        "fontname": FONT, "fontsize": 14, "fontcolor": theme.ink, "id": "picture", "outputorder": "edgesfirst",
    }  # fmt: skip
    if scale < 1:
        across, up = size(plan, below, title)
        head |= {"size": f"{across * scale / 72:.4f},{up * scale / 72:.4f}"}
    lines = ["digraph unrolled {", f"  graph {attributes(head)};"]
    lines += [f"  node {attributes({'fontname': FONT, 'fontsize': TEXT, 'fixedsize': 'true', 'margin': 0})};"]
    framed = {id for frame in plan.frames for id in frame.members}
    for frame in plan.frames:
        lines += _frame(frame, plan, theme, heated)
    lines += [f"  {_node(place, plan, theme, heated)}" for place in plan.places.values() if place.item.id not in framed]
    lines += [f"  {line}" for line in _edges(plan, theme)]
    lines += [f"  {_chunk(c.of, c.box, theme)}" for c in below if isinstance(c.of, Chunk)]
    lines += _legend([c for c in below if not isinstance(c.of, Chunk)], plan, theme)
    return "\n".join([*lines, "}", ""])


def size(plan: Layout, below: list[Caption], title: str) -> tuple[int, int]:
    """Width and height of the whole picture in points."""
    left, bottom, right, top = _extent(plan, below, title)
    return round(right - left + 2 * PAD), round(top - bottom + 2 * PAD)


def scale(plan: Layout, below: list[Caption], title: str, width: float | None) -> float:
    """How much smaller the picture has to be to be so wide at most."""
    return 1.0 if width is None else min(1.0, width / size(plan, below, title)[0])


def _extent(plan: Layout, below: list[Caption], title: str) -> Box:
    """Of all that is drawn, the title and what stands below included."""
    boxes = [plan.extent, *(caption.box for caption in below)]
    left, bottom = min(b[0] for b in boxes), min(b[1] for b in boxes)
    right, top = max(b[2] for b in boxes), max(b[3] for b in boxes)
    spare = max(text_size(title)[0] * 14 / TEXT - (right - left), 0.0) / 2
    return left - spare, bottom, right + spare, top + _title_height(title)


def _title_height(title: str) -> float:
    return TITLE + 1.25 * 14 * title.count("\n") if title else 0.0


def _frame(frame: Frame, plan: Layout, theme: Theme, heated: bool) -> list[str]:
    look = theme.looks["box"]
    left, bottom, right, top = frame.box
    head = {
        "label": frame.label, "bb": f"{left:.1f},{bottom:.1f},{right:.1f},{top:.1f}",
        "lp": f"{left + 0.32 * TEXT * len(frame.label) + 10:.1f},{top - 11:.1f}", "style": look.style,
        "fillcolor": look.fill, "color": look.stroke, "fontname": FONT, "fontsize": 11, "fontcolor": theme.quiet,
        "id": frame.id, "class": "cell",
    }  # fmt: skip
    inside = [f"    {_node(plan.places[id], plan, theme, heated)}" for id in frame.members]
    return [f"  subgraph {quote('cluster_' + frame.id)} {{", f"    graph {attributes(head)};", *inside, "  }"]


def _node(place: Placed, plan: Layout, theme: Theme, heated: bool) -> str:
    item, look = place.item, theme.looks[place.item.kind]
    shared = item.kind == "parameter" and item.uses > 1
    width, height = told_size(place)
    values = {
        "id": item.id, "class": node_class(item.kind) + (" shared" if shared else ""),
        "label": item.label, "nodes": [node.id for node in item.nodes],
        "tooltip": item.tooltip or item.label, "pos": f"{place.x:.1f},{place.y:.1f}",
        "width": f"{width / 72:.4f}", "height": f"{height / 72:.4f}",
        "shape": SHAPES[item.kind].outline, "style": look.style,
        "fillcolor": look.fill, "color": look.stroke, "fontcolor": theme.ink, "penwidth": look.pen,
    }  # fmt: skip
    if heated and plan.picture.gradients and item.is_heated:
        values |= _heated(item.gradient, theme)
    return f"{quote(item.id)} {attributes(values | ({'peripheries': 2} if shared else {}))};"


def node_class(kind: str) -> str:
    """The class that every shape of a kind has in an SVG."""
    return f"node-{CLASSES.get(kind, kind)}"


def _edges(plan: Layout, theme: Theme) -> list[str]:
    """Thin lines first and the states' roads last, so that what matters lies on top."""
    lines: dict[str, list[str]] = {kind: [] for kind in ("weight", "data", "recurrent", "cell", "cut", "backward")}
    for id, edge, points in zip(edge_ids(plan.picture.edges), plan.picture.edges, plan.lines, strict=True):
        lines[edge.kind].append(_edge(id, edge, points, plan, theme))
    return [line for kind in lines.values() for line in kind]


def edge_ids(edges: Iterable[Edge]) -> list[str]:
    """The id of each line: `e_n_h_1__n_LSTM_2`; a second one between the same shapes gets a number."""
    seen: dict[str, int] = {}
    found = []
    for edge in edges:
        id = f"e_{edge.source}__{edge.target}" + (f"_{edge.kind}" if edge.kind in ("backward", "cut") else "")
        seen[id] = seen.get(id, 0) + 1
        found.append(id + (f"_{seen[id]}" if seen[id] > 1 else ""))
    return found


def _edge(id: str, edge: Edge, points: list[Point], plan: Layout, theme: Theme) -> str:
    line = theme.lines[edge.kind]
    pen, style = line.pen, line.style
    if edge.norm is not None:
        pen, style = backward_pen(edge.norm), backward_style(edge.norm)
    a, b = plan.places[edge.source].item, plan.places[edge.target].item
    said = f"{a.label} → {b.label}".replace("\n", " ")
    values = {
        "id": id, "class": f"edge-{edge.kind}", "pos": spline(points, line.arrow), "color": line.stroke,
        "penwidth": f"{pen:.2f}", "style": style, "arrowhead": line.head, "arrowsize": line.scale,
        "tooltip": said + (f" ×{len(edge.uses)}" if len(edge.uses) > 1 else "")
        + (f" · {text.norm(edge.norm)}" if edge.norm is not None else ""),
        "uses": [f"{node}.{position}" for node, position in edge.uses],
    }  # fmt: skip
    if edge.kind == "cut" and len(points) == 2:
        x, y = (points[0][0] + points[-1][0]) / 2, (points[0][1] + points[-1][1]) / 2
        values |= {"label": "detach()", "lp": f"{x:.1f},{y + 9:.1f}", "fontname": FONT, "fontsize": 10,
                   "fontcolor": line.stroke}  # fmt: skip
    return f"{quote(edge.source)} -> {quote(edge.target)} {attributes(values)};"


def _middle(box: Box) -> str:
    return f"{(box[0] + box[2]) / 2:.1f},{(box[1] + box[3]) / 2:.1f}"


def _inches(box: Box) -> dict[str, object]:
    return {"pos": _middle(box), "width": f"{(box[2] - box[0]) / 72:.4f}", "height": f"{(box[3] - box[1]) / 72:.4f}"}


def _chunk(chunk: Chunk, box: Box, theme: Theme) -> str:
    """A line as long as the steps it is about, with its words under it."""
    id = f"k_{chunk.columns[0]:g}"
    look = theme.looks["chunk"]
    values = {"id": id, "class": "chunk", "label": chunk.label, "tooltip": chunk.label, **_inches(box),
              "shape": SHAPES["chunk"].outline, "color": look.stroke, "fontcolor": theme.quiet, "fontsize": 11,
              "penwidth": look.pen, "style": look.style, "fillcolor": look.fill}  # fmt: skip
    return f"{quote(id)} {attributes(values)};"


def _legend(entries: list[Caption], plan: Layout, theme: Theme) -> list[str]:
    if not entries:
        return []
    filled = {label: look for label, *look in decades(_norms(plan), theme.is_dark)}
    lines = ["  subgraph cluster_legend {", '    graph [class="legend", style="invis"];']
    for caption in entries:
        assert isinstance(caption.of, Entry)
        lines += [f"    {line}" for line in _entry(caption.of, caption.box, filled, theme)]
    return [*lines, "  }"]


def _entry(entry: Entry, box: Box, filled: Mapping[str, list[str]], theme: Theme) -> list[str]:
    id = f"legend_{entry.sort}_{text.slug(''.join(SIGNS.get(sign, sign) for sign in entry.kind))}"
    said = {"id": id, "class": f"legend-{entry.sort}", "label": entry.label, "tooltip": entry.label, "fontsize": 10}
    if entry.sort == "line":
        return _sample(entry, id, box, said, theme)
    kind = "parameter" if entry.kind == "shared" else entry.kind if entry.sort == "shape" else "gate"
    look = theme.looks[kind]
    if entry.sort == "shape":
        said["class"] = f"{said['class']} sample-{kind}"
    if entry.kind in ("shared", "total", "output"):  # they are drawn larger than Graphviz is told
        box = box[0] + RING, box[1] + RING, box[2] - RING, box[3] - RING
    values = said | _inches(box) | {"shape": SHAPES[kind].outline, "style": look.style, "fillcolor": look.fill,
                                    "color": look.stroke, "fontcolor": theme.ink, "penwidth": look.pen}  # fmt: skip
    if entry.sort == "heat":
        fill, extra, ink = filled[entry.kind]
        values |= {"fillcolor": fill, "style": ",".join(filter(None, ["filled", extra])), "fontcolor": ink}
    values |= {"peripheries": 2} if entry.kind == "shared" else {}
    return [f"{quote(id)} {attributes(values)};"]


def _sample(entry: Entry, id: str, box: Box, said: dict[str, object], theme: Theme) -> list[str]:
    """A piece of a line between two points that are not seen, and its words."""
    left, bottom, right, top = box
    y, line = (bottom + top) / 2, theme.lines[entry.kind]
    ends = [(left + 1, y), (left + LINE - 1, y)]
    points = [
        f"{quote(f'{id}_{k}')} " + attributes({"class": "legend-end", "label": "", "pos": f"{x:.1f},{y:.1f}",
        "shape": "point", "width": 0.01, "height": 0.01, "style": "invis"}) + ";"
        for k, (x, y) in enumerate(ends)
    ]  # fmt: skip
    stroke = {"class": f"legend-line sample-{entry.kind}", "pos": spline(ends, line.arrow), "color": line.stroke,
              "penwidth": line.pen, "style": line.style, "arrowhead": line.head, "arrowsize": line.scale}  # fmt: skip
    words = said | _inches((left + LINE + 4, bottom, right, top)) | {"shape": "plaintext", "fontcolor": theme.ink}
    return [
        *points,
        f"{quote(f'{id}_0')} -> {quote(f'{id}_1')} {attributes(stroke)};",
        f"{quote(id)} {attributes(words)};",
    ]


def heats(plan: Layout, theme: Theme) -> list[Entry]:
    """For the legend of a picture that shows gradients: the decades that are in it."""
    if not plan.picture.gradients:
        return []
    return [Entry("heat", label, f"∇ {label}") for label, *_ in decades(_norms(plan), theme.is_dark)]


def _norms(plan: Layout) -> list[float | None]:
    return [item.gradient for item in plan.picture.items if item.is_heated]


def _heated(norm: float | None, theme: Theme) -> dict[str, object]:
    """How a shape is filled that shows a gradient of this norm."""
    fill, extra = heat(norm, theme.is_dark)
    if norm is None or norm == 0:
        fill = theme.page
    return {"fillcolor": fill, "style": ",".join(filter(None, ["filled", extra])), "fontcolor": text_on(fill)}
