"""What is drawn: the op view one to one, the cell view folded onto boxes, states and one shape per weight."""

from dataclasses import replace

import numpy as np
import pytest

import tinygrad_rnn as tg
import viz
from tests.viz.samples import net
from tests.viz.topologies import TOPOLOGIES
from tinygrad_rnn.errors import OptionError
from viz.scene.elide import elide, kept_steps
from viz.views import picture

KINDS = ("RNN", "LSTM", "GRU")


def uses(graph):
    return sum(len(node.inputs) for node in graph.nodes)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("layers", [1, 2])
def test_op_view_is_one_to_one(kind, layers):
    graph = net(kind, 3, layers).graph()
    drawn = picture(graph, "op")
    assert (len(drawn.items), len(drawn.edges)) == (len(graph.nodes), uses(graph))


def test_both_uses_of_a_square_are_drawn():
    a = tg.tensor(3.0, requires_grad=True, name="a")
    drawn = picture(tg.graph(a * a))
    assert [(edge.source, edge.target) for edge in drawn.edges] == [("n_a", "n_multiply")] * 2


@pytest.mark.parametrize("kind", KINDS)
def test_cell_view_has_each_weight_once_with_an_edge_to_every_step(kind):
    drawn = picture(net(kind, 4).graph(), "cell")
    weights = [item for item in drawn.items if item.kind == "parameter"]
    assert len(weights) == 6
    for weight in weights:
        targets = [drawn.by_id[edge.target] for edge in drawn.edges if edge.source == weight.id]
        assert sorted(target.column for target in targets) == [1, 2, 3, 4]
        assert weight.label.endswith("×4")


@pytest.mark.parametrize(("kind", "states"), [("RNN", ["h"]), ("GRU", ["h"]), ("LSTM", ["h", "c"])])
def test_cell_view_goes_state_box_state(kind, states):
    drawn = picture(net(kind, 3).graph(), "cell")
    pairs = {(edge.source, edge.target) for edge in drawn.edges}
    for s in states:
        assert {(f"n_{s}_{t}", f"n_box_{t + 1}") for t in range(3)} <= pairs
        assert {(f"n_box_{t}", f"n_{s}_{t}") for t in range(1, 4)} <= pairs
    assert drawn.by_id[f"n_{states[-1]}_0"].label == f"{states[-1]}₀ = 0"
    assert next(item for item in drawn.items if item.kind == "total").label == "L = Σ Lₜ"


def test_a_carried_state_is_not_said_to_be_zero():
    with tg.step(0):
        h = tg.label(tg.tensor([[1.0]]), "initial_state", "h carried")
    w = tg.label(tg.tensor([[1.0]], requires_grad=True), "parameter", "weight_hh")
    with tg.scope("rnn"), tg.step(1, of=1):
        h = tg.label(tg.tanh(tg.inner(h, w)), "hidden_state", "h")
    assert picture(tg.graph(h)).by_id["n_h_carried_0"].label == "h₀ carried"


def test_what_a_name_says_after_its_letter_is_shown_and_changes_no_id_and_no_place():
    """A name such as x 'h' tells one step's value from the next; rolled up, it is true of none of them."""
    graph = net("RNN").graph()
    told = [replace(n, name=f"{n.name} {n.step}!") if n.role in ("input", "loss", "output") else n for n in graph.nodes]
    told = replace(graph, nodes=tuple(told))
    for view in ("cell", "op", "rolled"):
        plain, said = picture(graph, view), picture(told, view)
        assert [(item.id, item.key) for item in plain.items] == [(item.id, item.key) for item in said.items]
    assert picture(told, "cell").by_id["n_x_2"].label == "x₂ 2!"
    assert picture(told, "rolled").by_id["n_x_1"].label == "xₜ ×3"
    assert picture(net("RNN", 1).graph(), "rolled").by_id["n_x_1"].label == "x₁"  # of one step alone
    same = replace(graph, nodes=tuple(replace(n, name="x a") if n.role == "input" else n for n in graph.nodes))
    assert picture(same, "rolled").by_id["n_x_1"].label == "xₜ ×3"


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("rnn", ["h₀ = 0"]), ("first state of ones", ["h₀ carried"]), ("gru learnt start", ["h₀ = 0, learnt"]),
        ("first state that requires grad", ["h₀ = 0, learnt"]),
        ("rnn truncated", ["h₀ = 0", "h₂ carried", "h₄ carried"]),
        ("first state given as zeros", ["h₀ = 0", "c₀ carried"]), ("first state of ones by hand", ["h₀"]),
    ],
)  # fmt: skip
def test_a_first_state_says_whether_it_is_zero_learnt_or_carried(name, labels):
    drawn = picture(TOPOLOGIES[name]().graph(), "op")
    assert [item.label for item in drawn.items if item.kind == "initial"] == labels


@pytest.mark.parametrize("view", ["cell", "op"])
@pytest.mark.parametrize("kind", KINDS)
def test_ids_are_unique_and_name_state_and_step(kind, view):
    ids = [item.id for item in picture(net(kind, 3, 2).graph(), view).items]
    assert len(set(ids)) == len(ids)
    assert {"n_l0_h_2", "n_l1_h_2"} <= set(ids)
    assert ids == [item.id for item in picture(net(kind, 3, 2).graph(), view).items]


