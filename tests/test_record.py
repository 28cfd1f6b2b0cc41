"""The record says what happened: passage, step, role, class, cut and read of every node, however it was run."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tinygrad_rnn import nn

I, H = 3, 2


class Leaky(nn.Cell):
    """A cell of somebody's own, which labels nothing itself."""

    def step(self, x, state):
        (h,) = state
        return (0.9 * h + 0.1 * tg.tanh(self.project_input(x) + self.project_state(h)),)


class LeakyNet(nn.Recurrent):
    cell_type = Leaky


LAYERS = {"RNN": nn.RNN, "LSTM": nn.LSTM, "GRU": nn.GRU, "Leaky": LeakyNet}
each_kind = pytest.mark.parametrize("kind", LAYERS)


def xs(T, B=2):
    return np.random.default_rng(T).standard_normal((T, B, I))


def layer(kind, **options):
    return LAYERS[kind](I, H, dtype=np.float64, rng=0, **options)


def run(way, kind, T, k):
    """(the graph of all that came out, who ran) of T steps; k is where the sequence is cut, where it is."""
    if way in ("plain loop", "detached"):
        net = layer(kind).cells["l0"]
        state, outputs = None, []
        for t, x in enumerate(xs(T)):
            if way == "detached" and t and t % k == 0:
                state = tg.train.detach_state(state)
            state = net(x, state)
            outputs.append(state[0] if isinstance(state, tuple) else state)
        return tg.graph(*outputs)
    net = layer(kind, bidirectional=way == "both directions", learn_initial=way == "learnt")
    if way == "layer.step":
        state, outputs = None, []
        for x in xs(T):
            h, state = net.step(x, state)
            outputs.append(h)
        return tg.graph(*outputs)
    if way in ("carried", "carried, detached"):
        first, state = net(xs(T)[:k])
        state = tg.train.detach_state(state) if "detached" in way else state
        return tg.graph(*([] if "detached" in way else [first.sum()]), net(xs(T)[k:], state)[0].sum())
    if way == "lengths":  # of the last step the states alone tell what was held
        output, last = net(xs(T), lengths=[T, T - 1])
        return tg.graph(output.sum(), *(last if isinstance(last, tuple) else (last,)))
    return tg.graph(net(xs(T))[0].sum())


def oracle(way, T, k):
    """What each state says: (passage, step), in the order in which they are computed; and what each passage says."""
    once = [(1, t) for t in range(1, T + 1)]
    if way == "both directions":
        return once + [(2, t) for t in range(T, 0, -1)], [(0, None, False), (0, None, True)]
    if way == "carried":
        return [(1 if t <= k else 2, t) for _, t in once], [(0, None, False), (k, (1, k), False)]
    if way == "carried, detached":
        return [(2, t) for _, t in once[k:]], [(0, None, False), (k, (1, k), False)]
    return once, [(0, None, False)]


WAYS = ["layer call", "plain loop", "layer.step", "carried", "carried, detached", "detached", "lengths",
        "both directions", "learnt"]  # fmt: skip


@each_kind
@pytest.mark.parametrize("way", WAYS)
@given(T=st.integers(2, 6), data=st.data())
def test_states_stand_where_they_were_made(way, kind, T, data):
    k = data.draw(st.integers(1, T - 1))
    graph = run(way, kind, T, k)
    states, passages = oracle(way, T, k)
    parts = ("h", "c") if kind == "LSTM" else ("h",)
    for role, name in zip(("hidden_state", "cell_state"), parts, strict=False):
        assert [(n.passage, n.step) for n in graph.nodes if n.role == role and n.op] == states
        assert {n.name for n in graph.nodes if n.role == role} == {name}
    assert [(p.start, p.after, p.reverse) for p in graph.passages] == passages
    assert graph == tg.Graph.from_json(graph.to_json())


