"""Where it is drawn: one step in rows, repeated along time; lines between the rows and columns, never through a shape.

geometry   shapes, sizes and lines                   tracks   lines that share a channel keep apart
step       what one floor does at one step           grid     steps as columns, floors on top of each other
rows       how high each item of a step stands        routes   the way of every edge
order      how far across its row                    place    all of it in points
captions   what stands under a picture

geometry → step → rows → order → tracks → grid → routes → place → captions
"""
