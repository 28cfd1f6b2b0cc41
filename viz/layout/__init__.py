"""Where it is drawn: one step in rows, repeated along time; lines between the rows and columns, never through a shape.

geometry   shapes, sizes and lines                   grid      steps as columns, floors on top of each other
step       what one floor does at one step           plans     which kind of way each line takes
rows       how high each item of a step stands        routes    its corners
order      how far across its row                    place     all of it in points
tracks     lines that share a channel keep apart     captions  what stands under a picture

geometry → step → rows → order → tracks → grid → plans → routes → place → captions
"""