@each_kind
@pytest.mark.parametrize("way", WAYS)
def test_every_node_knows_its_class_and_its_place(way, kind):
    T, k = 5, 2
    graph = run(way, kind, T, k)
    cell = "Leaky" if kind == "Leaky" else f"{kind}Cell"
    outer = () if way in ("plain loop", "detached") else ("LeakyNet" if kind == "Leaky" else kind,)
    for node in graph.nodes:
        assert len(node.classes) == len(node.scope)
        if node.op and cell in node.classes:
            assert node.classes == (*outer, cell)
            assert node.passage is not None
            assert node.step is not None
    inside = {(n.passage, n.step) for n in graph.nodes if n.op and cell in n.classes}
    assert inside == set(oracle(way, T, k)[0])


@each_kind
def test_the_first_state_stands_at_step_0_of_its_passage(kind):
    for way, role in (("layer call", "initial_state"), ("learnt", "initial_state"), ("plain loop", "initial_state")):
        starts = [n for n in run(way, kind, 3, 1).nodes if n.role == role]
        assert [(n.passage, n.step) for n in starts] == [(1, 0)] * (2 if kind == "LSTM" else 1)
        assert {n.requires_grad for n in starts} == {way == "learnt"}


@each_kind
@given(T=st.integers(2, 7), k=st.integers(1, 3))
def test_a_cut_says_what_was_cut_and_where(kind, T, k):
    cuts = [n.cut for n in run("detached", kind, T, k).nodes if n.cut]
    names = ("h", "c") if kind == "LSTM" else ("h",)
    assert sorted((c.step, c.title) for c in cuts) == sorted((t, name) for t in range(k, T, k) for name in names)
    assert {c.passage for c in cuts} <= {1}


@each_kind
def test_the_last_state_of_a_layer_says_what_it_was_cut_from(kind):
    cuts = [n.cut for n in run("carried, detached", kind, 5, 3).nodes if n.cut]
    names = ["h_n", "c_n"] if kind == "LSTM" else ["h_n"]
    assert [(c.title, c.passage, c.step) for c in cuts] == [(name, 1, 3) for name in names]


def test_a_cut_is_known_after_backward_and_a_value_nobody_recorded_has_none():
    h = nn.RNNCell(I, H, rng=0)(xs(1)[0])
    h.sum().backward()
    leaf = tg.graph(h.detach() * tg.tensor(1.0, requires_grad=True)).nodes[0]
    assert leaf.cut == tg.graph(h.detach() * tg.tensor(1.0, requires_grad=True)).nodes[0].cut
    assert (leaf.cut.title, leaf.cut.step) == ("h", 1)
    assert all(n.cut is None for n in tg.graph(tg.tensor([1.0]).detach() * h).nodes)


def test_what_is_detached_twice_was_cut_once():
    h = nn.RNNCell(I, H, rng=0)(xs(1)[0])
    again = h.detach().detach()
    assert tg.graph(again * tg.tensor(1.0, requires_grad=True)).nodes[0].cut.title == "h"


def test_a_cut_is_no_longer_one_when_other_values_are_assigned():
    x = (tg.tensor([1.0], requires_grad=True) * 2).detach()
    x.requires_grad = True
    assert tg.graph(x * 2).nodes[0].cut.title == "multiply"
    x.assign([3.0])
    assert tg.graph(x * 2).nodes[0].cut is None


def test_steps_that_are_open_are_kept_and_a_state_scaled_outside_is_looked_through():
    cell = nn.GRUCell(I, H, rng=0)
    with tg.step(7):
        h = cell(xs(1)[0])
    h = cell(xs(1)[0], h * 0.5)
    assert [n.step for n in tg.graph(h).nodes if n.role == "hidden_state"] == [7, 8]


def test_two_runs_from_one_given_state_each_begin_with_1():
    net, h_0 = nn.RNN(I, H, rng=0), tg.tensor(np.ones((1, 2, H)))
    graph = tg.graph(net(xs(2), h_0)[0].sum(), net(xs(2), h_0)[0].sum())
    assert [(p.start, p.after) for p in graph.passages] == [(0, None), (0, None)]


