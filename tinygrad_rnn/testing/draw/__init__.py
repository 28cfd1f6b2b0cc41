"""What ops and networks are tried on: chosen by integers, which NumPy or Hypothesis gives.

source     integer(low, high)          where every choice comes from
choices    shapes, axes, values        brackets   what stands in x[…]        memory   how an array lies there
operands   what an argument may be: a new array, or a value that is there already
call       an op and its arguments     program    a graph of calls           builder  puts one together
shrinking  the source that Hypothesis chooses for: the one file in this room that needs it
"""
