"""Bugs as people write them: python -m tests.fuzz.people

Each piece is an op, a module or a recurrent net that somebody might write, with its slip and without it:

    @op("what the slip is", inputs)                 inputs: the strategy its author would have written
    def name(right):
        …  a if right else b  …                     b is the slip
        return the function

    build(False)  → a check with its defaults, 100 examples →  caught, or not: `python -m tests.fuzz.people`
    build(True)   →                  the same               →  an alarm is false: `… --right`

One file for each kind: slopes (wrong everywhere), points (wrong at some numbers), shapes (wrong for some shapes),
memory (what is shared, kept, written to), orders (right once, wrong in the second derivative), modules, cells, layers.
They were written from the guide alone, without a look at how the checks are made.
"""
