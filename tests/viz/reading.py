"""The DOT text of a picture, read without a line of viz: what Graphviz is told to draw, and nothing that was meant.

read(dot) → Page ─┬─ shapes   one for each node statement: its place, its size, its text, the frames that it is in
                  ├─ lines    one for each edge statement: its two ends and its Bézier curves
                  └─ frames   the clusters

Statements stand one on a line and attributes are quoted, which is how viz writes them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

Point = tuple[float, float]
Box = tuple[float, float, float, float]  # left, bottom, right, top
Attributes = Mapping[str, str]
Use = tuple[int, int]  # the consumer's node id, and at which argument

STRING = r'"((?:[^"\\]|\\.)*)"'
ATTRIBUTE = re.compile(rf"(\w+)={STRING}")
NAME = rf"(\w+|{STRING.replace('(', '(?:', 1)})"
NODE = re.compile(rf"{NAME}\s*\[(.*)\];?")
EDGE = re.compile(rf"{NAME}\s*->\s*{NAME}\s*\[(.*)\];?")
FRAME = re.compile(rf"subgraph\s+{NAME}\s*\{{")
DEFAULTS = re.compile(r"(graph|node|edge)\s*\[(.*)\];?")
ESCAPES = {"n": "\n", "l": "\n", "r": "\n", "\\": "\\"}
ENTITIES = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&amp;": "&"}  # the last is read last


@dataclass(frozen=True)
class Shape:
    """One node statement; the defaults that hold where it stands are among its attributes."""

    id: str
    attributes: Attributes
    frames: tuple[str, ...] = ()

    @property
    def words(self) -> list[str]:
        """Its classes."""
        return self.attributes.get("class", "").split()

    @property
    def kind(self) -> str:
        """`parameter` of the class `node-parameter`; empty for what stands for nothing in the graph."""
        return next((word.removeprefix("node-") for word in self.words if word.startswith("node-")), "")

    @property
    def in_legend(self) -> bool:
        return any(word.startswith("legend") for word in self.words) or "cluster_legend" in self.frames

    @property
    def label(self) -> str:
        return self.attributes.get("label", self.id)

    @property
    def centre(self) -> Point:
        return point(self.attributes["pos"])

    @property
    def size(self) -> Point:
        """Width and height in points."""
        return 72 * float(self.attributes["width"]), 72 * float(self.attributes["height"])

    @property
    def nodes(self) -> tuple[int, ...]:
        """The graph nodes that it stands for."""
        return tuple(map(int, self.attributes.get("nodes", "").split()))


@dataclass(frozen=True)
class Line:
    """One edge statement."""

    source: str
    target: str
    attributes: Attributes

    @property
    def words(self) -> list[str]:
        return self.attributes.get("class", "").split()

    @property
    def kind(self) -> str:
        """`weight` of the class `edge-weight`."""
        return next((word.removeprefix("edge-") for word in self.words if word.startswith("edge-")), "")

    @property
    def in_legend(self) -> bool:
        return any(word.startswith("legend") for word in self.words)

    @property
    def name(self) -> str:
        return f"{self.source} → {self.target} ({self.kind})"

    @property
    def pen(self) -> float:
        return float(self.attributes.get("penwidth", 1))

    @property
    def uses(self) -> tuple[Use, ...]:
        """The uses in the graph that it stands for, as "12.0 15.1" names them."""
        return tuple(use(text) for text in self.attributes.get("uses", "").split())

    @cached_property
    def course(self) -> tuple[Point, list[Point], Point]:
        """Where it begins, the control points of its curves, and where it ends, the arrow heads' tips included."""
        words = self.attributes["pos"].replace(";", " ").split()
        tips = {word[0]: point(word[2:]) for word in words if word[:2] in ("s,", "e,")}
        points = [point(word) for word in words if word[:2] not in ("s,", "e,")]
        if len(points) % 3 != 1:
            raise ValueError(f"{self.name}: {len(points)} control points are no chain of cubic curves")
        return tips.get("s", points[0]), points, tips.get("e", points[-1])


@dataclass(frozen=True)
class Frame:
    """One cluster, and the frames that it is in."""

    name: str
    attributes: Attributes
    frames: tuple[str, ...] = ()

    @property
    def box(self) -> Box:
        return box(self.attributes["bb"])


