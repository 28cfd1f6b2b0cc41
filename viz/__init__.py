"""Pictures of an unrolled recurrent net: the same weights at every step, one state that changes, losses on top.

    viz.draw(loss).save("lstm.svg")

    Graph → picture → elide → layout → dot → render → SVG, PNG
            what      which   where    text

    what     cells: which nodes belong together; items, edges: what is drawn of them; names, words
    where    one step in rows and lanes (strata, rows, lanes, grid), repeated as columns; edges (routes, splines); sizes
    look     theme: every colour and shape; heat: gradients by their decade

Nothing here computes: a picture is made from a recorded graph, and Graphviz only paints what has its place already.
"""

from viz.drawing import Drawing, draw

__all__ = ["Drawing", "draw"]
