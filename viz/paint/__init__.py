"""How it is drawn: colours and lines, Graphviz text, and what Graphviz makes of it.

theme    colours, pens and fonts                      dot      the layout as Graphviz text
heat     a gradient's norm as a colour and a width    render   that text as SVG and PNG

theme → heat → dot → render
"""