@dataclass(frozen=True)
class Page:
    """Everything that one DOT text draws."""

    attributes: Attributes
    shapes: Mapping[str, Shape]
    lines: tuple[Line, ...]
    frames: Mapping[str, Frame]

    @property
    def box(self) -> Box:
        return box(self.attributes["bb"])

    @property
    def width(self) -> float:
        """In points, with the space around it."""
        left, _, right, _ = self.box
        return right - left + 2 * 72 * float(self.attributes.get("pad", 0.0555))

    @property
    def drawn(self) -> list[Shape]:
        """The shapes that stand for something in the graph: not the legend's, no brackets."""
        return [shape for shape in self.shapes.values() if shape.kind and not shape.in_legend]

    @cached_property
    def shown(self) -> set[int]:
        """The graph nodes of shapes that stand for no elided steps."""
        return {node for shape in self.drawn if shape.kind != "elided" for node in shape.nodes}

    @property
    def framed(self) -> list[Frame]:
        """The frames that can be seen, or at least have a place."""
        return [frame for frame in self.frames.values() if "bb" in frame.attributes]

    @property
    def uses(self) -> list[Line]:
        """The lines that stand for uses of values: not gradients, cuts, brackets, or the legend's."""
        return [line for line in self.lines if line.kind not in ("backward", "cut", "") and not line.in_legend]

    @property
    def backward(self) -> list[Line]:
        """The gradients on their way back."""
        return [line for line in self.lines if line.kind == "backward" and not line.in_legend]

    @property
    def cuts(self) -> list[Line]:
        return [line for line in self.lines if line.kind == "cut" and not line.in_legend]


@dataclass
class Block:
    """What holds between two braces while a text is read."""

    name: str = ""
    graph: dict[str, str] = field(default_factory=dict)
    node: dict[str, str] = field(default_factory=dict)
    edge: dict[str, str] = field(default_factory=dict)


def read(dot: str) -> Page:
    """
    >>> page = read('''digraph g {
    ...   graph [bb="0,0,90,40"];
    ...   node [fontsize="12"];
    ...   "a" [pos="20,20", label="a &lt; b\\\\nc", class="node-input", nodes="0 1"];
    ...   "b" [pos="70,20"];
    ...   "a" -> "b" [class="edge-data", uses="2.0", pos="e,60,20 30,20 35,20 40,20 50,20"];
    ... }''')
    >>> page.shapes["a"].label, page.shapes["a"].kind, page.shapes["a"].nodes, page.lines[0].uses
    ('a < b\\nc', 'input', (0, 1), ((2, 0),))

    Raises:
        ValueError: a line is none of the statements that are written, or a name stands twice.
    """
    shapes: dict[str, Shape] = {}
    lines: list[Line] = []
    frames: dict[str, Frame] = {}
    head, *rest = dot.strip("\n").split("\n")  # other signs that end a line may stand in a name
    if not re.fullmatch(r"(strict )?digraph .*\{", head):
        raise ValueError(f"the text does not begin as a graph: {head[:60]!r}")
    blocks = [Block()]
    ended: Block | None = None
    for raw in rest:
        text = raw.strip()
        inside = tuple(block.name for block in blocks[1:])
        if not text:
            continue
        if found := FRAME.fullmatch(text):
            outer = blocks[-1]
            blocks.append(Block(named(found[1]), {}, dict(outer.node), dict(outer.edge)))
        elif text == "}":
            ended = blocks.pop()
            if blocks:
                frames[ended.name] = Frame(ended.name, ended.graph, inside[:-1])
        elif found := DEFAULTS.fullmatch(text):
            getattr(blocks[-1], found[1]).update(attributes(found[2]))
        elif found := EDGE.fullmatch(text):
            own = blocks[-1].edge | attributes(found[3])
            lines.append(Line(named(found[1]), named(found[2]), own))
        elif found := NODE.fullmatch(text):
            id = named(found[1])
            if id in shapes:
                raise ValueError(f"two shapes are called {id!r}")
            shapes[id] = Shape(id, blocks[-1].node | attributes(found[2]), inside)
        else:
            raise ValueError(f"not a statement that is known: {text[:80]!r}")
    if blocks or ended is None:
        raise ValueError("the text ends before its last brace")
    astray = {end for line in lines for end in (line.source, line.target)} - set(shapes)
    if astray:
        raise ValueError(f"lines end at what is not drawn: {sorted(astray)[:5]}")
    return Page(ended.graph, shapes, tuple(lines), frames)


def attributes(text: str) -> dict[str, str]:
    return {name: unquoted(value) for name, value in ATTRIBUTE.findall(text)}


def named(text: str) -> str:
    """A name, with quotes or without."""
    return unquoted(text[1:-1]) if text.startswith('"') else text


def unquoted(text: str) -> str:
    """What a DOT string means."""
    if "\\" not in text and "&" not in text:
        return text
    text = re.sub(r"\\(.)", lambda found: ESCAPES.get(found[1], found[0]), text)
    for entity, sign in ENTITIES.items():
        text = text.replace(entity, sign)
    return text


def point(text: str) -> Point:
    x, y = map(float, text.rstrip("!").split(","))
    return x, y


def box(text: str) -> Box:
    left, bottom, right, top = map(float, text.split(","))
    return left, bottom, right, top


def use(text: str) -> Use:
    consumer, _, position = text.partition(".")
    return int(consumer), int(position)
