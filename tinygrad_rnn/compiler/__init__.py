"""How it is replayed: a function recorded once, rolled up, and run again as a flat list of calls.

    f ─ trace → calls ─ passes → loops ─ derive → and their gradients ─ passes → program ─ replay → Python

program     calls and loops, as data                      resize      another T without another recording
signature   what kind of arguments                        kernels     elementwise calls as one loop, by numba
guards      what was taken for granted                    formula     an optimiser's formula, likewise
trace       one run, recorded whole                       places      where each value lies
passes      each a program to another that does the same  lines       a call as a line; looped: a loop as lines
interpret   a program, run the plain way                  replay      the lines, ready to run
derive      the backward pass of a program                plan        all of it, to be printed
recorded    how far a recording may be trusted            running     a call by a plan; compiled: tg.compile
rows        what is done to many rows, as one kernel      memory      arrays that are used again
"""