def test_of_a_state_of_two_origins_the_runners_own_decides():
    cell, other = nn.LSTMCell(I, H, rng=0), nn.LSTMCell(I, H, rng=1)
    h, _ = cell(xs(1)[0])
    _, c = other(xs(1)[0])
    h, _ = cell(xs(1)[0], (h, c))
    assert [(n.passage, n.step) for n in tg.graph(h).nodes if n.role == "hidden_state"] == [(1, 1), (1, 2)]


def test_a_loop_within_a_step_is_a_passage_of_its_own():
    letters, words = nn.RNNCell(I, I, rng=0), nn.RNNCell(I, H, rng=1)

    def read(word, state):
        hs, _ = nn.unroll(lambda x, h: (letters(x, h),) * 2, word, None)
        state = words(hs[-1], state)
        return state, state

    _, last = nn.unroll(read, [xs(2), xs(3)], None)
    states = [(n.scope[-1], n.passage, n.step) for n in tg.graph(last).nodes if n.role == "hidden_state"]
    assert [s for s in states if s[0] == "RNNCell" and s[1] == 1] == [("RNNCell", 1, 1), ("RNNCell", 1, 2)]
    assert [s[1:] for s in states if s[1] != 1] == [(2, 1), (2, 2), (3, 1), (3, 2), (3, 3)]


def test_the_parts_of_a_state_are_labelled_by_their_places():
    class Slow(nn.Cell):
        states = ("s", "m")

        def step(self, x, state):
            s, m = state
            m = 0.9 * m + 0.1 * self.project_input(x)
            return tg.tanh(m + self.project_state(s)), tg.label(m, None, "mean")

    graph = tg.graph(*Slow(I, H, rng=0)(xs(1)[0]))
    assert {(n.role, n.name) for n in graph.nodes if n.op and n.role} == {("hidden_state", "s"), ("cell_state", "mean")}


def test_a_decoder_counts_its_own_steps_behind_its_encoder():
    encoder, decoder = nn.GRU(I, H, rng=0), nn.GRUCell(I, H, rng=1)
    _, h_n = encoder(xs(4))
    s = h_n[0]
    for x in xs(2):
        s = decoder(x, s)
    graph = tg.graph(s)
    states = [(n.passage, n.step) for n in graph.nodes if n.role == "hidden_state"]
    assert states == [(1, 1), (1, 2), (1, 3), (1, 4), (2, 1), (2, 2)]
    assert [(p.start, p.after) for p in graph.passages] == [(0, None), (0, (1, 4))]


def test_a_head_goes_along_with_the_steps_that_it_reads():
    net = nn.ManyToMany(nn.RNN(I, H, rng=0), nn.Linear(H, 1, rng=1))
    y, state = net(xs(2))
    z, _ = net(xs(3), state)
    nodes = tg.graph(y.sum() + z.sum()).nodes
    places = [(n.passage, n.step) for n in nodes if n.name == "h" and n.op == "tanh"]
    assert places == [(n.passage, n.step) for n in nodes if n.name == "y"]
    assert places == [(1, 1), (1, 2), (2, 3), (2, 4), (2, 5)]


def test_two_runs_of_one_layer_are_two_passages_and_layers_of_a_stack_share_one():
    net = nn.RNN(I, H, 2, rng=0)
    graph = tg.graph(net(xs(2))[0].sum(), net(xs(2))[0].sum())
    assert [(p.number, p.start, p.after) for p in graph.passages] == [(1, 0, None), (2, 0, None)]
    assert [(n.scope[-1], n.passage, n.step) for n in graph.nodes if n.role == "hidden_state"] == [
        (layer, passage, t) for passage in (1, 2) for layer in ("l0", "l1") for t in (1, 2)
    ]


