"""What things are called in a picture: labels, ids, tooltips.

weight_hh_l0 (16, 16), three uses → W_hh (16, 16) ×3        hidden state h of step 2 → h₂
"""

from __future__ import annotations

import math
import re

from tinygrad_rnn.engine.snapshot import GraphNode
from viz.scene.model import gradient_norm

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


def slug(text: str) -> str:
    """Letters and digits only: part of an id that HTML, CSS and DOT all take.

    >>> slug("W_hh<&>"), slug("ŷ")
    ('W_hh', 'x')
    """
    return re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_") or "x"


def tooltip(node: GraphNode, uses: int, *, gradients: bool) -> str:
    """All that is known of one node, for the pointer that rests on it."""
    parts = [f"{node.name} ({node.role})" if node.role else node.name or "", f"op {node.op}" if node.op else "leaf"]
    parts += [f"scope {'/'.join(node.scope)}" if node.scope else "", "" if node.step is None else f"step {node.step}"]
    parts += [f"shape {node.shape}", node.dtype, f"{uses} uses" if uses > 1 else ""]
    return " · ".join(part for part in [*parts, norm(gradient_norm(node)) if gradients else ""] if part)
