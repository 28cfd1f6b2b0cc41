"""draw(x): from a loss, or a recorded graph, to a picture that can be shown and saved."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinygrad_rnn.engine.snapshot import Graph
from viz.layout.grid import layout
from viz.paint import render
from viz.paint.dot import source
from viz.paint.theme import THEMES
from viz.scene import words
from viz.scene.elide import elide, kept_steps
from viz.views import picture

__all__ = ["Drawing", "draw"]


@dataclass(frozen=True)
class Drawing:
    """A finished picture.

    Attributes:
        dot: its text for Graphviz, positions included.
        title, description: the picture in words.
    """

    dot: str
    title: str
    description: str

    def svg(self) -> str:
        """For a page: scales, can be searched, and tells a screen reader what it shows."""
        return render.svg(self.dot, self.title, self.description)

    def png(self) -> bytes:
        """For where only pixels go."""
        return render.png(self.dot)

    def save(self, path: str | Path) -> Path:
        """Write the picture as the suffix says: .svg, .png or .dot.

        Raises:
            ValueError: another suffix.
        """
        path = Path(path)
        if path.suffix == ".png":
            path.write_bytes(self.png())
        elif path.suffix in (".svg", ".dot"):
            path.write_text(self.svg() if path.suffix == ".svg" else self.dot, encoding="utf-8")
        else:
            raise ValueError(f"Drawing.save: cannot write {path.name!r}: the suffix must be .svg, .png or .dot")
        return path

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        """What a notebook shows: the picture, or why there is none with its description."""
        text = f"{self.title}\n{self.description}"
        try:
            return {"image/svg+xml": self.svg(), "text/plain": text}
        except Exception as error:
            return {"text/plain": f"{text}\n(not drawn: {error})"}


def draw(
    x: Any,
    *,
    view: str = "cell",
    gradients: bool = False,
    steps: tuple[int, int] | range | None = None,
    theme: str = "light",
    title: str | None = None,
) -> Drawing:
    """The unrolled graph behind `x`: time from left to right, one column per step, every weight once.

    Args:
        x: a Tensor, or the Graph that `tg.graph` or `Tensor.graph` took.
        view: "cell", one box per layer and step; "op", every recorded op and every use of it, one to one.
        gradients: fill states and weights by the norm of the gradient of `x`, and show it going back. A Graph must
            have been taken with gradients.
        steps: the first and last step to draw, or a range; the others become `⋯ 47 steps ⋯`. By default up to twelve
            steps are drawn, and of a longer sequence the first three and the last two.
        theme: "light" or "dark".
        title: by default says what the net is and what all its steps share.
    Raises:
        ValueError: a view, theme or range of steps that there is not. TypeError: `x` is neither Tensor nor Graph.

    >>> import tinygrad_rnn as tg
    >>> a = tg.tensor(3.0, requires_grad=True, name="a")
    >>> draw(a * a).title
    '2 values, 2 uses'
    """
    if theme not in THEMES:
        raise ValueError(f"viz.draw: there is no theme {theme!r}; there are {', '.join(THEMES)}")
    if not isinstance(x, Graph) and not hasattr(x, "graph"):
        raise TypeError(f"viz.draw: cannot draw a {type(x).__name__}; a Tensor or tg.graph(*tensors) it takes")
    if isinstance(steps, int):
        raise ValueError(f"viz.draw: steps={steps}: say from which to which, as steps=({steps}, {steps})")
    graph = x if isinstance(x, Graph) else x.graph(gradients=gradients)
    whole = picture(graph, view, gradients=gradients)
    wanted = (steps[0], steps[-1]) if steps else None
    shown = elide(whole, kept_steps(whole.steps, wanted))
    heading = words.title(whole) if title is None else title
    return Drawing(source(layout(shown), THEMES[theme], heading), heading, words.description(shown))
