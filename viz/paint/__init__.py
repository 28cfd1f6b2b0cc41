"""How it is drawn: colours and lines, Graphviz text, and what Graphviz makes of it.

heat      a gradient's norm as a colour and a line         files    a file, whole or not at all
theme     colours, pens and fonts                          fonts    that there is one, and what none of them has
failures  what can stand in the way                        dot      the layout as Graphviz text
mermaid   the picture as text that code hosts draw         render   that text as SVG, PNG and PDF
data      the picture as JSON

heat → theme → failures → (files, fonts) → dot → (mermaid, data) → render
"""
