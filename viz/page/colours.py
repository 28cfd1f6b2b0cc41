"""The colours of a page as CSS: each theme is a set of variables, and a rule for each kind of shape and line uses them.

:root { --hidden-fill: #D5F0E6; … }        .node-hidden polygon { fill: var(--hidden-fill) }

So one painted picture serves every theme, and a gradient's power of ten is a class: heat_3, heat_m2, heat_zero.
"""

from __future__ import annotations

from collections.abc import Mapping

from viz.paint.dot import node_class
from viz.paint.heat import EXPLODING, HEAT, LEAST, heat, text_on
from viz.paint.theme import DARK, LIGHT, Theme

__all__ = ["style"]

SHAPE = ":is(path, polygon, ellipse, polyline)"
CLASSES = {"box": ".node-box, .cluster.cell", "chunk": ".chunk"}  # a frame, and a line under steps, have their own
# of each power of ten its class, and a norm that has it
POWERS = {f"heat_{str(LEAST + k).replace('-', 'm')}": 10.0 ** (LEAST + k) * 2 for k in range(len(HEAT + EXPLODING))}
ODD: Mapping[str, float | None] = {"heat_none": None, "heat_zero": 0.0, "heat_nan": float("nan")}


def style(own: Theme | None = None) -> str:
    """Variables for the light and the dark theme, and for one of one's own, and the rules that use them."""
    parts = [
        _block(":root", _variables(LIGHT)),
        _block(':root[data-theme="dark"]', _variables(DARK)),
        "@media (prefers-color-scheme: dark) {",
        _block(':root[data-theme="auto"]', _variables(DARK)),
        "}",
    ]
    if own is not None:
        parts.append(_block(':root[data-theme="own"]', _variables(own)))
    return "\n".join([*parts, *_rules()])


def _block(selector: str, values: Mapping[str, str]) -> str:
    return f"{selector} {{ {' '.join(f'{name}: {value};' for name, value in values.items())} }}"


def _variables(theme: Theme) -> dict[str, str]:
    found = {"color-scheme": "dark" if theme.is_dark else "light", "--page": theme.page, "--ink": theme.ink,
             "--quiet": theme.quiet}  # fmt: skip
    for kind, look in theme.looks.items():
        found |= {f"--{kind}-fill": look.fill, f"--{kind}-stroke": look.stroke}
    found |= {f"--line-{kind}": line.stroke for kind, line in theme.lines.items()}
    for name, norm in {**POWERS, **ODD}.items():
        fill = heat(norm, theme.is_dark)[0] if norm else theme.page
        found |= {f"--{name}": fill, f"--{name}-ink": text_on(fill)}
    return found


def _rules() -> list[str]:
    """Only what is painted with a fill gets one: the outer of two borders, and an open arrow head, have none."""
    found = [".picture text { fill: var(--ink); }"]
    for kind in LIGHT.looks:
        which = f":where({CLASSES.get(kind) or f'.{node_class(kind)}'}, .legend-shape.sample-{kind})"
        found += [
            f".picture {which} {SHAPE}:not([fill=none]) {{ fill: var(--{kind}-fill); }}",
            f".picture {which} {SHAPE}:not([stroke=none]) {{ stroke: var(--{kind}-stroke); }}",
        ]
    for kind in LIGHT.lines:
        which = f":where(.edge-{kind}, .legend-line.sample-{kind})"
        found += [
            f".picture {which} :is(path, polygon, polyline) {{ stroke: var(--line-{kind}); }}",
            f".picture {which} polygon:not([fill=none]) {{ fill: var(--line-{kind}); }}",
        ]
    for name in [*POWERS, *ODD]:
        found += [
            f".picture .{name} {SHAPE}:not([fill=none]) {{ fill: var(--{name}); }}",
            f".picture .{name} text {{ fill: var(--{name}-ink); }}",
            f".patch.{name} {{ background: var(--{name}); color: var(--{name}-ink); }}",
        ]
    return found
