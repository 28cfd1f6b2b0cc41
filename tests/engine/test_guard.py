"""One guard and one message: every question about what was recorded is asked through it, in its own name."""

import pytest

import tinygrad_rnn as tg

BEHIND = tg.tensor(1.0, requires_grad=True)
QUESTIONS = {
    "backward: the output": lambda x: x.backward(),
    "graph: output 0": lambda x: x.graph(gradients=True),
    "labelled: the output": lambda x: tg.labelled(x, "h"),
    "gradient_flow: the loss": lambda x: tg.gradient_flow(x, "h"),
    "gradient_flow: state 1": lambda x: tg.gradient_flow(BEHIND, [x]),
    "gradient_ledger: the loss": lambda x: tg.gradient_ledger(x, BEHIND),
    "step_jacobians: state 2": lambda x: tg.step_jacobians([BEHIND, x]),
}


@pytest.mark.parametrize("head", QUESTIONS)
def test_what_was_not_recorded_is_refused_in_the_name_of_who_asks(head):
    with tg.no_grad():
        cut_off = BEHIND * 2
    with pytest.raises(tg.GraphError) as caught:
        QUESTIONS[head](cut_off)
    first, expected, *_, help = str(caught.value).splitlines()
    assert first == f"{head} was not recorded"
    assert "no_grad()" in expected
    assert "requires_grad=True" in help


@pytest.mark.parametrize("ask", [tg.gradient_flow, tg.gradient_ledger])
def test_what_is_not_a_scalar_is_refused(ask):
    with pytest.raises(tg.GraphError, match=rf"{ask.__name__}: the loss is not a scalar\n(.|\n)*shape \(3,\)"):
        ask(BEHIND * [1.0, 2.0, 3.0], BEHIND)
