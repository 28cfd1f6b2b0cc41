"""Pictures of an unrolled recurrent net: the same weights at every step, one state that changes, losses on top.

    viz.draw(loss).save("lstm.svg")

    Graph ──→ Picture ──→ Layout ──→ DOT ──→ SVG, PNG        drawing   draw(), and the Drawing that it makes
       scene      layout      paint    Graphviz              views     the ways to look at a graph
       what       where       how                            scene, layout, paint   what, where and how it is drawn

    scene → layout → paint → views → drawing

Nothing here computes: a picture is made from a recorded graph, and Graphviz paints what already has its place.
"""

from viz.drawing import Drawing, draw
from viz.paint.failures import MissingGlyphs, RenderError, WriteError
from viz.paint.theme import Line, Look, Theme

__all__ = ["Drawing", "Line", "Look", "MissingGlyphs", "RenderError", "Theme", "WriteError", "draw"]
