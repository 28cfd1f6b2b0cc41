"""What is drawn: items, the edges between them, and what they are called.

model     Item, Edge, Picture                         items   from a group to the one item that stands for it
columns   which step a node stands in                 edges   every use, and what kind of edge it is
groups    which nodes belong together, in which layer elide   a long sequence with its middle left out
text      labels, tooltips, title, description

model → columns → groups → text → items → edges → elide
"""
