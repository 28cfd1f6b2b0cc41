"""Pictures of an unrolled recurrent net: the same weights at every step, one state that changes, losses on top.

    viz.draw(loss).save("lstm.svg")

    Graph ──→ Picture ──→ Layout ──→ DOT ──→ SVG, PNG        drawing   draw(), and the Drawing that it makes
       scene      layout      paint    Graphviz              views     the ways to look at a graph
       what       where       how                            scene, layout, paint   what, where and how it is drawn
                                                             fit       the middle of what is too long left out
                                                             page      all views in one file, to be walked through

    scene → layout → paint → views → fit → page → drawing

Beside it, `plots`: a gradient over time, a training run, a text in the colours of one unit; by matplotlib.

Nothing here computes: a picture is made from a recorded graph, and Graphviz paints what already has its place.
"""

from viz.drawing import Drawing, draw
from viz.page.document import Page
from viz.page.twins import twins
from viz.paint.failures import MissingGlyphs, RenderError, WriteError
from viz.paint.theme import Line, Look, Theme
from viz.plots import ColouredText, Plot, colour_text, plot_gradient_flow, plot_training

__all__ = [
    "ColouredText", "Drawing", "Line", "Look", "MissingGlyphs", "Page", "Plot", "RenderError", "Theme", "WriteError",
    "colour_text", "draw", "plot_gradient_flow", "plot_training", "twins",
]  # fmt: skip
