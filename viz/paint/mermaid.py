"""The picture as Mermaid text, which code hosts and note books draw: the same shapes and lines, laid out by Mermaid.

Source: https://mermaid.js.org/syntax/flowchart.html
"""

from __future__ import annotations

from viz.paint.theme import Theme
from viz.scene.model import Picture

_BRACKETS = {
    "parameter": "[{}]", "input": "([{}])", "target": "([{}])", "initial": "([{}])", "op": "(({}))", "gate": "[{}]",
    "affine": "[{}]", "hidden": "([{}])", "cell": "{{{{{}}}}}", "output": "[/{}/]", "loss": "[{}]", "total": "[[{}]]",
    "box": "({})", "part": "[[{}]]", "elided": "({})",
}  # fmt: skip
_LINES = {"cell": "==>", "recurrent": "==>", "backward": "-.->", "cut": "-. detach() .-x"}
_ENTITIES = {'"': "#quot;", "<": "#lt;", ">": "#gt;", "&": "#amp;", "`": "#96;", "\\": "#92;"}


def mermaid(picture: Picture, theme: Theme, title: str) -> str:
    """The text of a flowchart, without a fence around it."""
    lines = ["---", f"title: {_quoted(title)}", "---", "flowchart LR"]
    lines += [f"  {item.id}{_BRACKETS[item.kind].format(_quoted(item.label))}" for item in picture.items]
    lines += [f"  {edge.source} {_LINES.get(edge.kind, '-->')} {edge.target}" for edge in picture.edges]
    for kind in dict.fromkeys(item.kind for item in picture.items):
        look = theme.looks[kind]
        members = ",".join(item.id for item in picture.items if item.kind == kind)
        lines += [
            f"  classDef {kind} fill:{look.fill},stroke:{look.stroke},color:{theme.ink}",
            f"  class {members} {kind}",
        ]
    return "\n".join([*lines, ""])


def _quoted(text: str) -> str:
    for raw, written in {"#": "#35;", **_ENTITIES}.items():
        text = text.replace(raw, written)
    return '"' + " ".join(text.split("\r")).replace("\n", "<br/>") + '"'