def test_streaming_says_what_the_whole_says():
    def said(output):
        nodes = [n for n in tg.graph(output).nodes if n.classes[-1:] == ("LSTMCell",) and n.op != "getitem"]
        return sorted((n.step, str(n.op), str(n.role), str(n.name), n.classes, n.passage) for n in nodes)

    net, state, hs = nn.LSTM(I, H, rng=0), None, []
    for x in xs(4):
        h, state = net.step(x, state)
        hs.append(h)
    assert said(tg.stack(hs)) == said(nn.LSTM(I, H, rng=0)(xs(4))[0])


def test_a_loop_of_a_function_is_a_passage_and_goes_on_where_the_function_does():
    W = tg.tensor(0.5, requires_grad=True)

    def f(x, h):
        h = tg.label(tg.tanh(W * h + x), "hidden_state", "h")
        return h, h

    def another(x, h):
        return f(x, h)

    _, h = nn.unroll(f, [1.0, 2.0], tg.tensor(0.0))
    _, h = nn.unroll(f, [3.0], h)
    _, h = nn.unroll(another, [4.0], h)
    assert [(n.passage, n.step) for n in tg.graph(h).nodes if n.role] == [(1, 1), (1, 2), (2, 3), (3, 1)]


@pytest.mark.parametrize(
    ("index", "read"),
    [
        (-1, (3,)),
        (slice(1, None), (range(1, 4),)),
        ((..., 0), (range(4), range(3), 0)),
        (([0, -1], 1), ((0, 3), 1)),
        ((None, 2, slice(None)), (2, range(3))),
        ((np.array([True, False, False, True]),), ((0, 3),)),
        (np.arange(12).reshape(4, 3) > 9, ((3, 3), (1, 2))),
    ],
)
def test_a_read_says_which_elements_it_took(index, read):
    x = tg.tensor(np.arange(24.0).reshape(4, 3, 2), requires_grad=True)
    node = tg.graph(x[index]).nodes[-1]
    assert node.read == read
    taken = [list(p) if isinstance(p, tuple) else slice(p[0], p[-1] + 1) if isinstance(p, range) else p for p in read]
    assert set(x[index].data.ravel()) == set(x.data[tuple(taken)].ravel())


def test_the_last_output_is_seen_to_be_the_last_and_still_after_backward():
    output, _ = nn.LSTM(I, H, rng=0)(xs(5))
    loss = output[-1].sum()
    for _ in range(2):
        reads = [n for n in tg.graph(loss).nodes if n.op == "getitem" and n.step is None]
        assert [n.read for n in reads] == [(4,)]
        if loss.node.args is not None:
            loss.backward()


def test_take_says_which_rows_and_nothing_once_they_are_released():
    table = tg.tensor(np.ones((6, 2)), requires_grad=True)
    loss = tg.take(table, [[1, -1]], axis=0).sum()
    assert tg.graph(loss).nodes[-2].read == ((1, 5),)
    loss.backward()
    assert tg.graph(loss).nodes[-2].read is None


# values and gradients on request


@each_kind
@given(T=st.integers(1, 4))
def test_values_and_gradients_in_short_are_what_they_say(kind, T):
    net = layer(kind)
    loss = (net(xs(T))[0] ** 2).sum()
    graph = tg.graph(loss, values=True, gradients=True)
    parameters = dict(net.named_parameters())
    loss.backward()  # asking has left the graph as it was
    for node in graph.nodes:
        if node.role == "parameter":
            W = parameters[node.name]
            held(node.value, W.data)
            held(node.gradient, W.grad.data)
    assert graph.nodes[-1].value.numbers == (loss.item(),)
    assert graph.nodes[-1].gradient.numbers == (1.0,)