def test_the_cell_state_has_a_road_of_its_own_only_in_an_lstm():
    roads = {kind: sum(e.kind == "cell" for e in picture(net(kind).graph(), "op").edges) for kind in KINDS}
    assert roads == {"RNN": 0, "GRU": 0, "LSTM": 6}  # c → × → + is two edges, at each of three steps


def test_gradients_go_back_along_the_uses_and_stop_at_a_start_without_one():
    drawn = picture(net("LSTM").graph(gradients=True), gradients=True)
    back = {(e.source, e.target) for e in drawn.edges if e.kind == "backward"}
    ahead = {(e.target, e.source) for e in drawn.edges if e.kind != "backward"}
    assert back < ahead
    assert {("n_box_3", "n_h_2"), ("n_box_3", "n_c_2"), ("n_h_3", "n_c_3"), ("n_box_2", "n_W_hh")} < back
    assert not {target for _, target in back} & {"n_h_0", "n_c_0", "n_x_1", "n_target_1"}
    assert ("n_box_1", "n_W_hh") not in back  # at the first step it meets h₀ = 0
    assert drawn.by_id["n_h_0"].label == "h₀ = 0\n∇ –"


def test_a_long_sequence_is_folded_and_still_connected():
    whole = picture(net("LSTM", 30).graph(), "cell")
    shown = elide(whole, kept_steps(whole.steps, None))
    assert shown.steps == (1, 2, 3, 29, 30)
    assert {item.label for item in shown.items if item.kind == "elided"} == {"⋯ 25 steps ⋯"}
    pairs = {(edge.source, edge.target) for edge in shown.edges}
    assert {("n_h_3", "n_h_elided_4"), ("n_h_elided_4", "n_box_29"), ("n_c_elided_4", "n_box_29")} <= pairs
    assert {end for pair in pairs for end in pair} <= set(shown.by_id)


def test_asking_for_no_step_says_which_there_are():
    with pytest.raises(OptionError, match=r"steps=\(8, 9\) leaves nothing to draw\n  expected  steps from 1 to 3"):
        kept_steps((1, 2, 3), (8, 9))
    with pytest.raises(OptionError, match=r"expected  None: this graph has no time steps"):
        kept_steps((), (1, 2))


def test_an_unknown_view_lists_those_there_are():
    with pytest.raises(
        OptionError, match="view='gates' is not an option\n  expected  'rolled', 'cell', 'gate' or 'op'"
    ):
        picture(net("RNN").graph(), "gates")


@pytest.mark.parametrize("kind", KINDS)
def test_the_modules_record_what_the_samples_record(kind):
    rnn = getattr(tg.nn, kind)(3, 4, rng=0)
    out, _ = rnn(tg.tensor(np.ones((3, 2, 3), np.float32)))
    drawn = picture((out * out).sum().graph(), "cell")
    sample = picture(net(kind, 3, head=False).graph(), "cell")
    assert [lane.name for lane in drawn.lanes] == [lane.name for lane in sample.lanes] == [kind]
    assert {i.id: i.label for i in sample.items}.items() <= {i.id: i.label for i in drawn.items}.items()


def test_a_second_direction_is_no_second_layer():
    graph = tg.graph(tg.nn.RNN(2, 3, bidirectional=True, rng=0)(np.ones((3, 2)))[0].sum())
    assert viz.draw(graph).title == "RNN, both directions, 3 steps: the same 8 weights at every step"
    shown = picture(graph, "cell", gradients=False).items
    assert [item.column for item in shown if item.kind == "input"] == [1, 2, 3]
    assert sorted(item.column for item in shown if item.kind == "hidden") == [1, 1, 2, 2, 3, 3]


def test_an_encoder_and_a_decoder_are_told_apart():
    encoder = tg.nn.Encoder(tg.nn.GRU(3, 4, 2, rng=0), tg.nn.Embedding(7, 3, rng=1))
    decoder = tg.nn.Decoder(tg.nn.GRU(3, 4, 2, rng=2), tg.nn.Embedding(6, 3, rng=3), rng=4)
    model = tg.nn.Seq2Seq(encoder, decoder, start=0, stop=1)
    graph = tg.graph(model(np.array([[2], [3]]), np.array([[2], [3], [1]])).sum())
    assert viz.draw(graph).title == "GRU encoder, GRU decoder, 5 steps: in each the same weights at every step"
    shown = picture(graph, "cell", gradients=False)
    assert [lane.name for lane in shown.lanes] == [
        "GRU encoder l0",
        "GRU encoder l1",
        "GRU decoder l0",
        "GRU decoder l1",
    ]
    assert [(lane.slot, lane.block) for lane in shown.lanes] == [(0, 0), (2, 0), (0, 1), (2, 1)]
    names = [item.label.split()[0] for item in shown.items if item.kind == "parameter"]
    assert len(set(names)) == len(names)
    assert {"encoder.embedding.W", "decoder.embedding.W", "encoder.rnn.W_hh_l1"} <= set(names)


def test_a_box_counts_its_ops_and_nothing_else():
    rnn = tg.nn.RNN(3, 4, rng=0)
    shown = picture(rnn(np.ones((4, 2, 3), np.float32), lengths=[4, 2])[0].sum().graph())
    for box in (item for item in shown.items if item.kind == "box"):
        ops = sum(node.op is not None for node in box.nodes)
        assert f"· {ops} ops:" in box.tooltip
        assert "None" not in box.tooltip
    assert any(node.op is None for item in shown.items if item.kind == "box" for node in item.nodes)  # a mask
