"""The picture in words: what each thing is called, the title of it all, and a description for who does not see it.

weight_hh_l0 (16, 16), three uses → W_hh (16, 16) ×3        hidden state h of step 2 → h₂
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence

from tinygrad_rnn.engine.snapshot import GraphNode
from viz.scene.model import Item, Picture, gradient_norm

_LAYER = re.compile(r" l\d+(_reverse)?$")
_SUBSCRIPT = str.maketrans("0123456789-", "₀₁₂₃₄₅₆₇₈₉₋")


def subscript(name: str, step: int | None) -> str:
    """
    >>> subscript("h", 12), subscript("L", None), subscript("h carried", 0)
    ('h₁₂', 'L', 'h₀ carried')
    """
    head, space, rest = name.partition(" ")
    return head + ("" if step is None else str(step).translate(_SUBSCRIPT)) + space + rest


def weight(name: str, *, layered: bool) -> str:
    """A parameter's letter; the layer's number goes where there is only one.

    >>> weight("weight_hh_l0", layered=False), weight("bias_ih_l1", layered=True), weight("bias", layered=False)
    ('W_hh', 'b_ih_l1', 'b')
    """
    short = re.sub(r"^weight(?=_|$)", "W", re.sub(r"^bias(?=_|$)", "b", name))
    return short if layered else re.sub(r"_l0$", "", short)


def shape(size: tuple[int, ...]) -> str:
    """
    >>> shape((16, 4)), shape((16,)), shape(())
    (' (16, 4)', ' (16,)', '')
    """
    return f" {size}" if size else ""


def norm(gradient: float | None) -> str:
    """A gradient's norm in a label: not computed, zero and not finite each have their own word.

    >>> norm(0.00123), norm(None), norm(0.0), norm(float("nan"))
    ('∇ 1.2e-3', '∇ –', '∇ 0', '∇ NaN')
    """
    if gradient is None:
        return "∇ –"
    if not math.isfinite(gradient):
        return "∇ NaN" if math.isnan(gradient) else "∇ ∞"
    return "∇ 0" if gradient == 0 else "∇ " + re.sub(r"e([+-])0*(\d)", _exponent, f"{gradient:.1e}")


def _exponent(found: re.Match[str]) -> str:
    return f"e{'-' if found[1] == '-' else ''}{found[2]}"


def short(label: str, most: int = 48) -> str:
    """Each line of a label with its middle left out where it is too long: names differ at their ends.

    >>> short("W_hh (4, 4)"), short("w" * 40 + "x" * 40, 20)
    ('W_hh (4, 4)', 'wwwwwwwwwww…xxxxxxxx')
    """
    lines = label.split("\n")
    return "\n".join(
        line if len(line) <= most else f"{line[: most * 3 // 5 - 1]}…{line[-(most * 2 // 5) :]}" for line in lines
    )


def values(nodes: Sequence[GraphNode], *, brief: bool = False) -> str:
    """One value, or that of several steps, in a label: the number, or from the least to the largest; zeros are said.

    Args:
        brief: of many numbers the norm.
    """
    there = [node.value for node in nodes if node.value is not None]
    if len(there) == 1 and there[0].numbers is not None and len(there[0].numbers) == 1:
        return f"{there[0].numbers[0]:.3g}"
    if there and all(each.zero for each in there):
        return "all 0"
    if brief and there:
        sizes = sorted({f"|{each.norm:.2g}|": each.norm for each in there}.items(), key=lambda size: size[1])
        return " … ".join(dict.fromkeys((sizes[0][0], sizes[-1][0])))
    ends = [end for each in there for end in (each.min, each.max) if end is not None]
    if any(map(math.isnan, ends)):
        return "NaN"
    return f"{min(ends):.2g} … {max(ends):.2g}" if ends else ""


def norms(gradients: Sequence[float | None]) -> str:
    """The norms of several steps in a label, from the least to the largest.

    >>> norms([1e-3, None, 0.5]), norms([2.0, 2.0])
    ('∇ 1.0e-3 … 5.0e-1', '∇ 2.0e0')
    >>> norms([1.0, math.nan]), norms([None])
    ('∇ NaN', '∇ –')
    """
    known = [each for each in gradients if each is not None]
    if not known or any(map(math.isnan, known)):
        return norm(math.nan if known else None)
    least, most = norm(min(known)), norm(max(known))
    return least if least == most else f"{least} … {most.removeprefix('∇ ')}"


def unstepped(label: str) -> str:
    """
    >>> unstepped("h₁₂"), unstepped("ŷ"), unstepped("h₀ = 0")
    ('hₜ', 'ŷ', 'h₀ = 0')
    """
    return re.sub(r"^([^\s₀-₉]+)[₀-₉]+$", r"\1ₜ", label)


def slug(text: str) -> str:
    """Letters and digits only: part of an id that HTML, CSS and DOT all take.

    >>> slug("W_hh<&>"), slug("ŷ"), len(slug("long" * 20))
    ('W_hh', 'x', 40)
    """
    return re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_")[:40] or "x"


def tooltip(node: GraphNode, uses: int, *, gradients: bool) -> str:
    """All that is known of one node, for the pointer that rests on it."""
    parts = [f"{node.name} ({node.role})" if node.role else node.name or "", f"op {node.op}" if node.op else "leaf"]
    parts += [f"scope {'/'.join(node.scope)}" if node.scope else "", "" if node.step is None else f"step {node.step}"]
    parts += [f"shape {node.shape}", node.dtype, f"{uses} uses" if uses > 1 else ""]
    return " · ".join(part for part in [*parts, norm(gradient_norm(node)) if gradients else ""] if part)


def title(picture: Picture) -> str:
    """What a reader should notice first: `LSTM, 3 steps: the same 4 weights at every step`."""
    names = [lane.name for lane in picture.lanes]
    if not names:
        values, uses = sum(len(item.nodes) for item in picture.items), sum(node_uses(picture))
        return f"{values:,} value{'s' * (values != 1)}, {uses:,} use{'s' * (uses != 1)}"
    nets = " over ".join(dict.fromkeys(name.split()[0] for name in names[::-1]))
    parts = list(dict.fromkeys(_LAYER.sub("", name) for name in names))
    if len(parts) > 1 and any(" " in part for part in parts):
        same = ": in each the same weights at every step" if all(picture.same) else ""
        return f"{_listed(parts)}, {count(picture.length, 'step')}{same}"
    ahead = [name for name in dict.fromkeys(names) if not name.endswith("_reverse")]
    many = f", {len(ahead)} layers" if len(ahead) > 1 else ""
    runs = max(map(names.count, names))
    many += f", {runs} runs" if runs > 1 else ""
    both = ", both directions" if any(name.endswith("_reverse") for name in names) else ""
    every = sum(picture.same)
    same = f": the same {f'{every} weights' if every > 1 else 'weight'} at every step" if every else ""
    return f"{nets}{many}{both}, {count(picture.length, 'step')}{same}"


def node_uses(picture: Picture) -> list[int]:
    """How many arguments each graph node of the picture has."""
    return [len(node.inputs) for item in picture.items for node in item.nodes]


def shared(picture: Picture) -> list[Item]:
    """The parameters that are used more than once."""
    return [item for item in picture.items if item.kind == "parameter" and item.uses > 1]


def description(picture: Picture) -> str:
    """Every part in reading order: steps, states, shared weights, what was left out, gradients."""
    said = [f"{count(len(picture.items), 'shape')}, {count(len(picture.edges), 'arrow')}."]
    if picture.steps:
        said.append(f"Time runs from left to right; the picture shows the steps {_listed(map(str, picture.steps))}.")
    said += [f"Left out in between: {item.label}." for item in _first_folds(picture)]
    states = [item for item in picture.items if item.is_carried]
    if states:
        said.append(f"States: {_listed(_plain(item) for item in states)}.")
    if shared(picture):
        said.append(f"Shared weights, one of each: {_listed(_plain(item) for item in shared(picture))}.")
    if picture.gradients:
        said.append(
            "Arrows that go back show the gradient, thicker where its norm ∇ is larger; colours show its power of ten."
        )
    return " ".join(said)


def _first_folds(picture: Picture) -> list[Item]:
    return list({item.column: item for item in picture.items if item.kind == "elided"}.values())


def _plain(item: Item) -> str:
    return item.label.replace("\n", " ")


def count(n: int, what: str) -> str:
    """
    >>> count(1, "step"), count(2, "step")
    ('1 step', '2 steps')
    """
    return f"{n} {what}" + ("" if n == 1 else "s")


def _listed(parts: Iterable[str]) -> str:
    return ", ".join(parts)