def held(summary, array):
    assert summary.zero == (not array.any())
    assert summary.norm == pytest.approx(np.sqrt((array**2).sum()), rel=1e-12)
    assert (summary.min, summary.max) == pytest.approx((array.min(), array.max()), rel=1e-12, abs=1e-15)
    if array.size > 64:
        assert summary.numbers is None
    else:
        assert summary.numbers == pytest.approx(array.ravel(), rel=1e-12, abs=1e-15)


@each_kind
@given(T=st.integers(1, 4))
def test_what_each_use_passes_back_is_the_ledgers_term(kind, T):
    net = layer(kind)
    loss = (net(xs(T))[0] ** 2).sum()
    graph = tg.graph(loss, gradients=True)
    for name, W in net.named_parameters():
        (node,) = (n for n in graph.nodes if n.name == name)
        shown = [graph.nodes[user].cotangents[place(graph, user, k)] for user, k in graph.uses(node)]
        exact = [np.linalg.norm(entry.contribution) for entry in tg.gradient_ledger(loss, W)]
        assert shown == pytest.approx(exact, rel=1e-12)


def place(graph, user, k):
    return [position for _, position in graph.nodes[user].inputs].index(k)


def test_a_use_through_which_nothing_flows_has_no_norm_and_two_uses_have_two():
    a = tg.tensor([3.0, 4.0], requires_grad=True)
    graph = tg.graph((a * a).sum() + (a.detach() * a).sum(), gradients=True)
    squares, shared = (n for n in graph.nodes if n.op == "multiply")
    assert squares.cotangents == (5.0, 5.0)
    assert shared.cotangents == (None, 5.0)
    assert all(n.cotangents == () for n in tg.graph(a * a).nodes)


def test_values_that_are_released_are_said_to_be():
    a = tg.tensor([3.0], requires_grad=True)
    loss = (a * a).sum()
    loss.backward()
    with pytest.raises(tg.GraphError, match=r"value of multiply was released by backward at (.|\n)*before backward"):
        tg.graph(loss, values=True)


def test_numbers_that_are_not_finite_survive_json():
    a = tg.tensor([np.inf, 1.0, np.nan], requires_grad=True)
    graph = tg.graph(a * 2, values=True)
    text = graph.to_json()
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    value = tg.Graph.from_json(text).nodes[0].value
    assert np.array_equal(value.numbers, graph.nodes[0].value.numbers, equal_nan=True)
    assert np.isnan(value.max)


def test_version_1_is_still_read():
    text = json.dumps({"format": "tinygrad_rnn.graph", "version": 1, "outputs": [0], "nodes": [
        {"id": 0, "op": None, "role": "parameter", "name": "W", "scope": ["rnn"], "step": None, "shape": [2],
         "dtype": "float32", "requires_grad": True, "inputs": [], "gradient": 2.5}]})  # fmt: skip
    (node,) = tg.Graph.from_json(text).nodes
    assert (node.name, node.scope, node.gradient.norm, node.gradient.numbers) == ("W", ("rnn",), 2.5, None)


# tracing


def test_tracing_records_integers_masks_and_constants():
    with tg.tracing():
        x = tg.tensor([1.0, -2.0, 3.0])
        mask = x > 0
        best = tg.argmax(tg.where(mask, x, 0.0) + tg.take(x, [0, 1, 2]))
    assert [n.op for n in tg.graph(best).nodes if n.op] == ["greater", "where", "take", "add", "argmax"]
    assert not any(n.requires_grad for n in tg.graph(best).nodes)
    assert not best.requires_grad
    with pytest.raises(tg.GraphError, match="output 0 was not recorded"):
        tg.graph(tg.argmax(x))


def test_tracing_changes_no_gradient():
    def gradient():
        w = tg.tensor([1.0, 2.0], requires_grad=True)
        keep = (w > 1.5) & (w < 9.0) if hasattr(w, "__and__") else w > 1.5
        (tg.where(keep, w * w, 0.0) * tg.tensor([3.0, 4.0])).sum().backward()
        return w.grad.tolist()

    plain = gradient()
    with tg.tracing():
        assert gradient() == plain
        with tg.no_grad():
            doubled = tg.tensor([1.0], requires_grad=True) * 2
    assert [n.op for n in tg.graph(doubled).nodes] == [None, "multiply"]
    assert not doubled.requires_grad


