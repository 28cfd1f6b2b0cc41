"""What is drawn: items, the edges between them, and what they are called.

model     Item, Edge, Lane, Picture                   items   from a group to the one item that stands for it
time      which column a node stands in               edges   every use, and what kind of edge it is
lanes     the recurrent layers, and their floors      elide   a long sequence with its middle left out
groups    which nodes belong together                 roll    all steps as one
fold      parts of the model closed to a box          text    labels, tooltips, title, description
alike     runs of one op, and values that are alike   legend  what the shapes and lines mean
words     any text as one that a picture can hold

model → time → lanes → groups → fold → alike → words → text → items → edges → elide → roll → legend
"""
