"""What a page says that its graph does not, and what it leaves out.

nodes      every node of the graph stands in one shape                    (elided steps apart)
uses       every use between two shapes is named by one line between them, none within a shape
gradient   a line back for every use through which a gradient came that is not zero, against it, and no other
cut        a cut leads from a state to what detach() made of it, and no gradient runs along it
count      ×T at a parameter is how often it is used, and its border is double where that is more than once
zero       "= 0" stands at the first states that are exactly zero, and at no other
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from tests.viz.geometry import Offence
from tests.viz.reading import Line, Page, Shape, Use
from tinygrad_rnn import Graph


def lies(page: Page, graph: Graph, view: str, *, gradients: bool = False) -> list[Offence]:
    """All that is not true.

    Args:
        graph: of the same tensors, taken with values=True and gradients=True.
    """
    found = [*nodes(page, graph, view)]
    if any(offence.where.startswith("there is no node") for offence in found):
        return found  # what it would say about uses would mean nothing
    found += uses(page, graph, view)
    found += gradient(page, graph, view) if gradients else unasked(page)
    return [*found, *cut(page, graph), *count(page, graph), *zero(page, graph)]


def elided(page: Page) -> bool:
    """Whether some steps of the graph are not drawn."""
    return any(shape.kind == "elided" for shape in page.drawn)


def groups(page: Page) -> dict[int, str]:
    """The shape that each node of the graph stands in; those of elided steps stand in none."""
    return {node: shape.id for shape in page.drawn for node in shape.nodes if shape.kind != "elided"}


def nodes(page: Page, graph: Graph, view: str) -> Iterator[Offence]:
    seen = Counter(node for shape in page.drawn for node in shape.nodes)
    for node, times in sorted(seen.items()):
        if not 0 <= node < len(graph.nodes):
            yield Offence("nodes", f"there is no node {node} in the graph")
        elif times > 1:
            yield Offence("nodes", f"{told(graph, node)} stands in {times} shapes")
    if not elided(page):
        for node in graph.nodes:
            if node.id not in seen:
                yield Offence("nodes", f"{told(graph, node.id)} stands in no shape")
        for shape in page.drawn:
            if not shape.nodes:
                yield Offence("nodes", f"{shape.id} stands for nothing")
    if view == "op" and any(node.step is not None for node in graph.nodes):
        for shape in page.drawn:
            if len(shape.nodes) > 1 and shape.kind != "elided":
                yield Offence("nodes", f"{shape.id} stands for {len(shape.nodes)} nodes in the view of all ops")


def told(graph: Graph, id: int) -> str:
    node = graph.nodes[id]
    parts = [f"node {id}", node.op or "leaf", node.name or "", "/".join(node.scope)]
    return " ".join(part for part in [*parts, "" if node.step is None else f"step {node.step}"] if part)


def sources(graph: Graph) -> dict[Use, int]:
    """The value of each use."""
    return {(node.id, position): source for node in graph.nodes for source, position in node.inputs}


def uses(page: Page, graph: Graph, view: str) -> Iterator[Offence]:
    of, at = sources(graph), groups(page)
    named = Counter(use for line in page.uses for use in line.uses)
    between = {use for use, source in of.items()
               if {source, use[0]} <= at.keys() and at[source] != at[use[0]]}  # fmt: skip
    for line in page.uses:
        if not line.uses and not is_elided(page, line):
            yield Offence("uses", f"{line.name} names no use")
        if view == "op" and len(line.uses) > 1 and not is_elided(page, line):
            yield Offence("uses", f"{line.name} names {len(line.uses)} uses in the view of all ops")
        yield from astray(page, line, of, "uses", line.source, line.target, view == "rolled")
    for use in sorted(between - named.keys()):
        yield Offence("uses", f"no line for {at[of[use]]} → {at[use[0]]}, use {use[0]}.{use[1]}")
    for use, times in sorted(named.items()):
        if times > 1:
            yield Offence("uses", f"{times} lines name the use {use[0]}.{use[1]}")


def is_elided(page: Page, line: Line) -> bool:
    return "elided" in (page.shapes[line.source].kind, page.shapes[line.target].kind)


def astray(
    page: Page, line: Line, of: dict[Use, int], what: str, source: str, target: str, loops: bool
) -> Iterator[Offence]:
    """Uses that a line names and that are not between its shapes: of a value in `source`, by an op in `target`.

    Where all steps are drawn as one, a state may loop back into the shape that it comes from.
    """
    value, user = page.shapes[source], page.shapes[target]
    for use in line.uses:
        if use not in of:
            yield Offence(what, f"{line.name} names {use[0]}.{use[1]}, which is no use in the graph")
        elif not (holds(page, value, of[use]) and holds(page, user, use[0])):
            yield Offence(what, f"{line.name} names {use[0]}.{use[1]}, a use of {of[use]}, which is not between them")
        elif value.id == user.id and not loops:
            yield Offence(what, f"{line.name} names {use[0]}.{use[1]}, which lies within a shape")


def holds(page: Page, shape: Shape, node: int) -> bool:
    """Whether a node stands in a shape; what stands for elided steps holds whatever is not shown."""
    return node not in page.shown if shape.kind == "elided" else node in shape.nodes


def arrived(graph: Graph) -> set[Use]:
    """The uses through which a gradient came back that is not zero."""
    return {
        (node.id, position)
        for node in graph.nodes
        for (_, position), norm in zip(node.inputs, node.cotangents, strict=False)
        if norm is not None and norm != 0
    }


def gradient(page: Page, graph: Graph, view: str) -> Iterator[Offence]:
    of, at, came = sources(graph), groups(page), arrived(graph)
    named = Counter(use for line in page.backward for use in line.uses)
    between = {use for use in came
               if {of[use], use[0]} <= at.keys() and at[of[use]] != at[use[0]]}  # fmt: skip
    ahead = {(line.source, line.target) for line in page.uses}
    for line in page.backward:
        if not line.uses and not is_elided(page, line):
            yield Offence("gradient", f"{line.name} names no use")
        if (line.target, line.source) not in ahead:
            yield Offence("gradient", f"{line.name} runs against no use")
        yield from astray(page, line, of, "gradient", line.target, line.source, view == "rolled")
        for use in line.uses:
            if use in of and use not in came:
                yield Offence("gradient", f"{line.name} names {use[0]}.{use[1]}, through which none came")
    for use in sorted(between - named.keys()):
        yield Offence("gradient", f"none drawn {at[use[0]]} → {at[of[use]]}, use {use[0]}.{use[1]}")
    for use, times in sorted(named.items()):
        if times > 1:
            yield Offence("gradient", f"{times} lines back name the use {use[0]}.{use[1]}")


def unasked(page: Page) -> Iterator[Offence]:
    for line in page.backward:
        yield Offence("gradient", f"{line.name}, which was not asked for")


def cut(page: Page, graph: Graph) -> Iterator[Offence]:
    joined = {frozenset((line.source, line.target)) for line in page.cuts}
    for line in page.cuts:
        before, after = page.shapes[line.source], page.shapes[line.target]
        places = {(graph.nodes[n].passage, graph.nodes[n].step) for n in before.nodes}
        made = [graph.nodes[n].cut for n in after.nodes if graph.nodes[n].cut is not None]
        if not any((c.passage, c.step) in places for c in made) and not is_elided(page, line):
            yield Offence("cut", f"{line.name} leads to nothing that was detached from there")
        if line.uses:
            yield Offence("cut", f"{line.name} names uses")
    for line in page.backward:
        if frozenset((line.source, line.target)) in joined and not line.uses:
            yield Offence("cut", f"{line.name} runs across a cut")


def count(page: Page, graph: Graph) -> Iterator[Offence]:
    for shape in page.drawn:
        if not shape.kind.startswith("param"):
            continue
        times = sum(len(graph.uses(node)) for node in shape.nodes)
        said = [int(number.replace(",", "")) for number in re.findall(r"×(\d[\d,]*)", shape.label)]
        if said != ([times] if times > 1 else []):
            yield Offence("count", f"{shape.id} says {shape.label!r}, and is used {times} times")
        if (shape.attributes.get("peripheries") == "2") != (times > 1):
            yield Offence("count", f"{shape.id} is used {times} times, and its border tells another story")


def zero(page: Page, graph: Graph) -> Iterator[Offence]:
    for shape in page.drawn:
        says = bool(re.search(r"= 0(?![.\d])|\ball 0\b", shape.label))
        if shape.kind != "initial":
            continue
        is_zero = all(node.value is not None and node.value.zero for node in first_states(shape.nodes, graph))
        if says != is_zero:
            yield Offence("zero", f"{shape.id} says {shape.label!r}, and {'all is' if is_zero else 'not all is'} zero")


def first_states(ids: Iterable[int], graph: Graph) -> list:
    """The nodes among them that are labelled so; the newest where none is."""
    found = [graph.nodes[id] for id in ids]
    return [node for node in found if node.role == "initial_state"] or found[:1]