def test_passages_do_not_hold_on_to_what_came_before():
    """A long sequence in chunks: what is carried knows the last chunk by its number alone."""
    net, state, x = nn.RNN(I, H, rng=0), None, xs(3)
    for _ in range(5):
        output, state = net(x, state)
        state = tg.train.detach_state(state)
    graph = tg.graph(output.sum())
    assert [(p.number, p.start, p.after) for p in graph.passages] == [(1, 9, (None, 9)), (2, 12, (1, 12))]


# what a second reading found


def scaled(x, h):
    h = tg.label(tg.tanh(tg.tensor(0.5, requires_grad=True) * h + x), "hidden_state", "h")
    return h, h


def told(graph):
    return [(p.start, p.after, p.reverse) for p in graph.passages]


def test_a_first_state_that_was_used_before_was_not_made_there():
    h_0 = tg.tensor(0.0)
    runs = [nn.unroll(scaled, [1.0, 2.0], h)[1] for h in (h_0, h_0, h_0.detach())]
    assert told(tg.graph(*runs)) == [(0, None, False)] * 3


def test_loops_over_the_same_inputs_are_each_a_passage_and_one_runs_back():
    given_, state = [tg.tensor(1.0), tg.tensor(2.0)], tg.tensor(0.0)
    ends = [nn.unroll(scaled, given_, state, reverse=back)[1] for back in (False, False, True)]
    assert told(tg.graph(*ends)) == [(0, None, False), (0, None, False), (0, None, True)]
    hs, _ = nn.unroll(scaled, given_, state)
    _, end = nn.unroll(scaled, hs, state, reverse=True)
    assert told(tg.graph(end)) == [(0, None, False), (0, None, True)]


def test_an_input_stands_where_this_graph_reads_it():
    cell, inputs = nn.RNNCell(I, H, rng=0), [tg.tensor(x) for x in xs(3)]
    for order in (inputs, inputs[::-1]):
        h = None
        for x in order:
            h = cell(x, h)
    graph = tg.graph(h)
    assert [(n.passage, n.step) for n in graph.nodes if n.role == "input"] == [(1, 3), (1, 2), (1, 1)]
    assert len(graph.passages) == 1


def test_a_detached_state_that_is_scaled_is_still_a_detached_state():
    net = nn.RNN(I, H, rng=0)
    _, s = net(xs(2))
    keep = np.array([[[1.0], [0.0]]])
    for state in (s.detach() * keep, tg.where(keep > 0, s.detach(), 0.0), s.detach()[:1]):
        graph = tg.graph(net(xs(2), state)[0].sum())
        assert told(graph) == [(0, None, False), (2, (1, 2), False)]
        assert {n.cut.title for n in graph.nodes if n.cut} == {"h_n"}


def test_under_tracing_a_given_state_is_part_of_the_graph():
    net = nn.LSTM(I, H, rng=0)
    with tg.tracing():
        h_0, c_0 = (tg.tensor(np.ones((1, 2, H)), name=name) for name in ("h0", "c0"))
        graph = tg.graph(net(xs(2), (h_0, c_0))[0])
    assert {"h0", "c0"} <= {n.name for n in graph.nodes}
    with tg.tracing(), tg.no_grad():
        _, s = net(xs(2))
        graph = tg.graph(net(xs(2), s)[0])
    assert [n.step for n in graph.nodes if n.role == "hidden_state"] == [1, 2, 3, 4]


def test_the_second_directions_first_state_is_in_its_passage():
    graph = tg.graph(nn.RNN(I, H, bidirectional=True, rng=0)(xs(3))[0].sum())
    starts = [(n.scope[-1], n.passage, n.step) for n in graph.nodes if n.role == "initial_state"]
    assert sorted(p for _, p, _ in starts) == [1, 2]
    assert {t for _, _, t in starts} == {0}


