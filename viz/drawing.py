"""draw(x): from a loss, or a recorded graph, to a picture that can be shown and saved."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from inspect import cleandoc
from pathlib import Path
from typing import Any

from tinygrad_rnn.engine.snapshot import Graph
from tinygrad_rnn.errors import DTypeError, GraphError, OptionError, check_flags, check_number, check_option, check_path
from viz.fit import fitted
from viz.layout.captions import captions
from viz.layout.place import Layout
from viz.page.contents import contents
from viz.page.document import Page, document
from viz.paint import render
from viz.paint.data import data
from viz.paint.dot import heats, scale, size, source
from viz.paint.files import write
from viz.paint.mermaid import mermaid
from viz.paint.theme import THEMES, Theme
from viz.scene import text
from viz.scene.legend import legend as entries
from viz.views import VIEWS, picture

__all__ = ["Drawing", "draw"]


@dataclass(frozen=True, repr=False)
class Drawing:
    """A finished picture.

    Attributes:
        dot: its text for Graphviz, positions included.
        title, description: the picture in words.
        size: width and height in points; Graphviz adds or trims a few where it paints.
        shapes, arrows: how many there are of each, apart from the legend's.
    """

    dot: str
    title: str
    description: str
    size: tuple[int, int]
    shapes: int
    arrows: int
    _plan: Layout = field(compare=False)
    _theme: Theme = field(compare=False)
    _page: Callable[[], Page] = field(compare=False)

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

    def png(self, dpi: int = 144) -> bytes:
        """For places that take only pixels.

        Args:
            dpi: pixels per inch; 72 makes a point a pixel.
        Raises:
            OptionError: `dpi` is out of range. RenderError: there is no Graphviz, or no font, on this machine.
        """
        check_number("Drawing.png", "dpi", dpi, least=10, most=2400)
        return render.png(self.dot, dpi)

    def pdf(self) -> bytes:
        """For print. Raises RenderError as `png` does."""
        return render.pdf(self.dot)

    def mermaid(self) -> str:
        """Text that code hosts and notebooks draw by themselves: the same shapes and lines, not in the same places."""
        return mermaid(self._plan.picture, self._theme, self.title)

    def json(self) -> str:
        """The picture as data: shapes and arrows with their places, and which nodes and uses they stand for."""
        return data(self._plan, self.title, self.description)

    def page(self) -> Page:
        """The same graph as a page that can be walked through: every view, every frame of forward and backward.

        In a notebook the page itself is shown, where the Drawing shows its picture. It is made from the values that
        the Tensor has now, so make it before `backward()`; until it goes, a Drawing keeps what it was drawn from.

        Raises:
            GraphError: `backward()` has released the values. RenderError: there is no Graphviz on this machine.
        """
        return self._page()

    def html(self) -> str:
        """The page as one file of HTML, which needs nothing else. Raises what `page` raises."""
        return self.page().html()

    def save(self, path: str | Path) -> Path:
        """Write the picture in the format that the suffix names; the file appears whole, or the old one stays.

        Raises:
            OptionError: another suffix than .svg, .png, .pdf, .html, .dot, .json, .mmd (Mermaid). RenderError: as for
            `svg` and `png`, or the file cannot be written. GraphError: as for `page`.
        """
        check_path("Drawing.save", path)
        path = Path(path)
        suffix = path.suffix.lower()
        if suffix not in FORMATS:
            expected = f"a name that ends in {' or '.join(FORMATS)}"
            raise OptionError(f"Drawing.save: cannot write {path.name!r}", expected=expected)
        write(path, FORMATS[suffix](self))
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
    ".pdf": Drawing.pdf,
    ".html": lambda drawing: drawing.html().encode(),
    ".dot": lambda drawing: drawing.dot.encode(),
    ".json": lambda drawing: drawing.json().encode(),
    ".mmd": lambda drawing: drawing.mermaid().encode(),
}


def draw(
    x: Any,
    *,
    view: str = "cell",
    gradients: bool = False,
    values: bool = False,
    steps: tuple[int, int] | range | None = None,
    fold: str | Iterable[str] = (),
    legend: bool = True,
    theme: str | Theme = "light",
    title: str | None = None,
    width: float | None = None,
) -> Drawing:
    """The unrolled graph behind `x`: time from left to right, one column per step, every weight once.

    Args:
        x: a Tensor, or the Graph that `tg.graph` or `Tensor.graph` made of one.
        view: the name of one of the views listed below. A graph without recurrent layers is always drawn op by op.
        gradients: fill states and weights by the norm of the gradient of `x`, and show it on its way back along each
            use. A Graph must have been made with gradients: `x.graph(gradients=True)`.
        values: write on each shape its value: the number where there is one, else from the least to the largest.
        steps: the first and the last step to draw, counted from the left, or a range; the others become
            `⋯ 47 steps ⋯`. By default all are drawn if there are at most twelve and the picture is not too wide, and
            else the first three and the last two.
        fold: parts of the model that are closed to one box each: "encoder", or paths such as "model/head".
        legend: explain under the picture what its shapes, lines and colours mean.
        theme: "light", "dark", or a `viz.Theme` of one's own.
        title: stands above the picture; by default it says what the net is and what all its steps share.
        width: in points: a wider picture is made smaller, its text too.
    Raises:
        OptionError: an unknown view, theme or part; steps that are not a range, or that the graph does not have;
            gradients of a Graph that was made without. GraphError: gradients, or values, that backward() has released.
            DTypeError: `x` is neither a Tensor nor a Graph.

    >>> import tinygrad_rnn as tg
    >>> a = tg.tensor(3.0, requires_grad=True, name="a")
    >>> draw(a * a).title
    '2 values, 2 uses'
    """
    colours = _theme(theme)
    if not isinstance(title, str | None):
        raise OptionError(f"viz.draw: title={title!r:.60} is not text", expected="a str, or None for the usual title")
    if width is not None:
        check_number("viz.draw", "width", width, least=50)
    check_flags("viz.draw", gradients=gradients, values=values, legend=legend)
    graph = _graph(x, gradients=gradients, values=values)
    whole = picture(graph, view, gradients=gradients, values=values, fold=fold)
    plan = fitted(whole, steps)
    heading = text.title(whole) if title is None else title
    below = captions(plan, entries(plan.picture) + heats(plan, colours) if legend else [])
    smaller = scale(plan, below, heading, width)
    dot = source(plan, below, colours, heading, smaller)
    across, up = size(plan, below, heading)
    shown = plan.picture
    said = text.description(shown)
    ends = round(across * smaller), round(up * smaller)
    page = partial(_page, x, view=view, steps=steps, fold=fold, legend=legend, theme=theme, title=title)
    return Drawing(dot, heading, said, ends, len(shown.items), len(shown.edges), plan, colours, page)


if draw.__doc__:  # python -OO leaves none
    draw.__doc__ = cleandoc(draw.__doc__) + "\n\nViews:\n" + "\n".join(f"    {view}" for view in VIEWS.values())


def _page(x: Any, *, view: str, theme: str | Theme, title: str | None, **options: Any) -> Page:
    """The page of a Drawing: what is drawn in light colours follows the reader's system there."""
    what = contents(x, **options)
    own = theme if isinstance(theme, Theme) else None
    chosen = "own" if own else "auto" if theme == "light" else str(theme)
    return document([what], title=what.title if title is None else title, view=view, theme=chosen, own=own)


