"""OpSpec: one table for an op, and every part of it is held to."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.testing import GradMismatch, Kink, OpSpec, register, tally

st = pytest.importorskip("hypothesis.strategies")
X = np.array([0.5, -1.0, 2.0])


def spec(**changes):
    return OpSpec(**{"name": "shrink", "fn": lambda x: tg.relu(x - 1), "inputs": st.just(X), **changes})


def test_one_point_is_checked_in_both_modes_and_by_the_laws():
    modes = spec(reference=lambda x: np.maximum(x - 1, 0)).check(X)
    assert [report.passed for report in modes] == [True] * 3
    assert [report.order for report in modes[:2]] == [2, 2]
    assert "linear" in modes[2].laws


@pytest.mark.parametrize(
    "reference",
    [
        lambda x: np.maximum(x - 1, 0) + 1e-9,
        lambda x: np.maximum(x - 1, 0)[:2],
        lambda x: np.maximum(x - 1, 0).astype(np.float32),
    ],
    ids=["value", "shape", "dtype"],
)
def test_other_values_than_the_references_are_a_mismatch(reference):
    with pytest.raises(GradMismatch, match="shrink: the values are not the reference's") as caught:
        spec(reference=reference).check(X)
    assert "analytic" in str(caught.value)
    assert "numeric" in str(caught.value)


def test_the_reference_gets_arrays_where_the_op_got_tensors():
    spec(reference=lambda x: np.maximum(np.asarray(x) - 1, 0)).check_value(tg.tensor(X))


def test_the_distance_from_kinks():
    assert spec().distance(X) == np.inf
    assert spec(kinks=[1.0]).distance(X) == 0.5  # |0.5 − 1|
    assert spec(kinks=[1.0, 2.25]).distance(X) == 0.25  # |2 − 2.25|
    assert spec(kinks=lambda x: np.abs(x - 1)).distance(X) == 0.5
    assert spec(kinks=[1.0]).distance(np.zeros(0)) == np.inf


def test_a_point_too_near_to_a_kink_is_rejected_and_counted():
    with tally() as counts, pytest.raises(Kink, match="shrink: no derivative here"):
        spec(kinks=[1.0]).check(np.array([1.001]))  # nearer than 1e-2
    assert counts.rejected == 1


def test_run_draws_its_inputs_and_checks_each():
    seen = []

    def counted(x):
        seen.append(x)
        return tg.tanh(x)

    spec(fn=counted, inputs=st.floats(-2, 2).map(lambda x: np.array([x]))).run()
    assert len({np.asarray(x.data if isinstance(x, tg.Tensor) else x).tobytes() for x in seen}) > 10


def test_run_passes_tuples_as_arguments():
    spec(fn=tg.multiply, inputs=st.just((X, 2 * X)), reference=np.multiply).run()


def test_run_finds_the_wrong_rule():
    with pytest.raises(GradMismatch, match="shrink: the derivative by the vjp rules is wrong"):
        spec(fn=lambda x: x * x.detach()).run()


def test_run_holds_the_op_to_its_refusals():
    refused = [(("text",), tg.DTypeError)]
    spec(fn=tg.tanh, errors=refused).run()
    with pytest.raises(AssertionError, match="instead of raising ShapeError"):
        spec(fn=tg.tanh, errors=[((X,), tg.ShapeError)]).run()


def test_a_name_is_registered_once(specs):
    mine = register(spec(name="only here"))
    assert specs["only here"] is mine
    assert register(mine) is mine  # a file that is imported twice
    with pytest.raises(ValueError, match="there is a spec of the name 'only here' already"):
        register(spec(name="only here"))