def test_parameters_are_named_where_nothing_is_recorded():
    with tg.no_grad():
        net = nn.LSTM(I, H, rng=0)
    assert [p.name for p in net.parameters()] == ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"]
    assert {p.role for p in net.parameters()} == {"parameter"}


def test_modules_of_a_list_have_its_name():
    class Stack(nn.Module):
        def __init__(self):
            self.cells = [nn.RNNCell(I, H, rng=0), nn.RNNCell(H, H, rng=1)]

        def forward(self, x):
            return self.cells[1](self.cells[0](x))

    nodes = tg.graph(Stack()(xs(1)[0])).nodes
    assert {n.scope for n in nodes if n.role == "hidden_state"} == {("Stack", "cells.0"), ("Stack", "cells.1")}


def test_outputs_stay_outputs_behind_a_mask():
    net = nn.ManyToMany(nn.RNN(I, H, rng=0), nn.Linear(H, 1, rng=1))
    y, _ = net(xs(3), lengths=[3, 1])
    joined = next(n for n in tg.graph(y).nodes if n.op == "stack" and n.step is None)
    nodes = tg.graph(y).nodes
    assert {(nodes[i].role, nodes[i].name) for i, _ in joined.inputs} == {("output", "y")}


def test_what_has_a_role_keeps_it_as_input_and_as_state():
    cell, x = nn.RNNCell(I, H, rng=0), tg.label(tg.tensor(xs(1)[0]), "target")
    start = tg.label(tg.tensor(np.zeros((2, H)), requires_grad=True), "parameter")
    roles = [n.role for n in tg.graph(cell(x, start)).nodes if n.op is None and n.name is None]
    assert sorted(roles) == ["parameter", "target"]


def test_a_scope_is_opened_inside_the_one_that_is_open_then():
    @tg.scope("encoder")
    def f(x):
        return x * 2

    later = tg.scope("later")
    with tg.scope("model"):
        y = f(tg.tensor(1.0, requires_grad=True))
        with later:
            z = y + 1
    assert [n.scope for n in tg.graph(z).nodes if n.op] == [("model", "encoder"), ("model", "later")]


def test_numpys_integers_are_steps_and_long_lists_of_positions_are_left_out():
    x = tg.tensor(np.ones(5000), requires_grad=True)
    with tg.step(np.int64(3), of=np.int64(4)):
        y = x[np.arange(5000)]
    node = tg.Graph.from_json(tg.graph(y).to_json()).nodes[-1]
    assert (node.step, node.read) == (3, None)


def test_a_decoder_of_steps_that_the_program_opened_counts_its_own():
    encoder, decoder = nn.RNNCell(I, H, rng=0), nn.RNNCell(I, H, rng=1)
    h = None
    for t, x in enumerate(xs(3), 1):
        with tg.step(t):
            h = encoder(x, h)
    on = encoder(xs(1)[0], h)
    s = decoder(xs(1)[0], decoder(xs(1)[0], h))
    graph = tg.graph(on, s)
    assert [(n.passage, n.step) for n in graph.nodes if n.role == "hidden_state"] == [
        (None, 1), (None, 2), (None, 3), (None, 4), (1, 1), (1, 2),
    ]  # fmt: skip
    assert told(graph) == [(0, (None, 3), False)]


def test_a_layer_in_segments_leaves_its_steps():
    net = nn.GRU(I, H, rng=0)
    _, s = nn.checkpointed(net, xs(6), segments=2)
    for state in (s, s.detach()):
        graph = tg.graph(net(xs(2), state)[0].sum())
        assert [n.step for n in graph.nodes if n.role == "hidden_state"] == [7, 8]
        assert graph.passages[-1].after == (1, 6)
