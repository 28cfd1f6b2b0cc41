"""What is drawn: items, the edges between them, and what they are called.

model     Item, Edge, Lane, Picture                   usage   what values are for, where no label says it
time      which column a node stands in               text    subscripts, norms, tooltips, title, description
lanes     the recurrent layers, and their floors      labels  what is written on a shape
groups    which nodes belong together                 items   from a group to the one item that stands for it
fold      parts of the model closed to a box          edges   every use, and what kind of edge it is
alike     runs of one op, and values that are alike   elide   a long sequence with its middle left out
words     any text as one that a picture can hold     roll    all steps as one
                                                      legend  what the shapes and lines mean

model → time → lanes → groups → fold → alike → words → usage → text → labels → items → edges → elide → roll → legend
"""
