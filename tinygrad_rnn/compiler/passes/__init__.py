"""The passes: each takes a program and gives one that computes the same in another way.

rolled        what repeats over time stands once, as a loop                          rollup
tidied        nothing twice, nothing in vain, nothing in a loop that need not be     tidy
flattened     products over several axes are products of matrices                    flatten
packed        gradients of parts side by side, not each in zeros of its own          pack
distributed   a loop keeps only what needs the step before                           distribute, vector
regrouped     what is the same at each step is added up before the loop                  regroup
spelled       a softmax of many rows is what it is made of                           spell
enclosed      a program without loops is a loop of one step                          enclose
narrowed      a slice of a sum is the sum of slices, so that a step is one kernel    narrow
"""

from __future__ import annotations

from tinygrad_rnn.compiler.passes.distribute import distributed
from tinygrad_rnn.compiler.passes.enclose import enclosed
from tinygrad_rnn.compiler.passes.flatten import flattened
from tinygrad_rnn.compiler.passes.narrow import narrowed
from tinygrad_rnn.compiler.passes.pack import packed
from tinygrad_rnn.compiler.passes.regroup import regrouped
from tinygrad_rnn.compiler.passes.rollup import rolled
from tinygrad_rnn.compiler.passes.spell import spelled
from tinygrad_rnn.compiler.passes.tidy import tidied
from tinygrad_rnn.compiler.program import Program

__all__ = ["arranged", "improved", "rolled"]


def arranged(program: Program) -> Program:
    """A rolled recording, before it is differentiated."""
    for once in (tidied, flattened, tidied):
        program = once(program)
    return program


def improved(program: Program, fast: bool = False, forward: bool = False) -> Program:
    """The whole, forward and backward, or the forward pass alone; for kernels where it is to be `fast`."""
    kernels = (spelled, *((enclosed,) if forward else ()), narrowed) if fast else ()
    for once in (tidied, packed, distributed, regrouped, tidied, *kernels, tidied):
        program = once(program)
    return program
