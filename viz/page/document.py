"""The page as one text: HTML that holds its pictures, its facts, its script and its style, and asks nobody for more.

<meta CSP>  what the browser may run: this style and this script, known by their hashes, and nothing from anywhere
#app        where the script builds title, controls and panel
#pictures   as Graphviz painted them; without a script, the first one is what there is to see
<script>    facts as JSON
<script>    the script
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from tinygrad_rnn.errors import OptionError
from viz.page.colours import style
from viz.page.contents import Contents, Sight
from viz.paint.files import write
from viz.paint.heat import EXPLODING, HEAT, LEAST
from viz.paint.theme import Theme
from viz.scene.words import plain_text

__all__ = ["Page", "document"]

HEIGHT = 760  # pixels that a page takes in a notebook
SUFFIXES = (".html", ".htm")


@dataclass(frozen=True, repr=False)
class Page:
    """A page that can be walked through: the unrolled network, every frame of forward and backward.

    Attributes:
        title: stands above it.
    """

    title: str
    _html: str

    def __repr__(self) -> str:
        return f"<Page {self.title!r}, {len(self._html.encode()) / 1e6:.2f} MB>"

    def html(self) -> str:
        """The whole page: one file, which needs nothing else."""
        return self._html

    def save(self, path: str | Path) -> Path:
        """Write it; the file appears whole, or the old one stays.

        Raises:
            OptionError: another suffix than .html or .htm. WriteError: the file cannot be written.
        """
        path = Path(path)
        if path.suffix.lower() not in SUFFIXES:
            raise OptionError(f"Page.save: cannot write {path.name!r}", expected=f"a name ending in {SUFFIXES[0]}")
        write(path, self._html.encode())
        return path

    def _repr_html_(self) -> str:
        """In a notebook, the page in a frame of its own, which reaches nothing outside of itself."""
        return (
            f'<iframe title="{escape(self.title)}" sandbox="allow-scripts" loading="lazy" '
            f'style="width:100%;height:{HEIGHT}px;border:0" srcdoc="{escape(self._html)}"></iframe>'
        )


def document(
    nets: Sequence[Contents], *, title: str, view: str = "cell", theme: str = "auto", own: Theme | None = None
) -> Page:
    """The page of one network, or of several beside each other.

    Args:
        view: the one that is shown first.
        theme: "auto" follows the reader's system; "light", "dark", or "own" with a Theme.
    """
    title = plain_text(title, most=None)
    view = view if any(sight.view == view for net in nets for sight in net.sights) else nets[0].sights[0].view
    facts = {
        "title": title, "description": plain_text(nets[0].description, most=None), "view": view, "theme": theme,
        "own": own is not None, "nets": [net.facts | {"sights": [sight.facts for sight in net.sights]} for net in nets],
        "heat": {"least": LEAST, "most": LEAST + len(HEAT + EXPLODING) - 1},
    }  # fmt: skip
    css, script = style(own) + "\n" + _bundled("page.css"), _bundled("page.js")
    pictures = "\n".join(
        f'<div class="picture" data-net="{k}" data-sight="{j}" data-view="{sight.view}"{_hidden(sight, view)}>'
        f"{sight.svg}</div>"
        for k, net in enumerate(nets)
        for j, sight in enumerate(net.sights)
    )
    legends = "\n".join(
        f'<div class="legend" data-net="{k}" data-view="{name}" hidden>{svg}</div>'
        for k, net in enumerate(nets)
        for name, svg in net.legends.items()
    )
    return Page(
        title,
        f"""<!doctype html>
<html lang="en" data-theme="{theme}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_policy(css, script)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>{css}</style>
</head>
<body>
<div id="app"><h1>{escape(title)}</h1></div>
<div id="pictures">
{pictures}
{legends}
</div>
<script type="application/json" id="facts">{_json(facts)}</script>
<script>{script}</script>
</body>
</html>
""",
    )


def _hidden(sight: Sight, view: str) -> str:
    """Without a script, the view that the page begins with is what is there."""
    return "" if sight.view == view and sight.opened_at is None else " hidden"


def _bundled(name: str) -> str:
    return files("viz.page").joinpath("bundle", name).read_text(encoding="utf-8")


def _policy(css: str, script: str) -> str:
    """Nothing may be loaded, sent or embedded; these two texts alone may style and run."""
    return (
        f"default-src 'none'; style-src {_hash(css)}; script-src {_hash(script)}; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _json(facts: Any) -> str:
    r"""As a part of HTML: no text in it can end the element that it stands in.

    >>> print(_json("</script>\u2028"))
    "\u003c/script>\u2028"
    """
    return json.dumps(facts, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