def _theme(theme: str | Theme) -> Theme:
    if isinstance(theme, Theme):
        return theme
    check_option("viz.draw", "theme", theme, THEMES)
    return THEMES[theme]


def _graph(x: Any, *, gradients: bool, values: bool) -> Graph:
    """The recorded graph of what `draw` was given; a Tensor makes one of itself."""
    if isinstance(x, Graph):
        for name, known, asked in (("gradients", "gradient", gradients), ("values", "value", values)):
            if asked and all(getattr(node, known) is None for node in x.nodes):
                raise OptionError(
                    f"viz.draw: {name}=True, but this Graph has none",
                    expected=f"a Graph that was made with {name}",
                    help=f"draw the Tensor itself, or make the Graph with x.graph({name}=True)",
                )
        return x
    if not callable(getattr(x, "graph", None)):
        run = "run it first, and draw what comes out: viz.draw(loss). A module that has not run has no graph"
        raise DTypeError(
            f"viz.draw: cannot draw a value of type {type(x).__name__}",
            expected="a Tensor, or the Graph that tg.graph(*tensors) makes",
            got=f"{x!r:.60}".partition("\n")[0],
            help=run if callable(x) else "",
        )
    graph: Graph = x.graph(gradients=gradients, values=values)
    if gradients and not any(norm is not None for node in graph.nodes for norm in node.cotangents):
        raise GraphError(
            "viz.draw: gradients=True, but backward() has released what they are made from",
            expected="a graph that still has its values",
            help="draw before backward(), or call backward(retain_graph=True)",
        )
    return graph
