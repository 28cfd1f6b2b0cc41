"""Pictures of an unrolled recurrent net: the same weights at every step, one state that changes, losses on top.

import viz
viz.draw(loss).save("lstm.svg")

draw  →  picture  →  elide  →  layout  →  dot     →  render
what        which     where      text       SVG, PNG
cells       steps     strata     routes
grid                  rows       splines
items                 lanes      theme
edges                 sizes      heat
"""

from viz.drawing import Drawing, draw

__all__ = ["Drawing", "draw"]
