"""One OpSpec for each op: all that a test has to know of it. A file here for each file of ops.

opspec   OpSpec(name, fn, inputs, reference, kinks, errors, edges), and register(spec) for those of other packages
forms    how ops are called that are called alike; the edges that they share
library  the table of ours: spec_of("sum"), call_of("sum", source), build(source) for whole programs
"""
