"""Where it is drawn: one step in rows, repeated along time.

geometry   shapes, sizes and lines                   order    how far across its row each item stands
step       what one layer does at one step            grid     steps as columns, layers on top of each other
rows       how high each item of a step stands        routes   the way of every edge

geometry → step → rows → order → grid → routes
"""
