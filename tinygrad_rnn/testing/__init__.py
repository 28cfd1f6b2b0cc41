"""Testing gradients: ours, and those of the ops, modules and cells that you write.

    check_vjp, check_jvp     the rules against runs of the function alone
    check_laws               what holds for every derivative: linear, deterministic, nothing written, nothing kept
    check_module             a module as a function of its inputs and parameters
    check_recurrent          backpropagation through time = the steps by hand = the sum over untied copies
    check_errors             what must be refused, and how
    OpSpec, register         all of it for an op, in one table
    from_numpy, from_jax …   a function of another library, for all of these
    shapes … programs        Hypothesis strategies for arguments and for whole random graphs

Its rooms, each built on those before it:

    report → draw → oracles → laws → checks → specs    adapters     strategies, for Hypothesis
    what a   on what  derivatives  what     what   what    what other   selfcheck, for the command line
    check    it is    by no rule   always   users  an op   libraries    the pytest plugin stands beside the package
    says     tried                 holds    call   is      compute

    >>> import numpy as np
    >>> import tinygrad_rnn as tg
    >>> print(check_vjp(tg.square, np.array([1.0, 2.0, 3.0])))
    square: 3 slopes agree with complex step to 0.0e+00

Hypothesis is asked for by the strategies alone, when one is built; everything else runs without it.
"""

from tinygrad_rnn.testing.adapters import from_autograd, from_jax, from_mygrad, from_numpy, from_torch
from tinygrad_rnn.testing.checks.complete import check_call
from tinygrad_rnn.testing.checks.derivatives import check_jvp, check_vjp
from tinygrad_rnn.testing.checks.laws import DEFAULT, LAWS, check_laws
from tinygrad_rnn.testing.checks.modules import check_module
from tinygrad_rnn.testing.checks.recurrent import check_recurrent
from tinygrad_rnn.testing.checks.refusals import check_errors
from tinygrad_rnn.testing.report.counts import tally
from tinygrad_rnn.testing.report.findings import GradMismatch, GradReport, Kink
from tinygrad_rnn.testing.specs.opspec import OpSpec, register
from tinygrad_rnn.testing.strategies import (
    axes,
    broadcast_shapes,
    calls,
    dtypes,
    indices,
    layouts,
    lengths,
    matmul_shapes,
    programs,
    sequences,
    shapes,
    values,
)

__all__ = [
    "DEFAULT", "LAWS", "GradMismatch", "GradReport", "Kink", "OpSpec", "axes", "broadcast_shapes", "calls",
    "check_call", "check_errors", "check_jvp", "check_laws", "check_module", "check_recurrent", "check_vjp", "dtypes",
    "from_autograd", "from_jax", "from_mygrad", "from_numpy", "from_torch", "indices", "layouts", "lengths",
    "matmul_shapes", "programs", "register", "sequences", "shapes", "tally", "values",
]  # fmt: skip
