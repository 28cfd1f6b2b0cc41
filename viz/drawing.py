"""draw(x): from a loss, or a recorded graph, to a picture that can be shown and saved."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from inspect import cleandoc
from pathlib import Path
from typing import Any

from tinygrad_rnn.engine.snapshot import Graph
from tinygrad_rnn.errors import DTypeError, OptionError, check_flags, check_option
from viz.layout.captions import captions
from viz.layout.place import layout
from viz.paint import render
from viz.paint.dot import size, source
from viz.paint.theme import THEMES
from viz.scene import text
from viz.scene.elide import elide, kept_steps
from viz.scene.legend import legend as entries
from viz.scene.model import gradient_norm
from viz.views import VIEWS, picture

__all__ = ["Drawing", "draw"]


@dataclass(frozen=True, repr=False)
class Drawing:
    """A finished picture.

    Attributes:
        dot: its text for Graphviz, positions included.
        title, description: the picture in words.
        size: width and height in points; Graphviz adds or trims a few where it paints.
        shapes, arrows: how many there are of each.
    """

    dot: str
    title: str
    description: str
    size: tuple[int, int]
    shapes: int
    arrows: int

    def __repr__(self) -> str:
        width, height = self.size
        parts = text.count(self.shapes, "shape"), text.count(self.arrows, "arrow")
        return f"<Drawing {self.title!r}, {width} × {height} pt, {', '.join(parts)}>"

    def svg(self) -> str:
        """For a web page: it can be scaled and searched, and tells a screen reader what it shows.

        Raises:
            RenderError: there is no Graphviz on this machine.
        """
        return render.svg(self.dot, self.title, self.description)

    def png(self) -> bytes:
        """For places that take only pixels.

        Raises:
            RenderError: there is no Graphviz, or no font, on this machine.
        """
        return render.png(self.dot)

    def save(self, path: str | Path) -> Path:
        """Write the picture in the format that the suffix names: .svg, .png or .dot.

        Raises:
            OptionError: another suffix. RenderError: as for `svg` and `png`.
        """
        path = Path(path)
        if path.suffix not in FORMATS:
            expected = f"a name that ends in {' or '.join(FORMATS)}"
            raise OptionError(f"Drawing.save: cannot write {path.name!r}", expected=expected)
        path.write_bytes(FORMATS[path.suffix](self))
        return path

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        """What a notebook shows: the picture, or why there is none with its description."""
        said = f"{self.title}\n{self.description}"
        try:
            return {"image/svg+xml": self.svg(), "text/plain": said}
        except Exception as error:  # whatever is missing, the notebook goes on
            return {"text/plain": f"{said}\n(not drawn: {error})"}


FORMATS: dict[str, Callable[[Drawing], bytes]] = {
    ".svg": lambda drawing: drawing.svg().encode(),
    ".png": Drawing.png,
    ".dot": lambda drawing: drawing.dot.encode(),
}


def draw(
    x: Any,
    *,
    view: str = "cell",
    gradients: bool = False,
    values: bool = False,
    steps: tuple[int, int] | range | None = None,
    legend: bool = True,
    fold: str | Iterable[str] = (),
    theme: str = "light",
    title: str | None = None,
) -> Drawing:
    """The unrolled graph behind `x`: time from left to right, one column per step, every weight once.

    Args:
        x: a Tensor, or the Graph that `tg.graph` or `Tensor.graph` made of one.
        view: the name of one of the views listed below. A graph without recurrent layers is always drawn op by op.
        gradients: fill states and weights by the norm of the gradient of `x`, and show it on its way back. A Graph
            must have been made with gradients: `x.graph(gradients=True)`.
        steps: the first and the last step to draw, or a range; the others become `⋯ 47 steps ⋯`. By default all steps
            are drawn if there are at most twelve, and else the first three and the last two.
        theme: "light" or "dark".
        title: stands above the picture; by default it says what the net is and what all its steps share.
    Raises:
        OptionError: an unknown view or theme; steps that are not a range, or that the graph does not have; gradients of
            a Graph that was made without. DTypeError: `x` is neither a Tensor nor a Graph.

    >>> import tinygrad_rnn as tg
    >>> a = tg.tensor(3.0, requires_grad=True, name="a")
    >>> draw(a * a).title
    '2 values, 2 uses'
    """
    check_option("viz.draw", "theme", theme, THEMES)
    if not isinstance(title, str | None):
        raise OptionError(f"viz.draw: title={title!r:.60} is not text", expected="a str, or None for the usual title")
    check_flags("viz.draw", gradients=gradients, values=values, legend=legend)
    whole = picture(_graph(x, gradients=gradients, values=values), view, gradients=gradients, values=values, fold=fold)
    shown = whole if whole.rolled else elide(whole, kept_steps(whole.steps, steps))
    plan = layout(shown)
    heading = text.title(whole) if title is None else title
    below = captions(plan, entries(shown) if legend else [])
    dot = source(plan, below, THEMES[theme], heading)
    return Drawing(dot, heading, text.description(shown), size(plan, below), len(shown.items), len(shown.edges))


if draw.__doc__:  # python -OO leaves none
    draw.__doc__ = cleandoc(draw.__doc__) + "\n\nViews:\n" + "\n".join(f"    {view}" for view in VIEWS.values())


def _graph(x: Any, *, gradients: bool, values: bool) -> Graph:
    """The recorded graph of what `draw` was given; a Tensor makes one of itself."""
    if not isinstance(x, Graph):
        if not callable(getattr(x, "graph", None)):
            raise DTypeError(
                f"viz.draw: cannot draw a value of type {type(x).__name__}",
                expected="a Tensor, or the Graph that tg.graph(*tensors) makes",
                got=f"{x!r:.60}",
            )
        graph: Graph = x.graph(gradients=gradients, values=values)
        return graph
    if gradients and all(gradient_norm(node) is None for node in x.nodes):
        raise OptionError(
            "viz.draw: gradients=True, but this Graph has none",
            expected="a Graph that was made with gradients",
            help="draw the Tensor itself, or make the Graph with x.graph(gradients=True)",
        )
    return x
