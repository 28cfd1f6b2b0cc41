"""Whole random graphs, subexpressions shared, against torch in float64: reverse, forward and second order.

A slice of what `python -m tests.fuzz.programs 20000` runs; in Hypothesis's hands, so that what fails here is small.
"""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tests.fuzz.programs import check_adjoint, check_second_order, check_with_torch
from tinygrad_rnn.testing import programs
from tinygrad_rnn.testing.draw.program import run
from tinygrad_rnn.testing.specs.library import OPS


@given(programs())
def test_random_programs_track_torch(program):
    check_with_torch(program)
    check_adjoint(program)
    check_second_order(program)


@given(programs(max_nodes=6))
def test_a_program_on_arrays_is_numpy(program):
    """Recorded or not, alone or op by op: the same bits."""
    plain = program(*program.inputs)
    recorded = program(*(tg.tensor(x, requires_grad=True) for x in program.inputs))
    again = run(program, lambda op: getattr(tg, op), *program.inputs)
    assert isinstance(plain, np.ndarray | np.generic)
    assert recorded.requires_grad
    assert plain.tobytes() == recorded.data.tobytes() == again.tobytes()


@given(programs(), st.integers(1, 12))
def test_a_checkpoint_anywhere_changes_nothing(program, every):
    """Some ops behind a checkpoint each, which run again in the backward: the same gradient and curvature."""

    def checkpointed(op):
        plain = getattr(tg, op)
        if OPS.index(op) % every:
            return plain
        return lambda *args, **static: tg.checkpoint(lambda *args: plain(*args, **static))(*args)

    def plain(*xs):
        return tg.sum(tg.sin(program(*xs)))

    def behind(*xs):
        return tg.sum(tg.checkpoint(tg.sin)(run(program, checkpointed, *xs)))

    xs = program.inputs
    every_input = tuple(range(len(xs)))
    for derivative in (
        lambda f: tg.grad(f, every_input)(*xs),
        lambda f: tg.jvp(tg.grad(f, every_input), xs, xs)[1],
    ):
        for a, b in zip(derivative(behind), derivative(plain), strict=True):
            # the same terms in another order, after a chain that amplifies rounding
            np.testing.assert_allclose(a.data, b.data, rtol=1e-9, atol=1e-9)
