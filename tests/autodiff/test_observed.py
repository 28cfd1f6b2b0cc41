"""What a snapshot tells of gradients on request: what each use adds to them, and what is left if a use is cut off."""

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.engine.node import ancestors

T, H = 5, 3


def run(cut=0):
    """The loss of an RNN cell in a loop, its weights and its states; h of step `cut` goes on detached."""
    cell = nn.RNNCell(2, H, rng=0, dtype=np.float64)
    h, states = None, []
    for t, x in enumerate(np.random.default_rng(1).normal(size=(T, 1, 2)), 1):
        h = cell(x, h)
        states.append(h)
        h = h.detach() if t == cut else h
    return (states[-1] ** 2).sum() + states[1].sum(), cell, states


def ids(loss):
    return {node: id for id, node in enumerate(ancestors([loss.node])[::-1])}


def test_terms_are_those_of_the_ledger_and_add_up():
    loss, cell, _ = run()
    graph, known = loss.graph(terms=True), ids(loss)
    for parameter in cell.parameters():
        node = graph.nodes[known[parameter.node]]
        uses = [(user, [k for _, k in graph.nodes[user].inputs].index(k)) for user, k in graph.uses(node)]
        terms = [graph.nodes[user].terms[place] for user, place in uses]
        ledger = [entry.contribution for entry in tg.gradient_ledger(loss, parameter)]
        whole = sum(ledger)
        assert [term.norm for term in terms] == pytest.approx([np.linalg.norm(g) for g in ledger], rel=1e-12)
        along = [float((g * whole).sum() / np.linalg.norm(whole)) for g in ledger]
        assert [term.along for term in terms] == pytest.approx(along, rel=1e-9, abs=1e-15)
        assert sum(term.along for term in terms) == pytest.approx(node.gradient.norm, rel=1e-12)
        for n in range(1, T + 1):  # the newest use arrives first
            sums = np.sum(ledger[::-1][:n], axis=0)
            assert terms[::-1][n - 1].sum.numbers == pytest.approx(sums.ravel(), rel=1e-12, abs=1e-15)
        assert terms[0].sum == node.gradient


def test_terms_that_cancel_add_up_to_nothing():
    a = tg.tensor([3.0, 1.0], requires_grad=True, name="a")
    terms = tg.graph(a - a, terms=True).nodes[1].terms
    assert [(term.norm, term.along, term.sum.zero) for term in terms] == [(2**0.5, 0, False), (2**0.5, 0, True)]


def test_an_output_that_another_one_uses_begins_with_its_own_gradient():
    a = tg.tensor(2.0, requires_grad=True, name="a")
    b = a * 3
    graph = tg.graph(b, b * b, terms=True)
    assert [term.sum.numbers for term in graph.nodes[-1].terms] == [(7.0,), (13.0,)]
    assert graph.nodes[graph.outputs[0]].gradient.numbers == (13.0,)


def test_json_keeps_terms_and_a_graph_without_them_has_none():
    loss, _, _ = run()
    graph = loss.graph(values=True, terms=True)
    assert tg.Graph.from_json(graph.to_json()) == graph
    assert all(node.terms == () for node in loss.graph(gradients=True).nodes)


@pytest.mark.parametrize("t", range(1, T))
def test_a_cut_is_a_detach_there(t):
    loss, cell, states = run()
    known = ids(loss)
    onward = [use for use in loss.graph().uses(known[states[t - 1].node])
              if loss.graph().nodes[use[0]].step == t + 1]  # fmt: skip
    cut = loss.graph(gradients=True, cut=onward)
    other, same, _ = run(cut=t)
    other.backward()
    for parameter, twin in zip(cell.parameters(), same.parameters(), strict=True):
        gradient = cut.nodes[known[parameter.node]].gradient
        assert gradient.numbers == pytest.approx(twin.grad.data.ravel(), rel=1e-12, abs=1e-15)
    for user, k in onward:
        node = cut.nodes[user]
        assert node.cotangents[[position for _, position in node.inputs].index(k)] is None
    before = cut.nodes[known[states[0].node]].gradient
    assert (before is None) == (t == 1)  # h₂ is in the loss by itself: only h₁ hears nothing, if it is cut there


@pytest.mark.parametrize("use", [(0, 0), (10**6, 0), (1, 7), "10", (1,)])
def test_a_cut_of_no_use_is_refused(use):
    loss, _, _ = run()
    with pytest.raises(tg.GraphError, match="is not a use of this graph"):
        loss.graph(cut=[use])


def test_after_backward_they_are_refused():
    loss, _, _ = run()
    last = loss.graph().nodes[-1]
    loss.backward()
    for options in ({"terms": True}, {"cut": [(last.id, 0)]}):
        with pytest.raises(tg.GraphError, match="released"):
            loss.graph(**options)
