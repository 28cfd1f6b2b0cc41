"""The op: its rules in both modes, the laws, its refusals, and the op inside random graphs."""

import numpy as np
from gated_decay import decay
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tinygrad_rnn.testing import (
    OpSpec,
    broadcast_shapes,
    check_errors,
    check_jvp,
    check_laws,
    check_vjp,
    programs,
    register,
    values,
)

few = settings(max_examples=20)  # test_every_registered_op does the same for more
REFUSED = {
    "shapes": ((np.ones(2), np.ones(3)), tg.ShapeError, "decay: .* do not fit"),
    "text": (("much", 1.0), tg.DTypeError, "not an array of numbers"),
}


@st.composite
def arguments(draw):
    """x and a rate that broadcast together, each of them with its own values."""
    x, rate = draw(broadcast_shapes(max_dims=2, max_side=3))
    return draw(values(x)), draw(values(rate, away_from=[0]))


SPEC = register(
    OpSpec(
        name="decay",
        fn=decay,
        inputs=arguments(),
        reference=lambda x, rate: x * np.minimum(np.exp(-rate), 1),
        kinks=lambda x, rate: np.abs(rate),
        errors=REFUSED,
    )
)


def test_every_registered_op(tg_op_spec):
    tg_op_spec.run()


@few
@given(arguments())
def test_both_modes_to_the_second_order(given):
    check_vjp(decay, *given, order=2)
    check_jvp(decay, *given, order=2)


@few
@given(arguments())
def test_the_laws(given):
    check_laws(decay, *given)


def test_at_the_corner_the_smallest_slope_is_taken():
    check_laws(lambda rate: decay(-1.0, rate), np.zeros(2), laws=["ties"])


def test_what_is_refused():
    assert check_errors(decay, REFUSED) == len(REFUSED)


@few
@given(programs(ops=["add", "multiply", "tanh", "sum", SPEC], max_nodes=6))
def test_inside_random_graphs(program):
    check_vjp(program, *program.inputs)
