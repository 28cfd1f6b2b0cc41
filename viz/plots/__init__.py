"""Plots beside the pictures: numbers over time, and a text in the colours of what one unit made of it.

    numbers    what came in, as float64, or refused
    frame      matplotlib when it is needed, a style of its own, and files that are the same each time
    series     lines, each told apart without its colour; what a scale cannot show stands in a strip at its edge
    flow       plot_gradient_flow    ‖∂loss/∂state_t‖ over t, several nets
    training   plot_training         losses, norms of the gradient and learning rates
    letters    characters that all can be seen, and lines of them
    shades     from blue by white to red
    markup     a coloured text as HTML and for a terminal
    sheet      and by matplotlib
    coloured   colour_text           a text in the colours of what one unit made of it

matplotlib is the extra `plots`; a coloured text needs it only as a figure.
"""

from viz.plots.coloured import ColouredText, colour_text
from viz.plots.flow import plot_gradient_flow
from viz.plots.frame import Plot
from viz.plots.training import plot_training

__all__ = ["ColouredText", "Plot", "colour_text", "plot_gradient_flow", "plot_training"]
